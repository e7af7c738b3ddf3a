import { MessageChannel } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { turns } from "../../../../tests/support/turns.ts";
import { Refusal, UserError } from "../../../boundary/errors.ts";
import type { InboundRequest, SocketHandlers } from "../../port.ts";
import type { CallHandler } from "./calls.ts";
import { HeldSocket } from "./held-socket.ts";
import { Peer } from "./peer.ts";
import type { PausableSocket } from "./sockets.ts";
import { answerRequest, forward, type RequestData } from "./wire-request.ts";

/** Both ends of a channel, in one thread. */
function pair(answer: CallHandler = async () => null): { readonly near: Peer; readonly far: Peer } {
  const { port1, port2 } = new MessageChannel();
  const near = new Peer(port1, { call: async () => null });
  const far = new Peer(port2, { call: answer });
  onTestFinished(() => near.close());
  return { near, far };
}

/** A real socket, as a transport gives it. */
class Wire implements PausableSocket {
  readonly protocol = "byward.v1";
  readonly sent: (string | Uint8Array)[] = [];
  readonly calls: string[] = [];
  bufferedAmount = 0;
  handlers: SocketHandlers | null = null;
  attach(handlers: SocketHandlers): void {
    this.handlers = handlers;
  }
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(code: number, reason: string): void {
    this.calls.push(`close ${code} ${reason}`);
  }
  terminate(): void {
    this.calls.push("terminate");
  }
  pause(): void {
    this.calls.push("pause");
  }
  resume(): void {
    this.calls.push("resume");
  }
}

function serve(near: Peer, far: Peer, wire: Wire) {
  const got: string[] = [];
  let socket!: ReturnType<Peer["sockets"]["accept"]>;
  near.sockets.offer(wire, (id) => {
    socket = far.sockets.accept(id, wire.protocol);
    socket.attach({
      message: (data) => void got.push(typeof data === "string" ? data : `bytes ${data.length}`),
      close: (code, reason) => void got.push(`closed ${code} ${reason}`),
    });
  });
  return { got, socket };
}

test("a call is answered by its value, or fails as it failed", async () => {
  const { near } = pair(async (method, data) => {
    if (method === "user") throw new UserError("no", { code: "closed", metadata: { until: 1n } });
    if (method === "refusal") throw new Refusal("overloaded", { reason: "x.y", retryAfter: 3 });
    if (method === "bug") throw new TypeError("broken");
    return [method, data];
  });
  expect(await near.calls.call("echo", { a: 1 })).toEqual(["echo", { a: 1 }]);
  await expect(near.calls.call("user", null)).rejects.toMatchObject({ code: "closed", metadata: { until: 1n } });
  await expect(near.calls.call("refusal", null)).rejects.toMatchObject({ outcome: "overloaded", retryAfter: 3 });
  await expect(near.calls.call("bug", null)).rejects.toMatchObject({ name: "TypeError", message: "broken" });
});

test("what is on its way when the other side goes fails, and so does what comes after", async () => {
  const { near, far } = pair(() => new Promise(() => {}));
  const waiting = near.calls.call("never", null);
  const stream = near.streams.accept(near.streams.offer(() => new ReadableStream()));
  const reading = stream.getReader().read();
  await turns(20);
  far.close();
  await expect(waiting).rejects.toMatchObject({ outcome: "fault", reason: "shard.gone" });
  await expect(reading).rejects.toThrow("ended");
  await expect(near.calls.call("more", null)).rejects.toMatchObject({ reason: "shard.gone" });
});

test("the signal of a call fires when its peer goes away", async () => {
  const aborted: unknown[] = [];
  const { near } = pair(async (_method, _data, context) => {
    await new Promise<void>((resolve) => {
      context.signal.addEventListener("abort", () => {
        aborted.push(context.signal.reason);
        resolve();
      });
    });
    return null;
  });
  const peer = new AbortController();
  const call = near.calls.call("watched", null, () => peer.signal);
  await turns(20);
  peer.abort();
  await call;
  expect(aborted).toHaveLength(1);
});

