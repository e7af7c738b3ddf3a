/** Owns the reader thread: answers reads in the order they came, all of one message in one reply. */
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { toStoreError } from "./failure.ts";
import type { ReadCall, ReadResult, Reply, Request, WorkerOptions } from "./messages.ts";
import { Reader } from "./reader.ts";
import { FILE_NAME, openFile } from "./schema.ts";
import { Statements } from "./statements.ts";

const CACHE_KIB = 16_384;

export function serveReads(port: MessagePort, options: WorkerOptions): void {
  const db = openFile({ path: join(options.directory, FILE_NAME), readOnly: true, cacheKib: CACHE_KIB });
  const reader = new Reader(new Statements(db));
  const clients = new Set<MessagePort>();
  const serve = (from: MessagePort, request: Request): void => {
    if (request.kind !== "read") return;
    from.postMessage({ kind: "read", results: request.calls.map((call) => answer(reader, call)) } satisfies Reply);
  };
  port.on("message", (request: Request) => {
    serve(port, request);
    if (request.kind === "client") {
      const client = request.port;
      clients.add(client);
      client.on("message", (asked: Request) => serve(client, asked));
      client.on("close", () => clients.delete(client));
    } else if (request.kind === "close") {
      for (const client of clients) client.close();
      db.close();
      port.postMessage({ kind: "closed" } satisfies Reply);
      port.close();
    }
  });
}

function answer(reader: Reader, [id, method, args]: ReadCall): ReadResult {
  try {
    // The cast holds because calls come from `SqliteStore` alone, which names methods of `Reader`.
    const read = reader[method as keyof Reader] as (...args: readonly unknown[]) => unknown;
    return { id, value: read.apply(reader, [...args]) };
  } catch (error) {
    const { code, message } = toStoreError(error, actorOfCall(args));
    return { id, code, message };
  }
}

/** For messages: reads of one actor name it first. */
function actorOfCall(args: readonly unknown[]): string | null {
  const first = args[0];
  if (typeof first !== "object" || first === null) return null;
  const { name, key } = first as { name?: unknown; key?: unknown };
  return typeof name === "string" && typeof key === "string" ? `${name}/${key}` : null;
}
