/** Owns the ways into a service, as the matrix shows them. */
import { type By, baseOf, Caller, membersOf, Producer, Scheduler } from "../boundary/party.ts";
import type { CompiledService } from "../services/entrypoints.ts";
import { afterParty, type Entrypoint, judgeInternal, judgeParty, type Member, type Verdict } from "./verdict.ts";

export type ServiceEntrypointKind = "http" | "call" | "message" | "cron";

/** Every way in of a service. */
export function entrypointsOfService(service: CompiledService): readonly Entrypoint<ServiceEntrypointKind>[] {
  const decided: Verdict = service.config.canInvoke === undefined ? "allow" : "?";
  const named = (
    kind: ServiceEntrypointKind,
    entries: Iterable<{ readonly name: string; readonly by: By }>,
    judge: (by: By, column: Member) => Verdict,
    admitted: Verdict,
  ): readonly Entrypoint<ServiceEntrypointKind>[] =>
    [...entries].map(({ name, by }) => ({ kind, name, judge: (column) => afterParty(judge(by, column), admitted) }));
  return [
    ...named("http", service.routes, judgeRequest, decided),
    ...named("call", service.calls.values(), (by, column) => judgeOn(Caller, by, column), decided),
    // Crons and deliveries are the service's own: canInvoke is not asked about them.
    ...named("message", service.queues.values(), (by, column) => judgeOn(Producer, by, column), "allow"),
    ...named("cron", service.crons, (by, column) => judgeOn(Scheduler, by, column), "allow"),
  ];
}

/** A request always comes from outside: internal calls are never requests (ruling 24). */
function judgeRequest(by: By, column: Member): Verdict {
  return baseOf(column).scheme.kind === "internal" ? "-" : judgeParty(by, column);
}

const PRELUDE: readonly Member[] = [Caller, Scheduler, Producer];

/** An internal entrypoint has one channel; who is not on it has no way to come here. */
function judgeOn(channel: Member, by: By, column: Member): Verdict {
  const base = baseOf(column);
  if (base.scheme.kind !== "internal") return "-";
  const members = membersOf(by);
  if (PRELUDE.includes(column) && column !== channel) return members.includes(column) ? "allow" : "-";
  return members.includes(column) ? "allow" : judgeInternal(members, base);
}
