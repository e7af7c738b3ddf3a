/**
 * Owns the actor's end of a tunnel: who opened it must prove it is a front of the same cluster before a frame is read.
 */
import type { Clock } from "../../port.ts";
import type { RivetSocket } from "../platform.ts";
import { Mux, type Stream } from "./mux.ts";
import type { ProofBook } from "./proof.ts";

/** Close code of an actor that takes nobody: RivetKit lets an actor close with 1000 and 3000 to 4999. */
export const MOVING = 3503;

/** ms for the proof. */
const PATIENCE = 5000;

export interface AcceptOptions {
  readonly proofs: ProofBook;
  readonly clock: Clock;
  /** The names under which the actor may have been meant: its key, its id. */
  readonly names: readonly string[];
  /** False while the actor takes nobody. */
  readonly isOpen: () => boolean;
  readonly accept: (stream: Stream, head: unknown) => void;
  readonly changed?: () => void;
}

/** Serves a tunnel. `opened` gets it once its front has proved itself; `closed` when it is gone. */
export function acceptTunnel(
  socket: RivetSocket,
  options: AcceptOptions,
  opened: (mux: Mux) => void,
  closed: (mux: Mux) => void,
): void {
  const { clock, proofs, names } = options;
  let mux: Mux | null = null;
  const late = clock.after(PATIENCE, () => socket.close(3003, "proof"));
  const carrier = {
    send: (message: Uint8Array) => {
      if (socket.readyState === 1) socket.send(message);
    },
    close: (code: number, reason: string) => socket.close(code, reason),
  };
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => {
    if (mux !== null) {
      if (typeof data !== "string") mux.receive(bytesOf(data));
      return;
    }
    late.cancel();
    const isKnown = typeof data === "string" && proofs.take(names, clock.now(), data);
    if (!isKnown) socket.close(3003, "proof");
    else if (!options.isOpen()) socket.close(MOVING, "moving");
    else {
      mux = new Mux(carrier, options.accept, options.changed ?? null);
      opened(mux);
      socket.send("welcome");
    }
  });
  socket.addEventListener("close", ({ reason }) => {
    late.cancel();
    if (mux === null) return;
    mux.end(reason ?? "");
    closed(mux);
  });
}

function bytesOf(data: unknown): Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array);
}
