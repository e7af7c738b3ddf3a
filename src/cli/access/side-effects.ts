/**
 * Owns keeping what a probe runs to itself: while it runs, this process opens no socket, starts no process and changes no file.
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
] as const;

type Holder = Record<string, unknown>;

/** Stops side effects until the returned function is called. */
export function withoutSideEffects(): () => void {
  const undo: (() => void)[] = [];
  const stop = (holder: object, name: string, what: string, isPromise = false): void => {
    const own = holder as Holder;
    const original = own[name];
    if (original === undefined) return;
    own[name] = (first: unknown): unknown => {
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
  syncBuiltinESMExports();
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
}
