/**
 * Owns keeping what a probe runs to itself: while it runs, this process opens no socket, starts no process, changes no file and
 * does not end.
 * Code that tries is stopped there, and its cell stays open. A net for code that is trusted anyway: it was imported before.
 */
import childProcess from "node:child_process";
import dgram from "node:dgram";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { SideEffect } from "../../access/probe-attempt.ts";

const PROCESSES = ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"] as const;
const FILES = [
  "writeFile",
  "appendFile",
  "rm",
  "unlink",
  "rename",
  "mkdir",
  "truncate",
  "copyFile",
  "symlink",
  "link",
  "rmdir",
  "mkdtemp",
  "cp",
  "chmod",
  "chown",
  "utimes",
] as const;
/** Flags of `open` that only read. */
const READING: ReadonlySet<unknown> = new Set([undefined, null, "r", "rs", "sr", fs.constants.O_RDONLY]);

type Holder = Record<string, unknown>;

/** Stops side effects until the returned function is called. */
export function withoutSideEffects(): () => void {
  const undo: (() => void)[] = [];
  const stop = (
    holder: object,
    name: string,
    what: string,
    isPromise = false,
    isHarmless: (...args: readonly unknown[]) => boolean = () => false,
  ): void => {
    const own = holder as Holder;
    const original = own[name];
    if (original === undefined) return;
    own[name] = (...args: readonly unknown[]): unknown => {
      const [first] = args;
      if (isHarmless(...args)) return Reflect.apply(original as () => unknown, holder, args);
      const effect = new SideEffect(`${what}${typeof first === "string" ? ` ${first.slice(0, 80)}` : ""}`);
      if (isPromise) return Promise.reject(effect);
      throw effect;
    };
    undo.push(() => {
      own[name] = original;
    });
  };
  stop(globalThis, "fetch", "asks", true);
  stop(globalThis, "WebSocket", "opens a WebSocket to");
  stop(net.Socket.prototype, "connect", "opens a socket");
  stop(dgram.Socket.prototype, "send", "sends a datagram");
  for (const name of PROCESSES) stop(childProcess, name, "starts a process");
  for (const name of FILES) {
    stop(fs, name, "changes the file");
    stop(fs, `${name}Sync`, "changes the file");
    stop(fs.promises, name, "changes the file", true);
  }
  const isReading = (_path: unknown, flags: unknown): boolean => typeof flags === "function" || READING.has(flags);
  stop(fs, "open", "changes the file", false, isReading);
  stop(fs, "openSync", "changes the file", false, isReading);
  stop(fs.promises, "open", "changes the file", true, isReading);
  stop(process, "exit", "ends the process");
  syncBuiltinESMExports();
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
}
