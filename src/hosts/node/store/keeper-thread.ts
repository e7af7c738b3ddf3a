/** Owns the keeper thread: folds the log and checks the file, on a connection of its own. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import type { CheckReport, KeeperReply, KeeperRequest, WorkerOptions } from "./messages.ts";
import { FILE_NAME, openFile } from "./schema.ts";

const CACHE_KIB = 2048;
/** A check reads the whole file; beyond this size it would keep the disk busy for long and the log from starting over. */
const CHECK_LIMIT_BYTES = 1024 ** 3;
const MAX_PROBLEMS = 20;

export function serveKeeping(port: MessagePort, options: WorkerOptions): void {
  const path = join(options.directory, FILE_NAME);
  const db = openFile({ path, readOnly: false, cacheKib: CACHE_KIB });
  port.on("message", (request: KeeperRequest) => {
    const reply: KeeperReply = request === "fold" ? fold(db) : quickCheck(db, path);
    port.postMessage(reply);
  });
}

function fold(db: DatabaseSync): KeeperReply {
  db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  return { ran: true, problems: [] };
}

/** The structure of the file. Rows prove themselves by their checksums when they are read. */
function quickCheck(db: DatabaseSync, path: string): CheckReport {
  if (statSync(path).size > CHECK_LIMIT_BYTES) return { ran: false, problems: [] };
  try {
    const lines = db.prepare(`PRAGMA quick_check(${MAX_PROBLEMS})`).all();
    const texts = lines.map((line) => String(Object.values(line)[0]));
    return { ran: true, problems: texts.filter((text) => text !== "ok") };
  } catch (error) {
    return { ran: true, problems: [error instanceof Error ? error.message : String(error)] };
  }
}
