/**
 * Owns the opening of raw sockets (`GET /actors/{name}/{key}/websocket/…`, `docs/wire.md` §7). Without our subprotocol the
 * credential is `Authorization` or nothing was presented; under `byward.v1` it is the first frame.
 */
import { Refusal } from "../boundary/errors.ts";
import { FrameError, readClientFrame } from "../protocol/client-frames.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { type HelloMessage, SUBPROTOCOL } from "../protocol/messages.ts";
import { type RawOptions, RawSession } from "./raw-session.ts";

const APPLICATION_PREFIX = `${SUBPROTOCOL}+`;

export function serveRawSocket(options: RawOptions): void {
  if (options.withHello) awaitHello(options);
  else void new RawSession(options).open(null);
}

/** Waits for the first frame, with a deadline and a bound on how many wait. */
function awaitHello(options: RawOptions): void {
  const { runtime, socket } = options;
  const session = new RawSession(options);
  const cancel = runtime.pendingSocket(() => {
    session.refuse(new Refusal("timeout", { reason: "hello.deadline", group: "request", message: "No hello in time" }));
  });
  if (cancel === null) {
    session.refuse(new Refusal("overloaded", { reason: "sockets.pending" }));
    return;
  }
  let seen = false;
  socket.attach({
    message: (data) => {
      if (seen) {
        session.received(data);
        return;
      }
      seen = true;
      cancel();
      const hello = readHello(data);
      if (hello instanceof Refusal) session.refuse(hello);
      else void session.open(hello);
    },
    close: (code, reason) => {
      cancel();
      session.closed(code, reason);
    },
  });
}

function readHello(data: string | Uint8Array): HelloMessage | Refusal {
  try {
    const [first, ...more] = readClientFrame(jsonCodec, data);
    if (first?.t === "hello" && more.length === 0) return first;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
  }
  return new Refusal("malformed", {
    reason: "hello.malformed",
    group: "message",
    code: "invalid_message",
    message: "The first frame must be one hello message",
  });
}

/** Which offer is taken: ours (with or without an application's name behind it) means a hello comes first. */
export function rawProtocol(offered: readonly string[]): { selected: string; application: string; withHello: boolean } {
  const ours = offered.find((name) => name === SUBPROTOCOL || name.startsWith(APPLICATION_PREFIX));
  if (ours === undefined) return { selected: offered[0] ?? "", application: offered[0] ?? "", withHello: false };
  const application = ours === SUBPROTOCOL ? "" : ours.slice(APPLICATION_PREFIX.length);
  return { selected: ours, application, withHello: true };
}
