/** Who opens a tunnel proves that he is a runner, each time anew. */
import { expect, test } from "vitest";
import { VirtualClock } from "../../memory/clock.ts";
import type { RivetSocket, RivetSocketEvent } from "../platform.ts";
import { acceptTunnel } from "./accept.ts";
import { makeProof, ProofBook, tunnelKey } from "./proof.ts";

const KEY = tunnelKey("secret");
const NOW = 1_800_000_000_000;

/** An actor's end: what became of tunnels that were opened with a first message. */
function actor() {
  const clock = new VirtualClock(NOW);
  const proofs = new ProofBook(KEY);
  const open = (first: string): string => {
    let hear: (event: RivetSocketEvent) => void = () => {};
    let became = "waiting";
    const socket: RivetSocket = {
      readyState: 1,
      binaryType: "",
      send: () => {},
      close: (code) => {
        became = `closed ${code}`;
      },
      addEventListener: (type, listener) => {
        if (type === "message") hear = listener;
      },
    };
    const isOpen = (): boolean => true;
    acceptTunnel(
      socket,
      { proofs, clock, names: ["room:a", "id-of-a"], isOpen, accept: () => {} },
      () => {
        became = "open";
      },
      () => {},
    );
    hear({ data: first });
    return became;
  };
  return { clock, open };
}

test("a runner's proof for the actor opens a tunnel; none, one for another, an old one and another key's do not", () => {
  const { open } = actor();
  expect(open(makeProof(KEY, "room:a", NOW))).toBe("open");
  expect(open(makeProof(KEY, "id-of-a", NOW - 59_000))).toBe("open");
  expect(open("")).toBe("closed 3003");
  expect(open("null")).toBe("closed 3003");
  expect(open(makeProof(KEY, "room:b", NOW))).toBe("closed 3003");
  expect(open(makeProof(KEY, "room:a", NOW - 61_000))).toBe("closed 3003");
  expect(open(makeProof(tunnelKey("other"), "room:a", NOW))).toBe("closed 3003");
});

test("a proof that was used opens nothing again, as long as its time would let it", async () => {
  const { clock, open } = actor();
  // Made by a runner whose clock is ahead: good for two minutes here.
  const proof = makeProof(KEY, "room:a", NOW + 60_000);
  expect(open(proof)).toBe("open");
  expect(open(proof)).toBe("closed 3003");
  await clock.advance(119_000);
  expect(open(makeProof(KEY, "room:a", clock.now()))).toBe("open");
  expect(open(proof)).toBe("closed 3003");
  await clock.advance(2000);
  expect(open(proof)).toBe("closed 3003");
});
