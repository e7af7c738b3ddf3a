/** Thousands of connections in one process: opened and left alone, or each sending a call at a steady pace. */
import type { Side } from "../harness/child.ts";
import { openByward, openMany, RawSocket } from "../harness/raw-socket.ts";

interface Options {
  readonly url: string;
  readonly token?: string;
}

interface Opening {
  readonly count: number;
  readonly event?: string;
}

interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
}

export async function open({ url, token }: Options): Promise<Side> {
  let sockets: RawSocket[] = [];
  let lost = 0;
  return {
    commands: {
      open: async (argument) => {
        const { count, event } = argument as Opening;
        const more = await openMany(count, 100, () =>
          token === undefined ? RawSocket.open(url, "/") : openByward(url, token, event === undefined ? {} : { event }),
        );
        for (const socket of more) {
          socket.onBytes = () => {};
          socket.onClose = () => {
            lost += 1;
          };
        }
        sockets = [...sockets, ...more];
      },
      subscribe: async (event) => {
        for (const socket of sockets) await socket.ask(JSON.stringify({ t: "subscribe", id: 1, name: event }));
      },
      lost: () => lost,
      pace: (argument) => keepPace(sockets, argument as Pace),
    },
  };
}

/** Every socket sends `perSecond` calls, spread evenly; what each call took, ms, second by second. */
async function keepPace(sockets: readonly RawSocket[], { perSecond, seconds }: Pace): Promise<{ taken: number[] }> {
  const taken: number[] = [];
  const text = JSON.stringify({ t: "action", id: 1, name: "echo", args: ["hello world"] });
  const sent = new Map<RawSocket, number[]>();
  for (const socket of sockets) {
    const waiting: number[] = [];
    sent.set(socket, waiting);
    socket.onBytes = (bytes) => {
      // One result, or a list of them: each has one `"t":`.
      for (let at = bytes.indexOf('"t":'); at !== -1; at = bytes.indexOf('"t":', at + 4)) {
        taken.push(performance.now() - waiting.shift()!);
      }
    };
  }
  const started = performance.now();
  const total = sockets.length * perSecond * seconds;
  const interval = 1000 / (sockets.length * perSecond);
  for (let next = 0; next < total; ) {
    const due = Math.min(total, Math.floor((performance.now() - started) / interval));
    for (; next < due; next++) {
      const socket = sockets[next % sockets.length]!;
      // From when it was due: a load that falls behind must not hide what its callers would have waited.
      sent.get(socket)!.push(started + next * interval);
      socket.send(text);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const end = performance.now() + 5000;
  while (taken.length < total && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  return { taken };
}
