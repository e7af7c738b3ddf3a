/**
 * Owns chance: definitions and steps from a seed. Most calls are nearly right, so that they come far enough for a late
 * step of the gate to matter.
 */
import {
  ACTIONS,
  ANSWERS,
  type Answer,
  type Bearer,
  BYS,
  type ByName,
  type Definition,
  EVENTS,
  KINDS,
  type Meanwhile,
  type Open,
  type PartyName,
  type Presented,
  QUEUES,
  REFINEMENTS,
  type Signed,
  type Step,
  type Token,
} from "./definition.ts";

export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** From 0 up to 1. */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  chance(probability: number): boolean {
    return this.roll() < probability;
  }
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.roll() * list.length)]!;
  }
}

const NAMES = Object.keys(BYS) as readonly ByName[];
/** Those with whom a sequence comes far. */
const WIDE: readonly ByName[] = [
  "everybody",
  "everybody",
  "userOrVisitor",
  "userOrSso",
  "hookOrUser",
  "user",
  "callerOrUser",
];
/** Those that a renewal can lose. */
const NARROW: readonly ByName[] = ["admin", "admin", "editor"];
const CREATE_ANSWERS = ANSWERS.filter((answer) => answer !== "open");
const LIKELY: readonly Answer[] = ["true", "true", "true", "true", "slow-true", "slow-true", "policy", "is-user"];

export function generateDefinition(dice: Dice, seed: number): Definition {
  const canInvoke = dice.chance(0.25) ? null : generateCanInvoke(dice);
  const by = canInvoke !== null && dice.chance(0.1) ? null : dice.pick(dice.chance(0.65) ? WIDE : NAMES);
  const hasEvents = dice.chance(0.7);
  const hasQueues = dice.chance(0.7);
  const guardable = [
    ...ACTIONS.map((name) => `action ${name}`),
    ...(hasEvents ? EVENTS.map((name) => `subscribe ${name}`) : []),
    ...(hasQueues ? QUEUES.map((name) => `queue ${name}`) : []),
    "request",
    "websocket",
  ];
  const guards: Record<string, ByName> = Object.fromEntries(
    guardable.flatMap((entry) => (dice.chance(0.15) ? [[entry, dice.pick(dice.chance(0.4) ? NARROW : NAMES)]] : [])),
  );
  const definition: Definition = {
    skew: dice.pick([0, 5]),
    by,
    guards,
    events: hasEvents ? EVENTS : null,
    queues: hasQueues ? QUEUES : null,
    onRequest: dice.chance(0.6),
    onWebSocket: dice.chance(0.7),
    canInvoke,
    pure: false,
    // Changes of decisions that overlap in time may exclude each other; that is the state's matter, not the gate's.
    counts: dice.chance(0.5) && !isSlow(canInvoke),
    canCreate: dice.chance(0.12)
      ? dice.pick(dice.chance(0.5) ? (["true", "slow-true"] as const) : CREATE_ANSWERS)
      : null,
    beforeConnect: dice.chance(0.85) ? "none" : dice.pick(["slow", "slow", "slow", "slow", "refuses", "throws"]),
    onCreate: dice.chance(0.8) ? "quick" : "slow",
    rate: dice.chance(0.12)
      ? { per: dice.pick(["address", "identity", "connection"]), limit: dice.pick([2, 4]), window: dice.pick([2, 20]) }
      : null,
    failures: dice.chance(0.1) ? dice.pick([1, 3]) : Number.POSITIVE_INFINITY,
  };
  // Chance of its own: what a seed stands for is as it was before there were pure decisions.
  const own = new Dice(~seed);
  if (canInvoke === null || definition.counts || !own.chance(0.5)) return definition;
  return { ...definition, pure: true, ...(own.chance(0.5) ? { canInvoke: { rules: [], otherwise: "policy" } } : {}) };
}

