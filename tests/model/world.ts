/**
 * Owns the real side: a definition of the model as a registry on the memory host under a virtual clock, driven by requests
 * and wire frames. It reports what a peer sees and which handlers ran, and judges nothing.
 */
import { Cast } from "./cast.ts";
import { headersOf, ISSUER, JWKS, mint, SECRETS } from "./credentials.ts";
import {
  BYS,
  type Definition,
  type HttpCall,
  type InternalCall,
  MEANWHILE,
  type Meanwhile,
  type Open,
  type PartyName,
  type Say,
  type Seen,
  SLOW,
  STEP,
  type Step,
  type Touch,
  type View,
} from "./definition.ts";
import { type Library, type Loose, patientClock, SILENT, unclosable, type VirtualClock } from "./library.ts";
import { bodyOf, bodyOfTouch } from "./model.ts";
import { listen, type Peer, PeerSocket, viewOf } from "./peers.ts";

const UTF8 = new TextEncoder();

export class World {
  readonly clock: VirtualClock;
  readonly #library: Library;
  readonly #definition: Definition;
  readonly #store: object;
  readonly #cast: Cast;
  #registry: Loose = null;
  #edge: Loose = null;
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
    this.#cast = new Cast(library.byward, definition, this.clock);
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
      use: { thing: this.#cast.thing(), proxy: this.#cast.proxy() },
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

  // ── steps ──

  async step(step: Step): Promise<View> {
    this.#cast.ran = [];
    if ("meanwhile" in step && step.meanwhile !== null) this.#happen(step.meanwhile);
    if (step.step === "restart") await this.#restart();
    const seeing = this.#perform(step);
    await this.clock.advance(STEP + (step.step === "advance" ? step.ms : 0));
    const seen = seeing();
    const connections = this.#peers.map((peer) => viewOf(peer));
    return { seen, ran: this.#cast.ran, connects: this.#cast.connects, creates: this.#cast.creates, connections };
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
      case "touch":
        return this.#touch(step);
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
        this.#cast.policy = !this.#cast.policy;
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

  #touch({ method, key, presented, body }: Touch): () => Seen {
    const bytes = method === "GET" ? "" : bodyOfTouch(body);
    const headers = headersOf(presented, bytes);
    headers.set("content-type", body === "other-type" ? "text/plain" : "application/json");
    return this.#request(`/actors/thing/${key}`, method, headers, bytes, { slow: false, streams: null });
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
        (received ??= slow
          ? this.#cast.wait(SLOW).then(() => UTF8.encode(bytes))
          : Promise.resolve(UTF8.encode(bytes))),
      stream: () => null,
      signal: aborted.signal,
    };
    let seen: Seen = { answer: null, status: null, output: undefined };
    void this.#edge.handle(inbound).then((response: Loose) => {
      seen = this.#readResponse(response);
      if (response.body instanceof ReadableStream && streams !== null)
        this.#peers.push(listen(response.body, streams, aborted));
    });
    return () => seen;
  }

  #readResponse({ status, body }: Loose): Seen {
    if (status === 200 && body === null) return { answer: "duplicate", status, output: undefined };
    if (status === 200 && (body instanceof ReadableStream || body === null))
      return { answer: "ok", status, output: undefined };
    const told = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));
    if (status < 300) return { answer: "ok", status, output: told.output };
    return { answer: `${told.group}/${told.code}`, status, output: undefined };
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
}

function frameOf({ kind, name }: Say, id: number): object {
  if (kind === "action") return { t: "action", id, name, args: [1] };
  return kind === "subscribe" ? { t: "subscribe", id, name } : { t: "send", id, name, body: 1 };
}
