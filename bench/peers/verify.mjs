/** What every peer does with a token: the same check, HS256 over the shared secret, by `jose`. */
import { createServer } from "node:net";
import { jwtVerify } from "jose";

const SECRET = new TextEncoder().encode("a-bench-secret-of-at-least-32-bytes!");

/** The subject of a good token; rejects otherwise. */
export async function subjectOf(token) {
  const { payload } = await jwtVerify(token, SECRET, { algorithms: ["HS256"] });
  return payload.sub;
}

/** The decision every peer takes for each call, as our `canInvoke` does. */
export const mayEcho = (name, subject) => name === "echo" && typeof subject === "string";

export const listening = (server) => `http://127.0.0.1:${server.address().port}`;

/** A port nobody listens on, for servers that cannot be asked which one they took. */
export const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