function isSlow(canInvoke: Definition["canInvoke"]): boolean {
  const answers = canInvoke === null ? [] : [canInvoke.otherwise, ...canInvoke.rules.map(({ answer }) => answer)];
  return answers.some((answer) => answer === "hangs" || answer.startsWith("slow-"));
}

function generateCanInvoke(dice: Dice): NonNullable<Definition["canInvoke"]> {
  const rules = [];
  for (let count = Math.floor(dice.roll() * 4); count > 0; count--) {
    const kind = dice.pick([null, ...KINDS]);
    const name = dice.chance(0.5) ? null : dice.pick([...ACTIONS, ...EVENTS, ...QUEUES]);
    rules.push({ kind, name, answer: dice.pick(dice.chance(0.5) ? LIKELY : ANSWERS) });
  }
  return { rules, otherwise: dice.pick(dice.chance(0.9) ? LIKELY : ANSWERS) };
}

/** What a step may rest on. */
export interface Scene {
  readonly definition: Definition;
  readonly now: number;
  readonly open: readonly {
    readonly index: number;
    readonly kind: "rpc" | "raw" | "sse";
    readonly as: PartyName | null;
    readonly sub: string | null;
  }[];
  /** What was presented before, to be presented again. */
  readonly used: readonly Presented[];
}

const SUBJECTS = [...Array<string>(14).fill("ada"), "bob", "bob", "bob", "nobody"];
/** ms; sleep begins after 30 s, a signed time is too old after 300 s. */
const PAUSES = [10, 300, 700, 700, 800, 800, 1000, 1000, 2000, 5000, 35_000, 310_000];
const KEYS = ["k0", "k0", "k1"];

export function generateStep(dice: Dice, scene: Scene): Step {
  const rpc = scene.open.filter(({ kind }) => kind === "rpc");
  if (isKeeping(scene.definition) && rpc.length > 0 && dice.chance(0.6)) return generateKept(dice, scene, rpc);
  const roll = dice.roll();
  if (roll < 0.22) return generateHttp(dice, scene);
  if (roll < 0.23) return generateTouch(dice, scene);
  if (roll < 0.26) return generateInternal(dice);
  if (roll < 0.36 || (rpc.length === 0 && roll < 0.5)) return generateOpen(dice, scene);
  if (roll < 0.46) return { step: "advance", ms: dice.pick(PAUSES) };
  if (roll < 0.49) return generateRevoke(dice);
  if (roll < 0.52) return { step: "bump" };
  if (roll < 0.55) return { step: "policy" };
  if (roll < 0.56) return { step: "restart" };
  const raw = scene.open.filter(({ kind }) => kind === "raw");
  if (roll < 0.58 && raw.length > 0) return { step: "echo", on: dice.pick(raw).index };
  if (roll < 0.59 && scene.open.length > 0) return { step: "hang-up", on: dice.pick(scene.open).index };
  if (rpc.length === 0) return generateHttp(dice, scene);
  const spoken = dice.pick(rpc);
  const on = spoken.index;
  if (roll < 0.67) return { step: "renew", on, bearer: generateRenewal(dice, scene, spoken) };
  if (roll < 0.68) return { step: "unsubscribe", on, name: "news" };
  const kind = dice.pick(["action", "action", "action", "subscribe", "subscribe", "queue"] as const);
  return { step: "say", on, kind, name: generateName(dice, kind), meanwhile: generateMeanwhile(dice) };
}

/** True where a verdict that is kept can be told from one that is asked for. */
function isKeeping({ pure, canInvoke }: Definition): boolean {
  return pure && canInvoke?.otherwise === "policy";
}

