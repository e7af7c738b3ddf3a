/** Owns a real server for tests of the client: an actor with one of everything, on Node, with a directory of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, anyOf, bearer, event, party, queue, setup, UserError, Visitor } from "byward";
import { type Client, type ClientOptions, createClient } from "byward/client";
import { SignJWT } from "jose";
import { onTestFinished } from "vitest";
import { steadyPort } from "../support/steady-port.ts";

const SECRET = "an example secret of at least 32 bytes";
const User = party("User", { auth: bearer({ secret: "CLIENT_TEST_SECRET" }) });

const room = actor({
  by: anyOf(User, Visitor),
  createState: (_c, input: { size: number } | undefined) => ({ size: input?.size ?? 0, log: [] as unknown[] }),
  events: { said: event<[who: string, text: unknown]>(), secret: event<string>() },
  queues: { jobs: queue<{ n: number }, { n: number }>() },
  guards: { events: { secret: { by: User } } },
  canInvoke: (_c, invoke) => invoke.kind !== "action" || invoke.name !== "hidden",
  run: async (c) => {
    for await (const message of c.queue.iter({ completable: true })) await message.complete({ n: message.body.n * 2 });
  },
  actions: {
    echo: (_c, value: unknown) => value,
    size: (c) => c.state.size,
    say: (c, text: unknown) => {
      c.state.log.push(text);
      c.broadcast("said", c.caller.party, text);
      return c.state.log.length;
    },
    refuse: () => {
      throw new UserError("No.", { code: "no", metadata: { at: new Date(5) } });
    },
    hidden: () => "hidden",
    params: (c) => c.conn.params,
  },
  onRequest: async (_c, request) =>
    new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`),
  onWebSocket: (_c, socket) => {
    socket.send("welcome");
    socket.addEventListener("message", ({ data }) => socket.send(data));
  },
});

const registryOf = (origins: readonly string[] = []) => setup({ use: { room }, cors: { origins } });
type Rooms = Client<ReturnType<typeof registryOf>>;

/** A server with a data directory of its own; `restart` comes back on the same port. */
export const serve = async (origins: readonly string[] = []) => {
  process.env["CLIENT_TEST_SECRET"] = SECRET;
  const dataDir = await mkdtemp(join(tmpdir(), "byward-client-"));
  const port = await steadyPort();
  let served = await registryOf(origins).serve({ port, dataDir });
  const { url } = served;
  const restart = async (): Promise<void> => {
    await served.close();
    served = await registryOf(origins).serve({ port: served.port, dataDir });
  };
  onTestFinished(async () => {
    await served.close();
    await rm(dataDir, { recursive: true });
  });
  const client = (options: ClientOptions = {}): Rooms => {
    const made = createClient<ReturnType<typeof registryOf>>(url, options);
    onTestFinished(() => made.dispose());
    return made;
  };
  return { client, restart, url };
};

/** A token for alice. */
export const token = (seconds = 600): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("alice")
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(new TextEncoder().encode(SECRET));