test("a stream is read as it is wanted, whole and in order", async () => {
  const { near, far } = pair();
  let made = 0;
  const source = (): ReadableStream<Uint8Array> =>
    new ReadableStream(
      {
        pull: (controller) => {
          controller.enqueue(Uint8Array.of(made++));
          if (made === 50) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  const reader = far.streams.accept(near.streams.offer(source)).getReader();
  await turns(20);
  expect(made).toBe(0);
  const seen = [(await reader.read()).value![0]];
  await turns(20);
  expect(made).toBeLessThanOrEqual(4);
  for (let step = await reader.read(); !step.done; step = await reader.read()) seen.push(step.value[0]);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, at) => at));
});

test("a stream that breaks breaks on the other side, and one that is not wanted is cancelled", async () => {
  const { near, far } = pair();
  const broken = near.streams.offer(() => new ReadableStream({ pull: () => Promise.reject(new Error("torn")) }));
  await expect(far.streams.accept(broken).getReader().read()).rejects.toThrow("torn");
  let cancelled = 0;
  let over = 0;
  const endless = near.streams.offer(
    () =>
      new ReadableStream({
        pull: (c) => c.enqueue(new Uint8Array(9)),
        cancel: () => {
          cancelled += 1;
        },
      }),
    () => {
      over += 1;
    },
  );
  const reader = far.streams.accept(endless).getReader();
  await reader.read();
  await reader.cancel();
  await turns(20);
  expect([cancelled, over]).toEqual([1, 1]);
});

test("a stream that is taken back, read or not, leaves nothing on either side and is not cancelled", async () => {
  const { near, far } = pair();
  let cancelled = 0;
  const source = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      pull: (c) => c.enqueue(new Uint8Array(9)),
      cancel: () => {
        cancelled += 1;
      },
    });
  const [read, unread] = [near.streams.offer(source), near.streams.offer(source)];
  const reader = far.streams.accept(read).getReader();
  await reader.read();
  const other = far.streams.accept(unread).getReader();
  await turns(20);
  near.streams.withdraw(read);
  near.streams.withdraw(unread);
  await expect(other.read()).rejects.toThrow("answered before it was read");
  expect([near.streams.open, far.streams.open, cancelled]).toEqual([0, 0, 0]);
});

test("a request whose body is read in part, or not, leaves nothing once it is answered", async () => {
  const body = (): ReadableStream<Uint8Array> => new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(9)) });
  const inbound: InboundRequest = {
    method: "POST",
    path: "/",
    query: "",
    origin: "http://127.0.0.1",
    remoteAddress: "127.0.0.1",
    header: (name) => (name === "transfer-encoding" ? "chunked" : null),
    headers: () => [["transfer-encoding", "chunked"]],
    bytes: () => Promise.reject(new Error("too many bytes")),
    stream: body,
    signal: new AbortController().signal,
  };
  let far!: Peer;
  const answers = [
    async (request: InboundRequest) => void (await request.stream()!.getReader().read()),
    async (request: InboundRequest) => void request.stream(),
    async (request: InboundRequest) => {
      await request.stream()!.getReader().read();
      throw new TypeError("broken");
    },
  ];
  const both = pair((_method, data, context) =>
    answerRequest(
      far,
      async (request) => {
        await answers.shift()!(request);
        return { status: 200, headers: [], body: answers.length === 0 ? body() : "answered" };
      },
      data as RequestData,
      context,
    ),
  );
  far = both.far;
  for (let at = 0; at < 3; at++) await forward(both.near, inbound).catch(() => {});
  await turns(20);
  expect([both.near.streams.open, far.streams.open]).toEqual([0, 0]);
});