/** What a verdict is kept for, and what ends it. */
function generateKept(dice: Dice, scene: Scene, rpc: Scene["open"]): Step {
  const spoken = dice.pick(rpc);
  const roll = dice.roll();
  if (roll < 0.2) return { step: "policy" };
  if (roll < 0.3) return { step: "bump" };
  if (roll < 0.45) return { step: "renew", on: spoken.index, bearer: generateGoodRenewal(dice, scene, spoken) };
  const kind = dice.pick(["action", "action", "subscribe", "queue"] as const);
  const name = dice.chance(0.2) ? "zz" : { action: "act", subscribe: "news", queue: "jobs" }[kind];
  return { step: "say", on: spoken.index, kind, name, meanwhile: generateMeanwhile(dice) };
}

function generateName(dice: Dice, kind: "action" | "queue" | "subscribe" | "request"): string {
  if (kind === "request") return "";
  if (dice.chance(0.07)) return dice.pick(["zz", "constructor"]);
  if (kind === "queue") return dice.pick(QUEUES);
  if (kind === "subscribe") return dice.pick(["news", "news", "direct"]);
  return dice.chance(0.5) ? "act" : dice.pick(ACTIONS);
}

function generateMeanwhile(dice: Dice): Meanwhile {
  if (dice.chance(0.88)) return null;
  return dice.chance(0.75) ? { what: "revoke", sub: "ada" } : { what: "bump" };
}

function generateHttp(dice: Dice, scene: Scene): Step {
  const kind = dice.pick(["action", "action", "queue", "subscribe", "request"] as const);
  const name = generateName(dice, kind);
  const entry = kind === "request" ? kind : `${kind} ${name}`;
  const body = dice.chance(0.8)
    ? "good"
    : dice.pick(["wrong-shape", "not-json", "other-type", "too-long", "slow", "slow", "slow"] as const);
  return {
    step: "http",
    kind,
    name,
    key: dice.pick(KEYS),
    presented: generatePresented(dice, scene, entry, true),
    mode: dice.chance(0.2) ? "get" : "getOrCreate",
    body,
    wrongMethod: kind !== "request" && dice.chance(0.02),
    badHeader: dice.chance(0.02),
    unknownType: dice.chance(0.02),
    meanwhile: generateMeanwhile(dice),
  };
}

function generateInternal(dice: Dice): Step {
  const kind = dice.pick(["action", "action", "queue", "request"] as const);
  return {
    step: "internal",
    kind,
    name: generateName(dice, kind),
    key: dice.pick(KEYS),
    mode: dice.chance(0.2) ? "get" : "getOrCreate",
    meanwhile: generateMeanwhile(dice),
  };
}

function generateOpen(dice: Dice, scene: Scene): Open {
  const kind = dice.pick(["rpc", "rpc", "rpc", "raw", "raw-hello"] as const);
  return {
    step: "open",
    kind,
    key: dice.pick(KEYS),
    presented: generatePresented(dice, scene, kind === "rpc" ? "" : "websocket", false),
    mode: dice.chance(0.2) ? "get" : "getOrCreate",
    foreignOrigin: dice.chance(0.03),
    unknownType: dice.chance(0.02),
    meanwhile: generateMeanwhile(dice),
  };
}

function generateTouch(dice: Dice, scene: Scene): Step {
  return {
    step: "touch",
    method: dice.pick(["GET", "PUT", "PUT", "POST", "POST", "DELETE"] as const),
    key: dice.pick(KEYS),
    presented: generatePresented(dice, scene, "", true),
    body: dice.chance(0.8) ? "good" : dice.pick(["wrong-shape", "not-json", "other-type"] as const),
  };
}

function generateRevoke(dice: Dice): Step {
  const by = dice.pick(["sub", "sub", "jti", "claim", "all"] as const);
  const value = { sub: dice.pick(["ada", "bob"]), all: "ada", jti: dice.pick(["j1", "j2"]), claim: "editor" }[by];
  return { step: "revoke", by, value };
}

