/** Owns the reading of `text/event-stream` (WHATWG HTML, "Interpreting an event stream"), as far as our servers use it. */
import { MalformedResponseMessage } from "./errors.ts";

export interface ServerSentEvent {
  /** `message` where none is named. */
  readonly type: string;
  readonly data: string;
}

/** Characters of one line; an outgoing message is bounded well below it. */
const MAX_LINE = 16 * 1024 * 1024;

/** Events as they come. A stream cut inside an event drops that event. */
export async function* readServerSentEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, undefined> {
  let type = "message";
  let data: string[] = [];
  for await (const line of readLines(stream)) {
    if (line === "") {
      if (data.length > 0) yield { type, data: data.join("\n") };
      type = "message";
      data = [];
    } else if (line.startsWith("event:")) type = fieldValue(line, 6);
    else if (line.startsWith("data:")) data.push(fieldValue(line, 5));
  }
}

/** One space after the colon is not part of the value. */
const fieldValue = (line: string, at: number): string => line.slice(line[at] === " " ? at + 1 : at);

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE) throw new MalformedResponseMessage("A line of the stream is too long.");
      for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
  } finally {
    // Also when the reader of the events leaves: the request ends here.
    await reader.cancel().catch(() => {});
  }
}
