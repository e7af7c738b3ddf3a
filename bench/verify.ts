/**
 * Verification beside the bare primitive, both sides in alternating rounds of one run:
 *   webhook      our signed delivery, 1 KB body, against `createHmac` over the same bytes   (target ≥ 0.7)
 *   cached       our bearer, token seen before, against `jose.jwtVerify`                    (target ≥ 5)
 *   uncached     our bearer, token never seen, against `jose.jwtVerify`                     (target ≥ 2)
 * Ratios are of processor time per operation, all threads of the process, in the cheapest quarter of the rounds, so
 * that a busy machine does not decide them; beside it the 10th, 50th and 90th percentile of the rounds' own ratios.
 * Not measured: HTTP, schemas, the gate; `jose` runs one token at a time with a key imported once, its fastest form.
 * `node bench/verify.ts [rounds] [ms per round]`
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { Presentation, SchemeEnvironment, SchemeVerifier } from "../src/boundary/scheme.ts";
import { bearer } from "../src/boundary/schemes/bearer.ts";
import { signature } from "../src/boundary/schemes/signature.ts";
import { presentDelivery, signDelivery } from "../src/boundary/sign.ts";
import { WEBHOOK_FORMATS, webhook } from "../src/boundary/webhooks/webhook.ts";
import { nodeDigests } from "../src/hosts/node/host.ts";

const ROUNDS = Number(process.argv[2] ?? 41);
const ROUND_MS = Number(process.argv[3] ?? 40);
const SECRET = randomBytes(32).toString("hex");
const NOW = Date.now();

const environment: SchemeEnvironment = {
  secret: () => SECRET,
  now: () => NOW,
  fetch: () => Promise.reject(new Error("no network")),
  ...nodeDigests,
  warn: () => {},
  skew: 30_000,
};

/** One side: does its work `count` times. */
type Side = (count: number) => void | Promise<void>;

interface Round {
  /** µs of processor time per operation, all threads of the process. */
  readonly cpu: number;
  readonly perSecond: number;
}

async function runRound(side: Side): Promise<Round> {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  let done = 0;
  for (;;) {
    await side(100);
    done += 100;
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    if (ms < ROUND_MS) continue;
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / done, perSecond: (done / ms) * 1000 };
  }
}

const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * part)] as number;
const median = (values: readonly number[]): number => quantile(values, 0.5);
/** Other programs only ever add to a round, so its cheapest quarter is the nearest to what the work costs. */
const cost = (rounds: readonly Round[]): number =>
  quantile(
    rounds.map(({ cpu }) => cpu),
    0.125,
  );

async function compare(name: string, ours: Side, theirs: Side, target: number | null): Promise<boolean> {
  for (const side of [ours, theirs, ours, theirs]) await runRound(side);
  const own: Round[] = [];
  const bare: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? [own, bare] : [bare, own];
    for (const list of order) list.push(await runRound(list === own ? ours : theirs));
  }
  const ratios = own.map(({ cpu }, round) => (bare[round] as Round).cpu / cpu);
  const ratio = cost(bare) / cost(own);
  const met = target === null || ratio >= target;
  const side = (rounds: readonly Round[]): string => {
    const rate = Math.round(median(rounds.map(({ perSecond }) => perSecond))).toLocaleString("en");
    return `${cost(rounds).toFixed(2).padStart(6)} µs (${rate}/s)`;
  };
  console.log(
    `${name.padEnd(33)} ${side(own)} beside ${side(bare)}: ratio ${ratio.toFixed(2)}` +
      ` (rounds ${quantile(ratios, 0.1).toFixed(2)}–${median(ratios).toFixed(2)}–${quantile(ratios, 0.9).toFixed(2)})` +
      (target === null ? "" : `, target ${target} ${met ? "met" : "MISSED"}`),
  );
  return met;
}

function assertProved(verifier: SchemeVerifier, shown: Presentation): void {
  const result = verifier.prove(shown, NOW);
  if (result instanceof Promise || result.status !== "proved")
    throw new Error("The bench's own credential does not verify.");
}

