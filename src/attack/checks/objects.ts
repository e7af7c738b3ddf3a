/**
 * Owns what belongs to somebody: where a probe found that a caller gets in at their own key, or path, and not at another's, the
 * owner comes first and another caller of the same party afterwards. What was kept for one must not be given to the other.
 */
import type { ProbedRow, Witness } from "../../access/probe.ts";
import type { Member } from "../../access/verdict.ts";
import { findTwo } from "../../access/witness.ts";
import { baseOf } from "../../boundary/party.ts";
import { keyText } from "../../protocol/key.ts";
import { type Assault, isIn, mustRefuse } from "../assault.ts";
import { withToken } from "../holders.ts";
import type { Attempt, Way } from "../way.ts";

export async function tryObjects(assault: Assault): Promise<void> {
  for (const way of assault.ways) {
    if (!("why" in way.row)) continue;
    for (const column of assault.columns) {
      if (assault.holders.get(column.name)?.kind === "token") await tryColumn(assault, way, column);
    }
  }
}

async function tryColumn(assault: Assault, way: Way, column: Member): Promise<void> {
  const witnesses = (way.row as ProbedRow).why[column.name] ?? [];
  const own = witnesses.find(({ verdict, when }) => verdict === "allow" && when !== undefined && OWN.test(when));
  const isKeptApart = witnesses.some(
    ({ verdict, when }) => verdict === "403" && when !== undefined && FOREIGN.test(when),
  );
  const subject = own?.caller?.subject;
  if (own === undefined || !isKeptApart || subject == null) return;
  const other = (await findTwo(baseOf(column))).find((accepted) => accepted.subject !== subject)?.subject;
  if (other === undefined) return;
  assault.step("objects", `${way.entrypoint} · ${way.transport}`);
  assault.book.checked("matrix.foreign_object");
  const place = placeOf(way, own, subject);
  const as = async (sub: string): Promise<Attempt> => {
    const claims = { ...own.caller?.claims, sub };
    return { ...place, present: withToken(await assault.stage.mint.token(column, { claims })) };
  };
  if (!isIn(await way.attempt(await as(subject)))) return;
  await mustRefuse(
    assault,
    way,
    "matrix.foreign_object",
    `${other} after ${subject}, at what is ${subject}'s`,
    await as(other),
  );
}

/** As the probe words its circumstances; others, such as states, an attack cannot bring about. */
const OWN = /^identity = (?:key|path parameter)$/;
const FOREIGN = /^identity ≠ (?:key|path parameter)$/;

function placeOf(way: Way, { key }: Witness, subject: string): Pick<Attempt, "key" | "name"> {
  return way.actor === null ? { name: subject } : { key: keyText(key ?? [subject]) };
}
