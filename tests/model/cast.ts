/**
 * Owns the actors of a definition, as the library takes them: parties, guards, decisions and handlers made from data. They note
 * what ran and judge nothing but what the definition says.
 */
import type * as Byward from "byward";
import { ISSUER } from "./credentials.ts";
import {
  ACTIONS,
  type Answer,
  BYS,
  type ByName,
  DEADLINE,
  type Definition,
  type InternalCall,
  type PartyName,
  PLANNED,
  SLOW,
  SLOW_HANDLER,
} from "./definition.ts";
import type { Loose, VirtualClock } from "./library.ts";

export class Cast {
  ran: string[] = [];
  connects = 0;
  creates = 0;
  policy = true;
  readonly #byward: typeof Byward;
  readonly #definition: Definition;
  readonly #clock: VirtualClock;

  constructor(byward: typeof Byward, definition: Definition, clock: VirtualClock) {
    this.#byward = byward;
    this.#definition = definition;
    this.#clock = clock;
  }

  #parties(): Record<PartyName, Loose> {
    const byward = this.#byward;
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

  thing(): Loose {
    const byward = this.#byward;
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
            canInvoke: this.#declared((c: Loose, invoke: Loose) => {
              if (definition.counts) c.state.asked += 1;
              const name = invoke.name ?? "";
              const fits = canInvoke.rules.find(
                (rule) =>
                  (rule.kind === null || rule.kind === invoke.kind) && (rule.name === null || rule.name === name),
              );
              const answer = fits?.answer ?? canInvoke.otherwise;
              return this.#answer(answer, c.caller, () => c.state.open);
            }),
          }),
      ...(canCreate === null ? {} : { canCreate: ({ caller }: Loose) => this.#answer(canCreate, caller, () => false) }),
      ...(beforeConnect === "none" ? {} : { onBeforeConnect: () => this.#before() }),
      onCreate: () => {
        this.creates += 1;
        return onCreate === "slow" ? this.wait(SLOW) : undefined;
      },
      onConnect: () => {
        this.connects += 1;
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

  #declared(canInvoke: Loose): Loose {
    return this.#definition.pure ? this.#byward.pure(canInvoke) : canInvoke;
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
        return this.wait(SLOW_HANDLER).then(act);
      case "toggle":
        c.state.open = !c.state.open;
        return output();
      case "refuse":
        throw new this.#byward.UserError("not here", { code: "not_here" });
      case "crash":
        throw new Error("a defect");
      case "typed":
        return output();
      case "plan":
        c.schedule.after(PLANNED, "toggle");
        return output();
    }
  }

  proxy(): Loose {
    const byward = this.#byward;
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
    const validate = (value: unknown) => this.wait(SLOW).then(() => ({ value }));
    return { "~standard": { version: 1, vendor: "model", validate } };
  }

  #before(): unknown {
    const { beforeConnect } = this.#definition;
    if (beforeConnect === "slow") return this.wait(SLOW);
    if (beforeConnect === "throws") throw new Error("a defect");
    throw new this.#byward.UserError("refused", { code: "refused" });
  }

  #answer(answer: Answer, caller: Loose, open: () => boolean): unknown {
    if (answer === "hangs") return new Promise(() => {});
    if (!answer.startsWith("slow-")) return this.#say(answer, caller, open);
    return this.wait(SLOW).then(() => this.#say(answer.slice(5), caller, open));
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
        throw new this.#byward.UserError("not now", { code: "not_now" });
      case "open":
        return open();
      case "policy":
        return this.policy;
      case "is-ada":
        return caller.identity === "ada";
      case "is-user":
        return caller.party === "User";
      default:
        throw new Error("a defect");
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  #note(kind: string, name: string, caller: Loose): void {
    this.ran.push(`${kind} ${name} ${caller.party} ${caller.identity ?? "-"}`);
  }
}
