/** Owns bad deliveries: everything that may be wrong with a signed request, on every way that a signature party guards. */
import type { SignatureScheme } from "../../boundary/schemes/signature.ts";
import { type Assault, isIn, mustRefuse } from "../assault.ts";
import { printable } from "../book.ts";
import type { Holder, Occasion, Present, Presented } from "../holders.ts";
import type { RuleId } from "../rules.ts";
import type { Way } from "../way.ts";

/** Deliveries of one id that are sent at once. */
const RACERS = 8;
const NO_SIGNATURE = "no signature";

export async function tryDeliveries(assault: Assault): Promise<void> {
  for (const way of assault.ways) {
    if (way.transport !== "http") continue;
    const base = way.bases.find(({ scheme }) => scheme.kind === "signature");
    const holder = base === undefined ? undefined : assault.holders.get(base.name);
    if (holder === undefined) continue;
    assault.step("deliveries", way.entrypoint);
    const isOpen = isIn(assault.known.get(way)!.nobody);
    for (const { rule, what, present } of badDeliveries(assault, holder)) {
      // Where visitors are welcome, no signature is no bad signature.
      if (isOpen && what === NO_SIGNATURE) continue;
      await mustRefuse(assault, way, rule, what, { present });
    }
    await tryReplay(assault, way, holder);
  }
}

interface BadDelivery {
  readonly rule: RuleId;
  readonly what: string;
  readonly present: Present;
}

function badDeliveries(assault: Assault, { base }: Holder): readonly BadDelivery[] {
  const { mint } = assault.stage;
  const { format, tolerance } = base.scheme as SignatureScheme;
  const good = (occasion: Occasion) => mint.sign(base, occasion);
  const header = format.header;
  const changed =
    (change: (presented: Presented, occasion: Occasion) => Presented): Present =>
    async (occasion) =>
      change(await good(occasion), occasion);
  const replaced = (value: string): Present =>
    changed((presented) => ({
      ...presented,
      headers: presented.headers!.map(([name, old]) => [name, name.toLowerCase() === header ? value : old]),
    }));
  const at =
    (offset: number): Present =>
    (occasion) =>
      mint.sign(base, occasion, { now: Date.now() + offset });
  const secret = mint.secretOf(base) ?? "";
  const isSymmetric = format.variants[0]!.algorithm !== "ed25519" && format.variants[0]!.key.encoding === "utf8";
  const list: BadDelivery[] = [
    {
      rule: "delivery.unsigned",
      what: NO_SIGNATURE,
      present: changed((presented) => ({ ...presented, headers: without(presented, header) })),
    },
    { rule: "delivery.unsigned", what: "an empty signature", present: replaced("") },
    { rule: "delivery.unsigned", what: "a signature that is none", present: replaced("byward-attack") },
    {
      rule: "delivery.oversized",
      what: "a signature header of more than 4 KiB",
      present: changed((presented) => ({ ...presented, headers: padded(presented, header) })),
    },
    {
      rule: "delivery.tampered",
      what: "a body with one more space than was signed",
      present: changed((presented, occasion) => ({ ...presented, body: `${presented.body ?? occasion.body} ` })),
    },
    {
      rule: "delivery.tampered",
      what: "another body than was signed",
      present: changed((presented) => ({ ...presented, body: '{"byward":"attack"}' })),
    },
    {
      rule: "delivery.two",
      what: "two signature headers, good and bad",
      present: changed((presented) => ({ ...presented, headers: [...presented.headers!, [header, "byward-attack"]] })),
    },
  ];
  if (isSymmetric) {
    list.push({
      rule: "delivery.unsigned",
      what: "a signature under another secret",
      present: (occasion) => mint.sign(base, occasion, { secret: `${secret}x` }),
    });
  }
  if (tolerance !== null) {
    const beyond = (tolerance + 60) * 1000;
    list.push({ rule: "delivery.stale", what: `a delivery signed ${tolerance + 60} s ago`, present: at(-beyond) });
    list.push({ rule: "delivery.stale", what: `a delivery signed ${tolerance + 60} s from now`, present: at(beyond) });
  }
  const time = format.time;
  if (tolerance !== null && time?.from === "header") {
    const fresh = time.unit === "ms" ? Date.now() : Math.floor(Date.now() / 1000);
    const old = at(-(tolerance + 60) * 1000);
    const present: Present = async (occasion) => {
      const presented = await old(occasion);
      return {
        ...presented,
        headers: presented.headers!.map(([name, value]) => [
          name,
          name.toLowerCase() === time.header ? String(fresh) : value,
        ]),
      };
    };
    list.push({ rule: "delivery.timestamp_unsigned", what: "an old delivery under a fresh time", present });
  }
  return list;
}

function without({ headers = [] }: Presented, header: string) {
  return headers.filter(([name]) => name.toLowerCase() !== header);
}

/** The good signature somewhere in a header that is far too long. */
function padded({ headers = [] }: Presented, header: string) {
  const pad = Array.from({ length: 700 }, () => "v0=0000").join(",");
  return headers.map(([name, value]) => [name, name.toLowerCase() === header ? `${value},${pad}` : value] as const);
}

/** Only where an id is declared is anything remembered (ruling 21); only what succeeded is never run again (ruling 22). */
async function tryReplay(assault: Assault, way: Way, { base }: Holder): Promise<void> {
  const { book, stage } = assault;
  const { format } = base.scheme as SignatureScheme;
  if (format.id === undefined) return;
  const signedOnce = once((occasion: Occasion) =>
    stage.mint.sign(base, spaced(occasion, 1), { id: `attack-replay-${way.entrypoint.replace(/\W+/g, "-")}` }),
  );
  const first = await way.attempt({ present: signedOnce });
  if (first.status >= 300 || first.ran.length === 0) {
    book.notTried(
      `replays at ${way.entrypoint}`,
      `a body that it accepts is needed (--samples); came ${printable(first.came)}`,
    );
    return;
  }
  book.checked("delivery.replayed", "delivery.raced");
  const again = await way.attempt({ present: signedOnce });
  if (again.ran.length > 0) book.found("delivery.replayed", way, "the same delivery a second time", again.came);
  else await tryRace(assault, way, base);
}

async function tryRace({ book, stage }: Assault, way: Way, base: Holder["base"]): Promise<void> {
  const raced = once((occasion: Occasion) =>
    stage.mint.sign(base, spaced(occasion, 2), { id: `attack-race-${way.entrypoint.replace(/\W+/g, "-")}` }),
  );
  const mark = stage.witness.mark();
  const results = await Promise.all(Array.from({ length: RACERS }, () => way.attempt({ present: raced })));
  const runs = stage.witness
    .since(mark, way.row.owner)
    .filter(({ kind, name }) => kind === way.row.kind && name === (way.row.name ?? ""));
  if (runs.length > 1) {
    book.found(
      "delivery.raced",
      way,
      `the same delivery ${RACERS} times at once`,
      `ran ${runs.length} times; ${results.map(({ status }) => status).join(" ")}`,
    );
  }
}

/** The same JSON in other bytes: where the id is not signed, the digest of the bytes is what is remembered. */
function spaced(occasion: Occasion, spaces: number): Occasion {
  return { ...occasion, body: `${occasion.body}${" ".repeat(spaces)}` };
}

function once(make: (occasion: Occasion) => Promise<Presented>): Present {
  let made: Promise<Presented> | undefined;
  return (occasion) => {
    made ??= make(occasion);
    return made;
  };
}