async function webhookSides(name: string, size: number): Promise<[Side, Side]> {
  const body = Buffer.from(JSON.stringify({ id: "evt_1", event_id: "evt_1", data: "x".repeat(size - 45) }));
  const [scheme, format] =
    name === "timed"
      ? [signature({ secret: "S", header: "X-Signature", timestamp: "X-Timestamp" }), WEBHOOK_FORMATS.plain]
      : name === "plain"
        ? [signature({ secret: "S", header: "X-Hub-Signature-256" }), WEBHOOK_FORMATS.github]
        : [webhook[name as "github" | "stripe"]({ secret: "S" }), WEBHOOK_FORMATS[name as "github" | "stripe"]];
  const shown = presentDelivery({ body }, await signDelivery(format, { secret: SECRET, body, now: NOW }));
  const headers = new Map<string, string | null>();
  const header = (wanted: string): string | null => {
    if (!headers.has(wanted)) headers.set(wanted, shown.header(wanted));
    return headers.get(wanted) ?? null;
  };
  const presentation: Presentation = { ...shown, header };
  const verifier = await scheme.prepare("Hook", environment);
  assertProved(verifier, presentation);
  const key = createSecretKey(Buffer.from(SECRET));
  // The same bytes as are signed, put together beforehand.
  const time = scheme.format.time === undefined ? "" : `${Math.floor(NOW / 1000)}.`;
  const signed = Buffer.concat([Buffer.from(time), body]);
  const bare: Side = (count) => {
    for (let index = 0; index < count; index++) createHmac("sha256", key).update(signed).digest();
  };
  const ours: Side = (count) => {
    for (let index = 0; index < count; index++) verifier.prove(presentation, NOW);
  };
  return [ours, bare];
}

const TOKENS = 20_000;

async function tokens(): Promise<string[]> {
  const key = new TextEncoder().encode(SECRET);
  const seconds = Math.floor(NOW / 1000);
  const make = (index: number): Promise<string> =>
    new SignJWT({ email: `user${index}@example.com`, roles: ["member", "editor"], tenant: "t-123" })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setSubject(`user-${index}`)
      .setIssuer("https://login.example")
      .setAudience("app")
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 3600)
      .sign(key);
  return Promise.all(Array.from({ length: TOKENS }, (_, index) => make(index)));
}

const present = (token: string): Presentation => {
  const authorization = `Bearer ${token}`;
  return {
    channel: { kind: "external" },
    method: "GET",
    url: "",
    header: (name) => (name === "authorization" ? authorization : null),
    body: null,
    frameToken: null,
  };
};

async function bearerSides(made: readonly string[], cached: boolean): Promise<[Side, Side]> {
  const scheme = bearer({ secret: "S", issuer: "https://login.example", audience: "app" });
  let verifier = await scheme.prepare("User", environment);
  const shown = (cached ? made.slice(0, 1000) : made).map(present);
  for (const presentation of shown.slice(0, 1000)) assertProved(verifier, presentation);
  const cryptoKey = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(SECRET),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  const options = { algorithms: ["HS256"], issuer: "https://login.example", audience: "app", requiredClaims: ["sub"] };
  let at = 0;
  let theirs = 0;
  const ours: Side = (count) => {
    for (let index = 0; index < count; index++) {
      if (!cached && at === 0) verifier = scheme.prepare("User", environment) as SchemeVerifier;
      verifier.prove(shown[at] as Presentation, NOW);
      at = (at + 1) % shown.length;
    }
  };
  const bare: Side = async (count) => {
    for (let index = 0; index < count; index++) {
      await jwtVerify(made[theirs] as string, cryptoKey, options);
      theirs = (theirs + 1) % made.length;
    }
  };
  return [ours, bare];
}

console.log(`node ${process.version}, ${ROUNDS} rounds of ${ROUND_MS} ms a side, alternating`);
const met: boolean[] = [];
met.push(await compare("webhook 1 KB, body signed", ...(await webhookSides("plain", 1024)), 0.7));
met.push(await compare("webhook 1 KB, time.body signed", ...(await webhookSides("timed", 1024)), 0.7));
await compare("webhook 1 KB, Stripe with id", ...(await webhookSides("stripe", 1024)), null);
await compare("webhook 1 KB, GitHub with digest", ...(await webhookSides("github", 1024)), null);
await compare("webhook 100 KB, time.body signed", ...(await webhookSides("timed", 102_400)), null);
const made = await tokens();
met.push(await compare("bearer HS256, token seen before", ...(await bearerSides(made, true)), 5));
met.push(await compare("bearer HS256, token never seen", ...(await bearerSides(made, false)), 2));
if (met.includes(false)) process.exitCode = 1;
