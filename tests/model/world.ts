/**
 * Owns the real side: a definition of the model as a registry on the memory host under a virtual clock, driven by requests
 * and wire frames. It reports what a peer sees and which handlers ran, and judges nothing. The library comes as a
 * parameter, so that a changed one can be put in its place.
 */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type * as Byward from "byward";
import {
  ACTIONS,
  type Answer,
  type Bearer,
  BYS,
  type ByName,
  type ConnectionView,
  DEADLINE,
  type Definition,
  type HttpCall,
  type InternalCall,
  MEANWHILE,
  type Meanwhile,
  type Open,
  type PartyName,
  type Presented,
  type Say,
  type Seen,
  SLOW,
  SLOW_HANDLER,
  STEP,
  type Step,
  type Token,
  type View,
} from "./definition.ts";
import { bodyOf } from "./model.ts";

/** What of the library the world is made of. */
export interface Library {
  readonly byward: typeof Byward;
  readonly VirtualClock: new () => VirtualClock;
  readonly MemoryStore: new () => object;
  readonly digests: object;
}
interface VirtualClock {
  now(): number;
  after(delay: number, task: () => void): { cancel(): void };
  advance(ms: number): Promise<void>;
  drain(): Promise<void>;
}

const SECRETS = {
  USER_SECRET: "the-secret-of-users-has-over-32-bytes",
  PARTNER_SECRET: "the-secret-of-partners-has-over-32-bytes",
  HOOK_SECRET: "the-secret-of-hooks-has-over-32-bytes",
};
const OTHER = "a-secret-that-nobody-knows-has-32-bytes";
const ISSUER = "https://id.test";
const PAIR = generateKeyPairSync("ed25519");
const JWKS = { keys: [{ ...PAIR.publicKey.export({ format: "jwk" }), kid: "k1", alg: "EdDSA", use: "sig" }] };

// ── work outside the clock that it must wait for ──

const working = new Set<Promise<unknown>>();
for (const name of ["verify", "importKey", "digest"] as const) {
  const original = (crypto.subtle[name] as (...args: unknown[]) => Promise<unknown>).bind(crypto.subtle);
  Object.defineProperty(crypto.subtle, name, {
    value: (...args: unknown[]) => {
      const work = original(...args);
      const done = (): void => void working.delete(work);
      working.add(work);
      work.then(done, done);
      return work;
    },
  });
}

function patientClock(Base: Library["VirtualClock"], turns: number): VirtualClock {
  return new (class extends Base {
    override async drain(): Promise<void> {
      await super.drain();
      for (let turn = 0; turn < turns; turn++) {
        await nextTurn();
        while (working.size > 0) await Promise.allSettled([...working]);
        await super.drain();
      }
    }
  })();
}

// ── credentials ──

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function mint({ signer, sub, iat, exp, nbf, jti, claims }: Token): string {
  const times = Object.fromEntries(Object.entries({ iat, exp, nbf, jti }).filter(([, value]) => value !== null));
  const audience = signer === "sso" ? { iss: ISSUER, aud: "thing" } : signer === "partner" ? { aud: "partner" } : {};
  const header = signer === "sso" ? { alg: "EdDSA", kid: "k1" } : { alg: "HS256", typ: "JWT" };
  const text = `${part(header)}.${part({ ...claims, sub, ...times, ...audience })}`;
  const keys = { user: SECRETS.USER_SECRET, partner: SECRETS.PARTNER_SECRET, nobody: OTHER, sso: "" };
  const signature =
    signer === "sso"
      ? sign(null, Buffer.from(text), PAIR.privateKey)
      : createHmac("sha256", keys[signer]).update(text).digest();
  return `${text}.${signature.toString("base64url")}`;
}