/** Something that one of the entrypoint's parties reads, mostly; and mostly good. */
function generatePresented(dice: Dice, { definition, now, used }: Scene, entry: string, isHttp: boolean): Presented {
  const still = used.filter(({ bearer }) => bearer?.form !== "token" || (bearer.token.exp ?? 0) * 1000 > now - 3000);
  if (still.length > 0 && dice.chance(0.25)) {
    const again = dice.pick(still);
    return isHttp ? again : { bearer: again.bearer, signed: null };
  }
  const by = definition.guards[entry] ?? definition.by ?? "fallback";
  const proving = BYS[by].filter((party) => party !== "Visitor" && party !== "Caller" && party !== "Scheduler");
  const wanted = dice.chance(0.88)
    ? dice.pick(proving.length > 0 && dice.chance(0.8) ? proving : BYS[by])
    : dice.pick(["User", "Sso", "Partner", "Hook", "Visitor"] as const);
  const base: PartyName = REFINEMENTS[wanted]?.base ?? wanted;
  const signed = isHttp && (base === "Hook" || dice.chance(0.04)) ? generateSigned(dice, now) : null;
  const bearer = base === "User" || base === "Sso" || base === "Partner" || dice.chance(0.06);
  return { bearer: bearer ? generateBearer(dice, base, now) : null, signed };
}

function generateBearer(dice: Dice, party: PartyName, now: number): Bearer {
  if (dice.chance(0.9)) return { form: "token", token: generateToken(dice, party, now) };
  const form = dice.pick(["empty", "garbage", "twice", "basic"] as const);
  return form === "twice" ? { form, token: generateToken(dice, party, now) } : { form };
}

function generateToken(dice: Dice, party: PartyName, now: number): Token {
  const second = Math.floor(now / 1000);
  const signer = party === "Sso" ? "sso" : party === "Partner" ? "partner" : "user";
  const life = dice.pick([1, 2, 5, 30, 600, 600]);
  return {
    signer: dice.chance(0.04) ? "nobody" : signer,
    sub: dice.pick(SUBJECTS),
    iat: dice.chance(0.06) ? null : second + (dice.chance(0.1) ? dice.pick([-100, 3, 20]) : 0),
    exp: dice.chance(0.02) ? null : second + (dice.chance(0.08) ? dice.pick([-3, -60, 100_000]) : life),
    nbf: dice.chance(0.05) ? second + dice.pick([-10, 3, 20]) : null,
    jti: dice.chance(0.3) ? dice.pick(["j1", "j2"]) : null,
    claims: {
      ...(dice.chance(0.6) ? { admin: dice.chance(0.85) } : {}),
      ...(dice.chance(0.6) ? { role: dice.pick(["editor", "editor", "reader"]) } : {}),
    },
  };
}

function generateSigned(dice: Dice, now: number): Signed {
  const second = Math.floor(now / 1000);
  return {
    key: dice.chance(0.1) ? "nobody" : "hook",
    time: dice.chance(0.05) ? null : second + (dice.chance(0.15) ? dice.pick([-400, -299, 400]) : 0),
    tampered: dice.chance(0.08),
  };
}

function generateGoodRenewal(dice: Dice, { now }: Scene, { as, sub }: Scene["open"][number]): Renewal {
  if (as === null || sub === null) return { form: "garbage" };
  const second = Math.floor(now / 1000);
  const { claims, signer } = generateToken(dice, as, now);
  const token: Token = { signer, sub, iat: second, exp: second + 600, nbf: null, jti: null, claims };
  return { form: "token", token };
}

type Renewal = Bearer & { readonly form: "token" | "garbage" };

function generateRenewal(dice: Dice, { now }: Scene, { as, sub }: Scene["open"][number]): Renewal {
  if (dice.chance(0.08)) return { form: "garbage" };
  const party = dice.chance(0.85) && as !== null ? as : dice.pick(["User", "Sso", "Partner"] as const);
  const token = generateToken(dice, party, now);
  return { form: "token", token: dice.chance(0.8) && sub !== null ? { ...token, sub } : token };
}
