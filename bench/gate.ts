/**
 * What the gate costs: our client and server, gate on, a verified bearer caller, a real `canInvoke`, JSON, SQLite behind it,
 * against the barest thing that answers: a `ws` echo, our own sockets with an echo in place of dispatch, `node:http`.
 * Not measured: TLS, more than one client process, disks (the action changes no state; `durable` does).
 *
 * Run: npm run bench -- gate
 */
import { comparePair } from "./harness/compare.ts";
import { mintToken } from "./harness/credentials.ts";
import { type Result, writeResults } from "./harness/results.ts";
import { bywardHttp, bywardSocket, nodeHttp, wsEcho } from "./harness/sides.ts";

const token = await mintToken();
const results: Result[] = [];
for (const [window, target] of [
  [32, 1.5],
  [1, 0.85],
] as const) {
  results.push(
    await comparePair({
      id: `socket-${window}`,
      title: `WebSocket actions, ${window} in flight, against a bare ws echo`,
      unit: "calls/s",
      window,
      ours: bywardSocket(token),
      theirs: wsEcho,
      target,
      // One at a time, the system puts client and server on one processor or on two as it likes, which is a factor of three.
      ...(window === 1 ? { rounds: 31, ms: 500 } : {}),
    }),
  );
}
results.push(
  await comparePair({
    id: "socket-dispatch",
    title: "WebSocket actions, 32 in flight, against our server with an echo in place of dispatch",
    unit: "calls/s",
    window: 32,
    ours: bywardSocket(token),
    theirs: { ...bywardSocket(token), label: "Byward's sockets, echo", server: "servers/byward-echo.ts" },
    target: 0.9,
  }),
  await comparePair({
    id: "http",
    title: "HTTP action with a bearer token, 16 connections, against bare node:http",
    unit: "requests/s",
    window: 16,
    ours: bywardHttp(token),
    theirs: nodeHttp(token),
    target: 0.6,
  }),
);
writeResults("gate", results);
