/**
 * Many subscribers in one process and somebody who publishes: one call is one message published and received by all of
 * them. Subscribers count the mark in what comes and read no more of it, so that the server is what is measured.
 */
import type { Side } from "../harness/child.ts";
import { openByward, openMany, RawSocket } from "../harness/raw-socket.ts";

interface Options {
  readonly url: string;
  readonly subscribers: number;
  /** Ours where given; else every connection to a bare server is a subscriber. */
  readonly token?: string;
}

/** Two characters, which the head of a frame does not happen to be. */
const MARK = "#!";
const TEXT = `${MARK}${"news of the day ".repeat(6)}`;

export async function open({ url, subscribers, token }: Options): Promise<Side> {
  const openOne = (event?: string): Promise<RawSocket> =>
    token === undefined
      ? RawSocket.open(url, event === undefined ? "/publisher" : "/")
      : openByward(url, token, event === undefined ? {} : { event });
  const sockets = await openMany(subscribers, 200, () => openOne("news"));
  const publisher = await openOne();
  publisher.onBytes = () => {};
  let received = 0;
  let published = 0;
  const waiting: { readonly at: number; readonly done: () => void }[] = [];
  const count = (bytes: Buffer): void => {
    for (let at = bytes.indexOf(MARK, 0, "latin1"); at !== -1; at = bytes.indexOf(MARK, at + 2, "latin1"))
      received += 1;
    while (waiting.length > 0 && received >= waiting[0]!.at) waiting.shift()!.done();
  };
  for (const socket of sockets) socket.onBytes = count;
  let id = 10;
  return {
    begin: (done) => {
      published += 1;
      waiting.push({ at: published * subscribers, done });
      publisher.send(JSON.stringify({ t: "action", id: ++id, name: "publish", args: [TEXT] }));
    },
  };
}
