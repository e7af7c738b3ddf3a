/** Owns bad tokens: every one of the catalogue on every way that reads tokens; and good ones in places where none belong. */
import type { AnyParty } from "../../boundary/party.ts";
import { type Assault, cameOf, type Ground, isIn, mustRefuse } from "../assault.ts";
import { type BadToken, badTokensOf } from "../bad-tokens.ts";
import { type Holder, withHeaders, withToken } from "../holders.ts";
import type { Way } from "../way.ts";

export async function tryTokens(assault: Assault): Promise<void> {
  const catalogues = new Map<AnyParty, readonly BadToken[]>();
  for (const way of assault.ways) {
    assault.step("tokens", `${way.entrypoint} · ${way.transport}`);
    const holder = tokenHolderOn(assault, way);
    if (holder === null) {
      await tryForeignToken(assault, way);
      continue;
    }
    const bad = catalogues.get(holder.base) ?? (await badTokensOf(assault.stage.mint, holder.member));
    catalogues.set(holder.base, bad);
    for (const one of bad) await tryBad(assault, way, one);
    await tryTwo(assault, way);
    await tryOtherPlaces(assault, way);
  }
}

/** Somebody whose kind of credential is read here; a refinement of it where the way asks for one. */
function tokenHolderOn(assault: Assault, way: Way): Holder | null {
  const { bearer } = assault.known.get(way)!;
  if (bearer !== null && way.bases.includes(bearer.base)) return bearer;
  const base = way.bases.find(({ scheme }) => scheme.carrier === "authorization");
  return base === undefined ? null : (assault.holders.get(base.name) ?? null);
}

async function tryBad(assault: Assault, way: Way, { rule, what, token }: BadToken): Promise<void> {
  assault.book.checked("credential.anonymous_fallback");
  await mustRefuse(assault, way, rule, what, { present: withToken(token) });
}

/** A signature party reads no tokens: one sent there must not help, nor must a way that reads nothing fall over it. */
async function tryForeignToken(assault: Assault, way: Way): Promise<void> {
  const { nobody } = assault.known.get(way)!;
  const result = await way.attempt({ present: withToken("not.a.token") });
  if (isIn(result) && !isIn(nobody)) assault.book.found("token.malformed", way, "a token that is none", cameOf(result));
}

/** Two credentials at once: which of them is believed must not be anybody's choice. */
export async function tryTwo(assault: Ground, way: Way): Promise<void> {
  const { bearer } = assault.known.get(way)!;
  if (bearer === null) return;
  const good = (await bearer.present({ method: "", url: "", body: "" })).token!;
  const rule = "credential.two";
  if (way.transport === "rpc" || way.transport === "raw-hello") {
    const present = () => ({ token: "not.a.token", headers: [["authorization", `Bearer ${good}`]] as const });
    await mustRefuse(assault, way, rule, "a good token in Authorization and a bad one in the first frame", { present });
    return;
  }
  const twice = (one: string, two: string, what: string) =>
    mustRefuse(assault, way, rule, `two Authorization headers: ${what}`, {
      present: withHeaders(["authorization", `Bearer ${one}`], ["authorization", `Bearer ${two}`]),
    });
  await twice(good, "not.a.token", "good, then bad");
  await twice("not.a.token", good, "bad, then good");
  await twice(good, good, "the same twice");
}

/** Only where nothing presented is refused can another place be told from none. */
export async function tryOtherPlaces(assault: Ground, way: Way): Promise<void> {
  const { bearer, nobody } = assault.known.get(way)!;
  if (bearer === null || isIn(nobody)) return;
  const { token } = await bearer.present({ method: "", url: "", body: "" });
  const query = `access_token=${token}&token=${token}&authorization=${encodeURIComponent(`Bearer ${token}`)}`;
  await mustRefuse(assault, way, "credential.query", "a good token in the query", { present: () => ({ query }) });
  const cookie = `token=${token}; access_token=${token}; authorization=${token}; session=${token}`;
  await mustRefuse(assault, way, "credential.cookie", "a good token in a cookie", {
    present: withHeaders(["cookie", cookie]),
  });
}