test("frames cross in order, and a close closes once", async () => {
  const { near, far } = pair();
  const wire = new Wire();
  const { got, socket } = serve(near, far, wire);
  for (const frame of ["one", "two"]) wire.handlers!.message(frame);
  wire.handlers!.message(new Uint8Array(3));
  await turns(20);
  socket.send("three");
  socket.send(Uint8Array.of(4));
  socket.close(3000, "auth/expired");
  socket.close(1000, "again");
  wire.handlers!.message("late");
  await turns(20);
  expect(got).toEqual(["one", "two", "bytes 3"]);
  expect(wire.sent).toEqual(["three", Uint8Array.of(4)]);
  expect(wire.calls).toEqual(["close 3000 auth/expired"]);
  wire.handlers!.close(3000, "auth/expired");
  await turns(20);
  expect(got.at(-1)).toBe("closed 3000 auth/expired");
});

test("a frame for many sockets crosses once a message, and reaches each in its place", async () => {
  const { near, far } = pair();
  const wires = Array.from({ length: 3 }, () => new Wire());
  const sockets = wires.map((wire) => serve(near, far, wire).socket);
  const event = { data: "event" };
  for (const [at, socket] of sockets.entries()) {
    socket.send(`before ${at}`);
    socket.sendShared!(event);
  }
  await turns(20);
  sockets[1]!.sendShared!(event);
  await turns(20);
  expect(wires.map(({ sent }) => sent)).toEqual([
    ["before 0", "event"],
    ["before 1", "event", "event"],
    ["before 2", "event"],
  ]);
});

test("what a slow peer has not taken is counted where the actor is", async () => {
  const { near, far } = pair();
  const wire = new Wire();
  const { socket } = serve(near, far, wire);
  wire.bufferedAmount = 150_000;
  for (let at = 0; at < 20; at++) socket.send("x".repeat(10_000));
  expect(socket.bufferedAmount).toBe(200_000);
  await expect.poll(() => socket.bufferedAmount).toBe(150_000);
  wire.bufferedAmount = 0;
  await expect.poll(() => socket.bufferedAmount).toBe(0);
});

test("sockets are not read while the thread that serves them is behind, and are again", async () => {
  const { near, far } = pair();
  const wire = new Wire();
  const { got } = serve(near, far, wire);
  for (let at = 0; at < 6; at++) wire.handlers!.message("x".repeat(1024 * 1024));
  expect(wire.calls).toContain("pause");
  await expect.poll(() => got).toHaveLength(6);
  await expect.poll(() => wire.calls.at(-1)).toBe("resume");
});

test("the sockets of a thread that is gone close with 1012", async () => {
  const { near, far } = pair();
  const wire = new Wire();
  serve(near, far, wire);
  far.close();
  await turns(20);
  expect(wire.calls).toEqual(["close 1012 byward/restarting"]);
});

test("a socket whose handler is looked for holds what comes, within a bound", () => {
  const wire = new Wire();
  const held = new HeldSocket(wire);
  wire.handlers!.message("first");
  const got: unknown[] = [];
  held.attach({ message: (data) => void got.push(data), close: (code) => void got.push(code) });
  wire.handlers!.message("second");
  wire.handlers!.close(1001, "");
  expect(got).toEqual(["first", "second", 1001]);
  const flooded = new Wire();
  new HeldSocket(flooded);
  for (let at = 0; at < 300; at++) flooded.handlers!.message("x");
  expect(flooded.calls).toContain("close 1013 byward/overloaded");
});

test("a stream that somebody else reads already breaks for its receiver, and the channel goes on", async () => {
  const { near, far } = pair(async () => "answered");
  const taken = new ReadableStream<Uint8Array>();
  taken.getReader();
  const received = far.streams.accept(near.streams.offer(() => taken));
  await expect(received.getReader().read()).rejects.toThrow(/locked/);
  const dropped = far.streams.accept(near.streams.offer(() => taken));
  await dropped.cancel();
  expect(await near.calls.call("ask", null)).toBe("answered");
});
