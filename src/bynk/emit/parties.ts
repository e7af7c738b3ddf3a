/** Bynk's actors as Byward's parties (reference §13). */
import type { Actor, Admission, ClaimPredicate, Service } from "../check/model.ts";
import { quote } from "./code.ts";
import { distinct, type EmitModule } from "./module.ts";
import { Writer } from "./writer.ts";

type Channel = "caller" | "scheduler" | "producer";

/** The parties of one module, each declared once, in the order of their use. */
export class Parties {
  readonly #module: EmitModule;
  readonly #out = new Writer();
  readonly #names = new Map<string, string>();

  constructor(module: EmitModule) {
    this.#module = module;
  }

  /** What was declared. */
  get declarations(): Writer {
    return this.#out;
  }

  /** The name of what stands as `by`. */
  by(admission: Admission, service: Service): string {
    const channel = channelOf(service);
    const members = admission.members.map((actor) => this.#member(actor, channel));
    const [only] = members;
    if (members.length === 1 && only !== undefined) return only;
    const names = admission.members.map((actor) => actor.name);
    return this.#declare(`sum ${members.join(" ")}`, names.join("Or"), "Callers", (name) => {
      this.#out.line(`const ${name} = ${this.#module.byward("anyOf")}(${members.join(", ")});`);
    });
  }

  #member(actor: Actor, channel: Channel | undefined): string {
    if (actor.kind === "prelude") return this.#module.byward(actor.name);
    const key = actor.scheme.kind === "Internal" ? `${actor.name} ${channel}` : actor.name;
    if (actor.kind === "refined") {
      const base = this.#member(actor.base, channel);
      return this.#declare(key, actor.name, "Party", (name) => {
        const refine = this.#module.byward("refine");
        const predicate = this.#predicate(actor.predicate);
        this.#line(actor, `const ${name} = ${refine}(${quote(actor.name)}, ${base}, ${predicate});`);
      });
    }
    return this.#declare(key, actor.name, "Party", (name) => {
      const identity = this.#identity(actor);
      const members = [`auth: ${this.#scheme(actor, channel)}`, ...(identity === undefined ? [] : [identity])];
      const head = `const ${name} = ${this.#module.byward("party")}(${quote(actor.name)}, {`;
      const line = `${head} ${members.join(", ")} });`;
      if (line.length <= 118) this.#line(actor, line);
      else {
        this.#line(actor, head);
        this.#out.indented(() => {
          for (const member of members) this.#out.line(`${member},`);
        });
        this.#out.line("});");
      }
    });
  }

  #line(actor: Exclude<Actor, { kind: "prelude" }>, text: string): void {
    this.#out.line(text, { source: actor.source, offset: actor.decl.span.start });
  }

  #declare(key: string, wanted: string, suffix: string, write: (name: string) => void): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const { scope } = this.#module.names;
    const name = scope.claim(distinct(scope, wanted, suffix));
    this.#names.set(key, name);
    write(name);
    return name;
  }

  #identity(actor: Actor): string | undefined {
    const { identity, scheme } = actor;
    if (identity?.kind !== "declared" || (scheme.kind !== "Bearer" && scheme.kind !== "Oidc")) return undefined;
    return `identity: ${this.#module.runtime("identity")}(${this.#module.type(identity.declared)})`;
  }

  #scheme({ scheme }: Actor, channel: Channel | undefined): string {
    const module = this.#module;
    switch (scheme.kind) {
      case "None":
        return `${module.byward("none")}()`;
      case "Internal":
        return `${module.byward("internal")}({ channel: ${quote(channel ?? "caller")} })`;
      case "Bearer":
        return `${module.byward("bearer")}({ secret: ${quote(scheme.secret)} })`;
      case "Signature": {
        const { secret, header, timestamp, tolerance } = scheme;
        const options = { secret, header, timestamp, tolerance };
        return `${module.byward("signature")}(${objectText(options)})`;
      }
      case "Oidc": {
        const { issuer, audience, jwks } = scheme;
        return `${module.byward("oidc")}(${objectText({ issuer, audience, jwks })})`;
      }
    }
  }

  #predicate(predicate: ClaimPredicate): string {
    const module = this.#module;
    switch (predicate.kind) {
      case "hasClaim":
        return `${module.byward("hasClaim")}(${quote(predicate.claim)})`;
      case "claimEquals":
        return `${module.byward("claimEquals")}(${quote(predicate.claim)}, ${quote(predicate.value)})`;
      case "and":
      case "or":
        return `${this.#predicate(predicate.left)}.${predicate.kind}(${this.#predicate(predicate.right)})`;
      case "not":
        return `${this.#predicate(predicate.operand)}.not()`;
    }
  }
}

function channelOf(service: Service): Channel | undefined {
  const channels = { http: undefined, call: "caller", cron: "scheduler", queue: "producer" } as const;
  return channels[service.kind];
}

/** An object literal of the members that have a value. */
export function objectText(members: Readonly<Record<string, string | number | undefined>>): string {
  const parts = Object.entries(members).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [`${name}: ${typeof value === "string" ? quote(value) : value}`];
  });
  return `{ ${parts.join(", ")} }`;
}
