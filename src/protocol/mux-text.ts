/** Owns records as text, for JSON: a record is a line, `{channel} {control or frame}`. JSON as we write it has no line feeds. */
import { DecodeError } from "./errors.ts";
import { type Framing, isControl, MAX_CHANNEL, MAX_RECORDS, MUX_SUBPROTOCOL, type MuxRecord } from "./mux.ts";

export const textFraming: Framing<string> = Object.freeze({
  subprotocol: MUX_SUBPROTOCOL,
  control: (channel: number, text: string): string => `${channel} ${text}`,
  frame: (channel: number, frame: string): string => `${channel} ${frame}`,
  join: (records: readonly string[]): string => records.join("\n"),
  read: (data: unknown): MuxRecord<string>[] => {
    if (typeof data !== "string") throw new DecodeError("JSON travels in text frames");
    const lines = data.split("\n", MAX_RECORDS + 1);
    if (lines.length > MAX_RECORDS) throw new DecodeError(`the frame has more than ${MAX_RECORDS} records`);
    return lines.map(readLine);
  },
});

const readLine = (line: string): MuxRecord<string> => {
  const at = line.indexOf(" ");
  const channel = numberOf(line, at);
  const rest = line.slice(at + 1);
  return isControl(rest.charCodeAt(0)) ? { channel, control: rest } : { channel, control: null, frame: rest };
};

/** A number has one spelling, so that no channel has two names. */
const numberOf = (line: string, end: number): number => {
  const text = line.slice(0, Math.max(0, end));
  const channel = Number(text);
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text) || channel > MAX_CHANNEL) {
    throw new DecodeError("a record does not start with the number of its channel");
  }
  return channel;
};
