/** Owns a shared socket whose peer is the test: channels that look like `TestSocket`s. */
import { MUX_PATH } from "../../src/protocol/mux.ts";
import type { TestSocket, Virtual } from "./virtual.ts";

/** One channel, from the client's side. */
export class TestChannel {
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames of a test
  readonly messages: any[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly #say: (payload: string) => void;

  constructor(say: (payload: string) => void) {
    this.#say = say;
  }
  say(message: unknown): void {
    this.#say(typeof message === "string" ? message : JSON.stringify(message));
  }
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames of a test
  of(kind: string): any[] {
    return this.messages.filter((message) => message?.t === kind);
  }
}

export class TestMux {
  readonly socket: TestSocket;
  /** Records of each frame that came. */
  readonly frames: number[] = [];
  /** What was said of the socket itself. */
  readonly own = new TestChannel(() => {});
  readonly #channels = new Map<number, TestChannel>([[0, this.own]]);
  #last = 0;

  private constructor(socket: TestSocket) {
    this.socket = socket;
    socket.received = (data) => this.#receive(String(data));
  }

  static async open(world: Virtual, headers: Record<string, string> = {}): Promise<TestMux> {
    return new TestMux(await world.raw(MUX_PATH, headers, "byward.mux.v1"));
  }

  /** Opens a channel and says hello, in one frame. */
  channel(actorPath: string, hello: Record<string, unknown> | null = {}): TestChannel {
    const number = ++this.#last;
    const channel = new TestChannel((payload) => this.socket.say(`${number} ${payload}`));
    this.#channels.set(number, channel);
    const records = [`${number} ${actorPath}/connect`];
    if (hello !== null) records.push(`${number} ${JSON.stringify({ t: "hello", ...hello })}`);
    this.socket.say(records.join("\n"));
    return channel;
  }

  #receive(data: string): void {
    const lines = data.split("\n");
    this.frames.push(lines.length);
    for (const line of lines) {
      const at = line.indexOf(" ");
      const channel = this.#channels.get(Number(line.slice(0, at)));
      if (channel === undefined) throw new Error(`a record of no channel: ${line}`);
      if (channel.closed !== null) throw new Error(`a record after the close: ${line}`);
      const payload = line.slice(at + 1);
      if (payload.startsWith("!")) {
        channel.closed = { code: Number(payload.slice(1, 5)), reason: payload.slice(6) };
      } else {
        const frame = JSON.parse(payload);
        channel.messages.push(...(Array.isArray(frame) ? frame : [frame]));
      }
    }
  }
}
