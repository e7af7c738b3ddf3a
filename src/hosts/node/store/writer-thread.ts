/**
 * Owns the writer thread: takes the directory's lock, brings the file up to date, and turns what arrives into groups. A
 * group is everything that is waiting when the one before it is done, whichever thread of the host it came from; nothing is
 * delayed on purpose.
 *
 * T1 What a client handed over before its port closed is settled before anybody is told that it is gone.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { type DirectoryLock, lockDirectory, syncDirectory } from "../lock.ts";
import { createPrivate } from "../lock-file.ts";
import { Folding } from "./folding.ts";
import { Keeper } from "./keeper.ts";
import { type Failure, type Reply, type Request, unpackWrites, type WorkerOptions } from "./messages.ts";
import { FILE_NAME, migrate, openFile } from "./schema.ts";
import { type HandedWrite, WriteCaller, Writer } from "./writer.ts";

const CACHE_KIB = 65_536;
/** A group ends here even when more is waiting, so that the first in it does not wait for too many others. */
const GROUP_LIMIT = 4096;

export function serveWrites(port: MessagePort, options: WorkerOptions): void {
  const lock = lockDirectory(options.directory);
  try {
    new WriterThread(port, lock, openForWriting(options, lock), options).start();
  } catch (error) {
    // The file was not touched: how the previous owner stopped stays as it was.
    lock.release(!lock.unclean);
    throw error;
  }
}

/** A thread of the host that hands writes over. */
class Client extends WriteCaller {
  readonly port: MessagePort;
  settled = 0;

  constructor(port: MessagePort) {
    super();
    this.port = port;
  }
}

interface Handed extends HandedWrite {
  readonly caller: Client;
}

class WriterThread {
  readonly #port: MessagePort;
  readonly #main: Client;
  readonly #clients: Set<Client>;
  readonly #lock: DirectoryLock;
  readonly #db: DatabaseSync;
  readonly #writer: Writer;
  readonly #keeper: Keeper;
  readonly #folding: Folding;
  readonly #waiting: Handed[] = [];
  #sweeping = true;
  #closing = false;

  constructor(port: MessagePort, lock: DirectoryLock, db: DatabaseSync, options: WorkerOptions) {
    this.#port = port;
    this.#main = new Client(port);
    this.#clients = new Set([this.#main]);
    this.#lock = lock;
    this.#db = db;
    this.#writer = new Writer(db);
    this.#writer.faults.arm(options.faults);
    this.#keeper = new Keeper(options);
    this.#folding = new Folding(db, this.#keeper, options.checkpointPages);
  }

  start(): void {
    this.#port.on("message", (request: Request) => {
      this.#take(this.#main, request);
      this.#run();
    });
    this.#send({ kind: "ready", error: null, unclean: this.#lock.unclean });
    if (this.#lock.unclean) void this.#check();
    setImmediate(() => this.#sweep());
  }

  #take(caller: Client, request: Request): void {
    if (request.kind === "write") {
      for (const write of unpackWrites(request.flat)) this.#waiting.push({ write, caller });
    } else if (request.kind === "faults") this.#writer.faults.arm(request.faults);
    else if (request.kind === "client") this.#join(request.client, request.port);
    else if (request.kind === "close") this.#closing = true;
  }

  #join(id: number, port: MessagePort): void {
    const client = new Client(port);
    this.#clients.add(client);
    port.on("message", (request: Request) => {
      this.#take(client, request);
      this.#run();
    });
    port.on("close", () => {
      this.#clients.delete(client);
      this.#run();
      this.#send({ kind: "gone", client: id });
    });
  }

  #takeArrived(): void {
    for (const client of this.#clients) {
      while (this.#waiting.length < GROUP_LIMIT) {
        const received = receiveMessageOnPort(client.port);
        if (received === undefined) break;
        this.#take(client, received.message as Request);
      }
    }
  }

  #run(): void {
    this.#takeArrived();
    while (this.#waiting.length > 0) {
      this.#runGroup(this.#waiting.splice(0, GROUP_LIMIT));
      this.#takeArrived();
    }
    if (this.#closing) void this.#close();
  }

  #runGroup(group: readonly Handed[]): void {
    const failed = this.#writer.run(group);
    this.#tell(group, failed);
    if (failed.some(([, code]) => code === "full")) this.#folding.makeRoom();
    this.#folding.afterGroup();
    if (!this.#sweeping && (this.#writer.isPruning || group.some(({ write }) => write.mode === "destroy"))) {
      this.#sweeping = true;
      setImmediate(() => this.#sweep());
    }
  }

  /** Each client in its own count of writes. */
  #tell(group: readonly Handed[], failures: readonly Failure[]): void {
    const told = new Map<Client, Failure[]>();
    let next = 0;
    for (const [at, { caller }] of group.entries()) {
      caller.settled += 1;
      const failed = told.get(caller) ?? [];
      told.set(caller, failed);
      const failure = failures[next];
      if (failure?.[0] !== at) continue;
      failed.push([caller.settled, failure[1], failure[2]]);
      next += 1;
    }
    for (const [{ port, settled, failures: count }, failed] of told) {
      port.postMessage({ kind: "group", settled, failed, failures: count } satisfies Reply);
    }
  }

  /** One slice at a time, so that commits get in between. */
  #sweep(): void {
    this.#sweeping = !this.#closing && this.#writer.sweep();
    if (this.#sweeping) setImmediate(() => this.#sweep());
  }

  async #check(): Promise<void> {
    const report = await this.#keeper.ask("check").catch(() => ({ ran: false, problems: [] }));
    if (!this.#closing) this.#send({ kind: "checked", report });
  }

  async #close(): Promise<void> {
    await this.#keeper.close();
    this.#foldAll();
    this.#db.close();
    this.#lock.release(true);
    this.#send({ kind: "closed" });
    for (const { port } of this.#clients) port.close();
  }

  #foldAll(): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // A full disk: the log stays beside the file, and the next start reads it.
    }
  }

  #send(reply: Reply): void {
    this.#port.postMessage(reply);
  }
}

function openForWriting(options: WorkerOptions, lock: DirectoryLock): DatabaseSync {
  const path = join(options.directory, FILE_NAME);
  if (lock.initialised && (!existsSync(path) || statSync(path).size === 0)) {
    throw new ConfigurationError(
      "store.data-gone",
      `${path} is gone or empty, though this directory held data. Restore it from a backup; to start anew, remove the whole directory`,
    );
  }
  createPrivate(path);
  const db = openFile({ path, readOnly: false, cacheKib: CACHE_KIB });
  try {
    migrate(db, path);
    if (!lock.initialised) {
      syncDirectory(options.directory);
      lock.markInitialised();
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
