/** Owns bodies on streams: a web stream out of frames, pulled with back-pressure, and a web stream into frames. */
import type { Stream } from "./mux.ts";

/** Collects what comes on a stream as a body. Give its members to the stream's handlers. */
export class IncomingBody {
  readonly #stream: Stream;
  readonly #chunks: Uint8Array[] = [];
  #isComplete = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  data(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#wake?.();
  }
  end(): void {
    this.#isComplete = true;
    this.#wake?.();
  }
  fail(reason: string): void {
    if (this.#isComplete) return;
    this.#error ??= new Error(`The body ended early: ${reason}`);
    this.#wake?.();
  }

  /** The next bytes; null at the end. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#stream.took(chunk.length);
        return chunk;
      }
      if (this.#error !== null) throw this.#error;
      if (this.#isComplete) return null;
      await new Promise<void>((done) => {
        this.#wake = done;
      });
      this.#wake = null;
    }
  }

  /** As a web stream. `cancelled` runs when its reader gives up. */
  web(cancelled: () => void): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const bytes = await this.next();
          if (bytes === null) controller.close();
          else controller.enqueue(bytes);
        },
        cancel: cancelled,
      },
      { highWaterMark: 0 },
    );
  }
}

/**
 * Sends a body and its end; that of an answer is the end of its stream. A body that breaks resets the stream: the peer must
 * not take what it has for the whole.
 */
export async function sendBody(
  stream: Stream,
  body: ReadableStream<Uint8Array>,
  of: "request" | "answer",
): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      if (stream.isOver) break;
      const { done, value } = await reader.read();
      if (done) {
        if (of === "answer") stream.finish();
        else stream.end();
        return;
      }
      await stream.write(value);
    }
    await reader.cancel();
  } catch (error) {
    stream.reset(`body: ${error instanceof Error ? error.name : "broken"}`);
  }
}