function authorization(bearer: Bearer): string {
  switch (bearer.form) {
    case "token":
      return `Bearer ${mint(bearer.token)}`;
    case "twice":
      return `Bearer ${mint(bearer.token!)}, Bearer ${mint(bearer.token!)}`;
    case "empty":
      return "Bearer";
    case "garbage":
      return "Bearer x.y";
    case "basic":
      return "Basic YWRhOnB3";
  }
}

function headersOf({ bearer, signed }: Presented, bytes: string): Map<string, string> {
  const headers = new Map<string, string>();
  if (bearer !== null) headers.set("authorization", authorization(bearer));
  if (signed !== null) {
    const key = signed.key === "hook" ? SECRETS.HOOK_SECRET : OTHER;
    const over = signed.tampered ? `${bytes} ` : bytes;
    headers.set(
      "x-signature",
      createHmac("sha256", key)
        .update(`${signed.time ?? 0}.${over}`)
        .digest("hex"),
    );
    if (signed.time !== null) headers.set("x-timestamp", `${signed.time}`);
  }
  return headers;
}

// ── one registry ──

interface Peer {
  readonly kind: "rpc" | "raw" | "sse";
  readonly socket: PeerSocket | null;
  readonly delivered: Record<string, number>;
  readonly ended: string[];
  closed: string | null;
  echoes: number;
  hangUp(): void;
}

/** A socket whose other end is the world. */
class PeerSocket {
  readonly protocol: string;
  readonly bufferedAmount = 0;
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames
  readonly messages: any[] = [];
  closed: string | null = null;
  onClose: (() => void) | null = null;
  #handlers: { message(data: string): void; close(code: number, reason: string): void } | null = null;

  constructor(protocol: string) {
    this.protocol = protocol;
  }
  send(data: string | Uint8Array): void {
    if (this.closed !== null) throw new Error("a frame after the close");
    if (data === "hi" || data === "pong") this.messages.push({ t: data });
    else this.messages.push(...[JSON.parse(data as string)].flat());
  }
  close(code: number, reason: string): void {
    this.closed ??= `${code} ${reason}`;
    this.#handlers?.close(code, reason);
  }
  terminate(): void {
    this.close(1006, "");
  }
  attach(handlers: { message(data: string): void; close(code: number, reason: string): void }): void {
    this.#handlers = handlers;
  }
  say(message: object | string): void {
    this.#handlers?.message(typeof message === "string" ? message : JSON.stringify(message));
  }
  hangUp(): void {
    this.#handlers?.close(1006, "");
  }
}

// biome-ignore lint/suspicious/noExplicitAny: definitions are made from data, their types are not known here
type Loose = any;

const SILENT: Loose = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };
const UTF8 = new TextEncoder();

export class World {
  readonly clock: VirtualClock;
  readonly #library: Library;
  readonly #definition: Definition;
  readonly #store: object;
  #registry: Loose = null;
  #edge: Loose = null;
  #policy = true;
  #ran: string[] = [];
  #connects = 0;
  #creates = 0;
  #messageId = 0;
  #peers: Peer[] = [];

  private constructor(library: Library, definition: Definition) {
    this.#library = library;
    this.#definition = definition;
    const usesKeys = [definition.by ?? "fallback", ...Object.values(definition.guards)].some((by) =>
      BYS[by].some((name: PartyName) => name === "Sso" || name === "Editor"),
    );
    // Keys of a provider come over `fetch` and are checked by the platform, which takes turns of the event loop.
    this.clock = patientClock(library.VirtualClock, usesKeys ? 4 : 0);
    this.#store = unclosable(new library.MemoryStore());
  }

  static async open(library: Library, definition: Definition): Promise<World> {
    const world = new World(library, definition);
    await world.#begin();
    return world;
  }

