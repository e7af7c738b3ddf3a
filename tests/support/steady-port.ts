/**
 * Owns the ports of servers that go away and come back in a test. A port the system chose is one that it gives to any
 * other program, as a server's or as the near end of a connection, as soon as it is free; below the range it chooses
 * from, a port left for a moment is still free afterwards.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const RANGE = "/proc/sys/net/ipv4/ip_local_port_range";
/** Where systems that do not say so begin to choose (RFC 6335 §6). */
const DYNAMIC_PORTS = 49_152;
const LOWEST = 12_000;

const given = new Set<number>();

/** A free port of 127.0.0.1 that nobody is given by chance; 0 where the system chooses from all of them. */
export async function steadyPort(): Promise<number> {
  const choices = lowestChosen() - LOWEST;
  for (let attempt = 0; attempt < 100 && choices > 1000; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * choices);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  return 0;
}

function lowestChosen(): number {
  try {
    return Number.parseInt(readFileSync(RANGE, "utf8"), 10);
  } catch {
    return DYNAMIC_PORTS;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
