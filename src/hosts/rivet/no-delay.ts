/**
 * Owns the delay of this runner's connection to its engine. RivetKit 2.3.19 opens it with Nagle's algorithm on and has no
 * setting for it: an answer of two packets waits for the engine's delayed acknowledgement, 40 ms. The socket is this process's,
 * so the option is set on it here, on Linux; elsewhere, or where it is not found, nothing happens.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import { Socket } from "node:net";

/** Handles of sockets that are not ours to close: collected, they would close them. */
const kept: Socket[] = [];
const seen = new Set<string>();

/** Switches Nagle's algorithm off on this process's connections to a port; resolves to how many were found. */
export async function setNoDelay(port: number): Promise<number> {
  if (process.platform !== "linux") return 0;
  try {
    const inodes = await inodesTo(port);
    let found = 0;
    for (const fd of inodes.size === 0 ? [] : await readdir("/proc/self/fd")) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/self/fd/${fd}`).catch(() => ""))?.[1];
      if (inode === undefined || !inodes.has(inode) || seen.has(inode)) continue;
      seen.add(inode);
      if (setOn(Number(fd))) found += 1;
    }
    return found;
  } catch {
    return 0;
  }
}

/** Inodes of established connections of this network namespace to a port. */
async function inodesTo(port: number): Promise<ReadonlySet<string>> {
  const inodes = new Set<string>();
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/self/net/tcp", "/proc/self/net/tcp6"]) {
    for (const line of (await readFile(table, "utf8").catch(() => "")).split("\n").slice(1)) {
      const [, , remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === "01" && remote?.endsWith(suffix) === true && inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
}

/** False for sockets that Node has itself: it refuses a second handle on them. */
function setOn(fd: number): boolean {
  try {
    const socket = new Socket({ fd, readable: false, writable: false });
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.unref();
    kept.push(socket);
    return true;
  } catch {
    return false;
  }
}