  async #begin(): Promise<void> {
    const { byward, digests } = this.#library;
    this.#registry = byward.setup({
      skew: this.#definition.skew,
      use: { thing: this.#thing(), proxy: this.#proxy() },
      limits: {
        ...(this.#definition.failures === Number.POSITIVE_INFINITY
          ? { maxFailedAuthentications: Number.POSITIVE_INFINITY }
          : { maxFailedAuthentications: this.#definition.failures }),
        ...(this.#definition.rate === null ? {} : { rate: [{ ...this.#definition.rate, target: "thing" }] }),
      },
    } as Loose);
    const host = byward.memory({
      clock: this.clock,
      store: this.#store,
      log: SILENT,
      env: SECRETS,
      fetch: async (input: string) =>
        Response.json(input.endsWith("/keys") ? JWKS : { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` }),
      ...digests,
    } as Loose);
    this.#edge = await this.#registry.start(host);
  }

  // ── the definition ──

  #parties(): Record<PartyName, Loose> {
    const { byward } = this.#library;
    const subjects = {
      "~standard": {
        version: 1,
        vendor: "model",
        validate: async (value: unknown) => (value === "nobody" ? { issues: [{ message: "nobody" }] } : { value }),
      },
    };
    const User = byward.party("User", {
      auth: byward.bearer({ secret: "USER_SECRET" }),
      identity: subjects as Loose,
    });
    const Sso = byward.party("Sso", { auth: byward.oidc({ issuer: ISSUER, audience: "thing" }) });
    return {
      User,
      Sso,
      Admin: byward.refine("Admin", User as Loose, byward.hasClaim("admin")),
      Editor: byward.refine("Editor", Sso, byward.claimEquals("role", "editor")),
      Partner: byward.party("Partner", { auth: byward.bearer({ secret: "PARTNER_SECRET", audience: "partner" }) }),
      Hook: byward.party("Hook", {
        auth: byward.signature({
          secret: "HOOK_SECRET",
          header: "X-Signature",
          timestamp: "X-Timestamp",
          tolerance: 300,
          id: "X-Delivery",
        }),
      }),
      Visitor: byward.Visitor,
      Caller: byward.Caller,
      Scheduler: byward.Scheduler,
    };
  }

  #thing(): Loose {
    const { byward } = this.#library;
    const definition = this.#definition;
    const parties = this.#parties();
    const sums = new Map<ByName, Loose>();
    const by = (name: ByName): Loose => {
      const members = BYS[name].map((member: PartyName) => parties[member]);
      if (!sums.has(name)) sums.set(name, members.length === 1 ? members[0] : (byward.anyOf as Loose)(...members));
      return sums.get(name);
    };
    const guardsOf = (kind: string) =>
      Object.fromEntries(
        Object.entries(definition.guards).flatMap(([entry, name]) => {
          const [of, ...rest] = entry.split(" ");
          return of === kind && rest.length > 0 ? [[rest[0], { by: by(name) }]] : [];
        }),
      );
    const actionGuards: Loose = guardsOf("action");
    const one = (kind: string) => (definition.guards[kind] === undefined ? {} : { by: by(definition.guards[kind]) });
    const declare = (names: readonly string[] | null, token: () => Loose) =>
      names === null ? undefined : Object.fromEntries(names.map((name) => [name, token()]));
    const events = declare(definition.events, byward.event);
    const queues = declare(definition.queues, byward.queue);
    const { canInvoke, canCreate, beforeConnect, onCreate } = definition;
    return byward.actor({
      ...(definition.by === null ? {} : { by: by(definition.by) }),
      state: { n: 0, asked: 0, open: false },
      options: { canInvokeTimeout: DEADLINE },
      ...(events === undefined ? {} : { events }),
      ...(queues === undefined ? {} : { queues }),
      guards: {
        actions: { ...actionGuards, typed: { ...actionGuards.typed, input: this.#slowSchema() } },
        ...(events === undefined ? {} : { events: guardsOf("subscribe") }),
        ...(queues === undefined ? {} : { queues: guardsOf("queue") }),
        request: one("request"),
        websocket: one("websocket"),
      },
      ...(canInvoke === null
        ? {}
        : {
            canInvoke: (c: Loose, invoke: Loose) => {
              if (definition.counts) c.state.asked += 1;
              const name = invoke.name ?? "";
              const fits = canInvoke.rules.find(
                (rule) =>
                  (rule.kind === null || rule.kind === invoke.kind) && (rule.name === null || rule.name === name),
              );
              const answer = fits?.answer ?? canInvoke.otherwise;
              return this.#answer(answer, c.caller, () => c.state.open);
            },
          }),
      ...(canCreate === null ? {} : { canCreate: ({ caller }: Loose) => this.#answer(canCreate, caller, () => false) }),
      ...(beforeConnect === "none" ? {} : { onBeforeConnect: () => this.#before() }),
      onCreate: () => {
        this.#creates += 1;
        return onCreate === "slow" ? this.#wait(SLOW) : undefined;
      },
      onConnect: () => {
        this.#connects += 1;
      },
      ...(definition.onRequest
        ? {
            onRequest: (c: Loose) => {
              this.#note("request", "", c.caller);
              return new Response("here");
            },
          }
        : {}),
      ...(definition.onWebSocket
        ? {
            onWebSocket: (c: Loose, socket: Loose) => {
              this.#note("websocket", "", c.caller);
              socket.addEventListener("message", () => socket.send("pong"));
              socket.send("hi");
            },
          }
        : {}),
      actions: Object.fromEntries(ACTIONS.map((name) => [name, (c: Loose) => this.#act(name, c)])),
    } as Loose);
  }

  #act(name: (typeof ACTIONS)[number], c: Loose): unknown {
    this.#note("action", name, c.caller);
    const act = (): object => {
      c.state.n += 1;
      c.broadcast("news", c.state.n);
      for (const conn of c.conns.values()) conn.send("direct", c.state.n);
      return output();
    };
    const output = (): object => ({ n: c.state.n, asked: c.state.asked, open: c.state.open });
    switch (name) {
      case "act":
        return act();
      case "slow":
        return this.#wait(SLOW_HANDLER).then(act);
      case "toggle":
        c.state.open = !c.state.open;
        return output();
      case "refuse":
        throw new this.#library.byward.UserError("not here", { code: "not_here" });
      case "crash":
        throw new Error("a defect");
      case "typed":
        return output();
      case "plan":
        // Due at an instant that nothing else of a step has.
        c.schedule.after(1003, "toggle");
        return output();
    }
  }

  #proxy(): Loose {
    const { byward } = this.#library;
    return byward.actor({
      by: byward.Visitor,
      actions: {
        call: async (c: Loose, { kind, name, key, mode }: InternalCall) => {
          const handle = c.client().thing[mode](key);
          try {
            if (kind === "action") return { output: await handle.action({ name, args: [1] }) };
            if (kind === "queue") return { output: await handle.send(name, 1) };
            return { output: (await handle.fetch("/", {})).status };
          } catch (error) {
            const { group, code } = error as { group: string; code: string };
            return { refused: `${group}/${code}` };
          }
        },
      },
    } as Loose);
  }

  #slowSchema(): Loose {
    const validate = (value: unknown) => this.#wait(SLOW).then(() => ({ value }));
    return { "~standard": { version: 1, vendor: "model", validate } };
  }

  #before(): unknown {
    const { beforeConnect } = this.#definition;
    if (beforeConnect === "slow") return this.#wait(SLOW);
    if (beforeConnect === "throws") throw new Error("a defect");
    throw new this.#library.byward.UserError("refused", { code: "refused" });
  }

  #answer(answer: Answer, caller: Loose, open: () => boolean): unknown {
    if (answer === "hangs") return new Promise(() => {});
    if (!answer.startsWith("slow-")) return this.#say(answer, caller, open);
    return this.#wait(SLOW).then(() => this.#say(answer.slice(5), caller, open));
  }

  #say(answer: string, caller: Loose, open: () => boolean): unknown {
    switch (answer) {
      case "true":
      case "false":
        return answer === "true";
      case "truthy":
        return "yes";
      case "nothing":
        return undefined;
      case "user-error":
        throw new this.#library.byward.UserError("not now", { code: "not_now" });
      case "open":
        return open();
      case "policy":
        return this.#policy;
      case "is-ada":
        return caller.identity === "ada";
      case "is-user":
        return caller.party === "User";
      default:
        throw new Error("a defect");
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  #note(kind: string, name: string, caller: Loose): void {
    this.#ran.push(`${kind} ${name} ${caller.party} ${caller.identity ?? "-"}`);
  }

  // ── steps ──

  async step(step: Step): Promise<View> {
    this.#ran = [];
    if ("meanwhile" in step && step.meanwhile !== null) this.#happen(step.meanwhile);
    if (step.step === "restart") await this.#restart();
    const seeing = this.#perform(step);
    await this.clock.advance(STEP + (step.step === "advance" ? step.ms : 0));
    const seen = seeing();
    const connections = this.#peers.map((peer) => this.#look(peer));
    return { seen, ran: this.#ran, connects: this.#connects, creates: this.#creates, connections };
  }

  #happen(meanwhile: Meanwhile & object): void {
    this.clock.after(MEANWHILE, () => {
      if (meanwhile.what === "bump") void this.#registry.bumpEpoch();
      else void this.#registry.revoke({ party: "User", identity: meanwhile.sub });
    });
  }

  async #restart(): Promise<void> {
    for (const peer of this.#peers) peer.hangUp();
    this.#peers = [];
    await this.clock.advance(0);
    let isClosed = false;
    void this.#registry.close().then(() => {
      isClosed = true;
    });
    for (let round = 0; !isClosed; round++) {
      if (round > 100) throw new Error("the registry does not stop");
      await this.clock.advance(0);
    }
    await this.#begin();
  }

  /** Begins a step; the function returned says what was answered. */
  #perform(step: Step): () => Seen {
    const nothing: Seen = { answer: null, status: null, output: undefined };
    switch (step.step) {
      case "http":
        return this.#http(step);
      case "internal":
        return this.#internal(step);
      case "open":
        return this.#open(step);
      case "say":
        return this.#ask(step.on, (id) => frameOf(step, id));
      case "renew": {
        const { bearer } = step;
        const token = bearer.form === "token" ? mint(bearer.token) : "x.y";
        return this.#ask(step.on, (id) => ({ t: "renew", id, token }));
      }
      case "unsubscribe":
        this.#peers[step.on]!.socket!.say({ t: "unsubscribe", name: step.name });
        break;
      case "echo":
        this.#peers[step.on]!.socket!.say("ping");
        break;
      case "hang-up":
        this.#peers[step.on]!.hangUp();
        break;
      case "revoke":
        void this.#registry.revoke(
          step.by === "all"
            ? { identity: step.value }
            : {
                party: "User",
                ...(step.by === "sub" ? { identity: step.value } : {}),
                ...(step.by === "jti" ? { jti: step.value } : {}),
                ...(step.by === "claim" ? { claim: { name: "role", value: step.value } } : {}),
              },
        );
        break;
      case "bump":
        void this.#registry.bumpEpoch();
        break;
      case "policy":
        this.#policy = !this.#policy;
        break;
    }
    return () => nothing;
  }

  #http(call: HttpCall): () => Seen {
    const { kind, name, key, mode } = call;
    const type = call.unknownType ? "other" : "thing";
    const route = {
      action: `actions/${name}`,
      queue: `queues/${name}`,
      subscribe: `events/${name}`,
      request: "request/",
    };
    const usual = kind === "action" || kind === "queue" ? "POST" : "GET";
    const method = call.wrongMethod ? "PUT" : usual;
    const bytes = usual === "POST" ? bodyOf(call) : "";
    const headers = headersOf(call.presented, bytes);
    headers.set("content-type", call.body === "other-type" ? "text/plain" : "application/json");
    if (call.body === "too-long") headers.set("content-length", "70000");
    if (call.badHeader) headers.set("byward-mode", "sometimes");
    else if (mode === "get") headers.set("byward-mode", "get");
    return this.#request(`/actors/${type}/${key}/${route[kind]}`, method, headers, bytes, {
      slow: call.body === "slow" && usual === "POST",
      streams: kind === "subscribe" ? name : null,
    });
  }

  #internal(call: InternalCall): () => Seen {
    const headers = new Map([["content-type", "application/json"]]);
    const bytes = JSON.stringify([call]);
    const seeing = this.#request("/actors/proxy/p/actions/call", "POST", headers, bytes, {
      slow: false,
      streams: null,
    });
    return () => {
      const seen = seeing();
      const told = seen.output as { refused?: string; output?: unknown } | undefined;
      const answer = told?.refused ?? (told !== undefined && seen.answer === "ok" ? "ok" : seen.answer);
      return { answer, status: null, output: call.kind === "action" ? told?.output : undefined };
    };
  }

  #request(
    path: string,
    method: string,
    headers: Map<string, string>,
    bytes: string,
    { slow, streams }: { readonly slow: boolean; readonly streams: string | null },
  ): () => Seen {
    const aborted = new AbortController();
    let received: Promise<Uint8Array> | null = null;
    const inbound = {
      method,
      path,
      query: "",
      origin: "http://localhost",
      remoteAddress: "10.0.0.1",
      header: (name: string) => headers.get(name) ?? null,
      headers: () => headers.entries(),
      bytes: () =>
        (received ??= slow ? this.#wait(SLOW).then(() => UTF8.encode(bytes)) : Promise.resolve(UTF8.encode(bytes))),
      stream: () => null,
      signal: aborted.signal,
    };
    let seen: Seen = { answer: null, status: null, output: undefined };
    void this.#edge.handle(inbound).then((response: Loose) => {
      seen = this.#readResponse(response);
      if (response.body instanceof ReadableStream && streams !== null) this.#stream(response.body, streams, aborted);
    });
    return () => seen;
  }

  #readResponse({ status, body }: Loose): Seen {
    if (status === 200 && body === null) return { answer: "duplicate", status, output: undefined };
    if (status === 200 && (body instanceof ReadableStream || body === null))
      return { answer: "ok", status, output: undefined };
    const told = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));
    if (status === 200) return { answer: "ok", status, output: told.output };
    return { answer: `${told.group}/${told.code}`, status, output: undefined };
  }

  /** Reads a stream of events as a connection of its own. */
  #stream(body: ReadableStream<Uint8Array>, name: string, aborted: AbortController): void {
    const peer: Peer = {
      kind: "sse",
      socket: null,
      delivered: {},
      ended: [],
      closed: null,
      echoes: 0,
      hangUp: () => aborted.abort(),
    };
    this.#peers.push(peer);
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const next = (): void => {
      reader.read().then(
        ({ done, value }) => {
          if (done) return;
          for (const text of decoder.decode(value).split("\n\n")) this.#hear(peer, name, text);
          next();
        },
        () => {},
      );
    };
    next();
  }

  #hear(peer: Peer, name: string, text: string): void {
    const kind = /^event: (\w+)$/m.exec(text)?.[1] ?? null;
    const data = /^data: (.*)$/m.exec(text)?.[1];
    if (data === undefined || kind === "ready") return;
    if (kind === null) peer.delivered[name] = (peer.delivered[name] ?? 0) + 1;
    else {
      const { group, code } = JSON.parse(data);
      if (kind === "expired") peer.closed = `3000 ${group}/${code}`;
      else peer.ended.push(`${name} ${group}/${code}`);
    }
  }

  #open(call: Open): () => Seen {
    const { bearer } = call.presented;
    // A first frame carries a token; what is no token, and every credential of a bare raw socket, is a header.
    const isHeader = call.kind === "raw" || bearer?.form === "basic" || bearer?.form === "twice";
    const headers = isHeader ? headersOf(call.presented, "") : new Map<string, string>();
    if (call.foreignOrigin) headers.set("origin", "https://elsewhere.test");
    if (call.kind === "raw" && call.mode === "get") headers.set("byward-mode", "get");
    if (call.kind !== "raw") headers.set("sec-websocket-protocol", "byward.v1");
    const path = `/actors/${call.unknownType ? "other" : "thing"}/${call.key}/${call.kind === "rpc" ? "connect" : "websocket/"}`;
    const inbound = {
      method: "GET",
      path,
      query: "",
      origin: "http://localhost",
      remoteAddress: "10.0.0.1",
      header: (name: string) => headers.get(name) ?? null,
      headers: () => headers.entries(),
      bytes: async () => new Uint8Array(),
      stream: () => null,
      signal: new AbortController().signal,
    };
    const socket = new PeerSocket("");
    const peer: Peer = {
      kind: call.kind === "rpc" ? "rpc" : "raw",
      socket,
      delivered: {},
      ended: [],
      closed: null,
      echoes: 0,
      hangUp: () => socket.hangUp(),
    };
    this.#peers.push(peer);
    void this.#edge.upgrade(inbound).then(({ serve }: Loose) => {
      serve(socket);
      if (call.kind === "raw" || socket.closed !== null) return;
      const token =
        isHeader || bearer === null
          ? {}
          : { token: bearer.form === "token" ? mint(bearer.token) : bearer.form === "empty" ? "" : "x.y" };
      socket.say({ t: "hello", ...token, mode: call.mode });
    });
    return () => {
      const error = socket.messages.find((message) => message.t === "error" && message.id === undefined);
      const isOpen = socket.messages.some(({ t }) => t === (call.kind === "rpc" ? "ready" : "hi"));
      const code = error === undefined ? (isOpen ? "ok" : null) : isOpen ? "ok" : `${error.group}/${error.code}`;
      return { answer: code, status: null, output: undefined };
    };
  }

  #ask(on: number, frame: (id: number) => object): () => Seen {
    const socket = this.#peers[on]!.socket!;
    this.#messageId += 1;
    const id = this.#messageId;
    socket.say(frame(id));
    return () => {
      const reply = socket.messages.find((message) => message.id === id);
      if (reply === undefined) return { answer: null, status: null, output: undefined };
      const answer = reply.t === "result" ? "ok" : `${reply.group}/${reply.code}`;
      const output = reply.output?.n === undefined ? undefined : reply.output;
      return { answer, status: null, output };
    };
  }

  #look(peer: Peer): ConnectionView {
    const { socket } = peer;
    if (socket === null) {
      const { closed, delivered, ended, echoes } = peer;
      return { closed, delivered: { ...delivered }, ended: [...ended], echoes };
    }
    const delivered: Record<string, number> = {};
    for (const { t, name } of socket.messages) if (t === "event") delivered[name] = (delivered[name] ?? 0) + 1;
    const ended = socket.messages.flatMap(({ t, id, event, group, code }) =>
      t === "error" && id === undefined && event !== undefined ? [`${event} ${group}/${code}`] : [],
    );
    const echoes = socket.messages.filter(({ t }) => t === "pong").length;
    return { closed: socket.closed, delivered, ended, echoes };
  }
}

function frameOf({ kind, name }: Say, id: number): object {
  if (kind === "action") return { t: "action", id, name, args: [1] };
  return kind === "subscribe" ? { t: "subscribe", id, name } : { t: "send", id, name, body: 1 };
}

/** A store that outlives its registry. */
function unclosable(store: object): object {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "close") return async () => {};
      const member = Reflect.get(target, name) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
