/** A sound registry with every kind of entrypoint and party, and the places where holes are planted in it. */
import {
  actor,
  anyOf,
  bearer,
  event,
  hasClaim,
  oidc,
  party,
  queue,
  refine,
  service,
  setup,
  signature,
  Visitor,
} from "byward";
import type { ProofResult, Scheme } from "../../src/boundary/scheme.ts";
import type { Registry } from "../../src/registry/registry.ts";

/** Changes what a verifier said. `prove` asks the sound verifier again, about what is presented or something else. */
export type Misjudge = (
  result: ProofResult,
  presentation: Parameters<Awaited<ReturnType<Scheme["prepare"]>>["prove"]>[0],
  prove: (presentation: Parameters<Awaited<ReturnType<Scheme["prepare"]>>["prove"]>[0]) => Promise<ProofResult>,
) => Promise<ProofResult> | ProofResult;

export interface Plants {
  readonly bearer?: Misjudge;
  readonly oidc?: Misjudge;
  readonly signature?: Misjudge;
  /** In place of the signature scheme. */
  readonly scheme?: (sound: Scheme<"signature">) => Scheme<"signature">;
  /** In place of the actor's raw request handler. */
  readonly onRequest?: (request: Request) => Promise<Response> | Response;
  /** Routes alone, where a hole shows there too: fewer ways to try it on. */
  readonly routesOnly?: boolean;
  readonly limits?: { readonly maxFailedAuthentications?: number };
}

/** A verifier that judges wrongly, in all else the sound one. */
function misjudged<Kind extends "bearer" | "oidc" | "signature">(
  scheme: Scheme<Kind>,
  judge: Misjudge | undefined,
): Scheme<Kind> {
  if (judge === undefined) return scheme;
  return {
    ...scheme,
    prepare: async (name, environment) => {
      const verifier = await scheme.prepare(name, environment);
      const now = () => environment.now();
      return {
        prove: async (presentation) => {
          const prove = async (other: typeof presentation) => verifier.prove(other, now());
          return judge(await prove(presentation), presentation, prove);
        },
      };
    },
  };
}

export function soundRegistry(plants: Plants = {}): Registry {
  const User = party("User", {
    auth: misjudged(bearer({ secret: "SOUND_JWT_SECRET", audience: "sound", issuer: "us" }), plants.bearer),
  });
  const Admin = refine("Admin", User, hasClaim("admin"));
  const Employee = party("Employee", {
    auth: misjudged(oidc({ issuer: "https://issuer.sound.example", audience: "sound" }), plants.oidc),
  });
  const signed = signature({
    secret: "SOUND_HOOK_SECRET",
    header: "x-signature",
    timestamp: "x-timestamp",
    id: "x-delivery",
    tolerance: 300,
  });
  const Hook = party("Hook", { auth: misjudged(plants.scheme?.(signed) ?? signed, plants.signature) });

  const room = actor({
    by: anyOf(User, Visitor),
    state: { texts: [] as string[] },
    events: { news: event<string>() },
    queues: { jobs: queue<unknown>() },
    guards: {
      actions: { write: { by: User }, ban: { by: Admin } },
      queues: { jobs: { by: User } },
      request: { by: User },
      websocket: { by: User },
    },
    canInvoke: (_c, invoke) => {
      if (invoke.kind === "action") return ["read", "write", "ban"].includes(invoke.name);
      return invoke.kind !== "queue" || invoke.name === "jobs";
    },
    actions: {
      read: (c) => c.state.texts.length,
      write: (c, text: unknown) => {
        c.state.texts = [String(text).slice(0, 100)];
      },
      ban: () => "banned",
    },
    onRequest: (_c, request) => plants.onRequest?.(request) ?? raw(request),
    onWebSocket: (_c, socket) => {
      socket.addEventListener("message", ({ data }) => socket.send(data));
    },
  });
  const web = service({
    routes: {
      "GET /me": { by: User, handle: (c) => ({ you: c.caller.identity }) },
      "GET /staff": { by: Employee, handle: () => ({ staff: true }) },
      "POST /open": { by: anyOf(User, Visitor), handle: (c) => ({ party: c.caller.party }) },
      "POST /hook": { by: Hook, handle: () => ({ taken: true }) },
    },
  });
  const notebook = actor({
    by: User,
    canInvoke: (c, invoke) => invoke.kind === "request" && c.key[0] === c.caller.identity,
    onRequest: () => Response.json({ note: "mine" }),
  });
  const registry = setup({
    use: plants.routesOnly === true ? {} : { room, notebook },
    services: { web },
    ...(plants.limits === undefined ? {} : { limits: plants.limits }),
  });
  return registry as unknown as Registry;
}

const MOST = 100_000;

function raw(request: Request): Promise<Response> | Response {
  const { pathname } = new URL(request.url);
  if (request.method === "POST") return readPart(request);
  return pathname === "/byward-attack" ? Response.json({ ok: true }) : new Response("Not here", { status: 404 });
}

/** Reads as much as it takes, and no more. */
async function readPart(request: Request): Promise<Response> {
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MOST) return new Response("Too much", { status: 413 });
  }
  return Response.json({ size });
}
