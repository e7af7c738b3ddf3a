/**
 * Owns ways to break the gate: one change of the source each, which the model must find. A change whose text is no longer
 * there fails too, so that the list follows the source.
 */

export interface Mutation {
  /** What the broken gate does. */
  readonly name: string;
  /** Below `src/`. */
  readonly file: string;
  readonly edits: readonly (readonly [from: string, to: string])[];
}

const mutation = (name: string, file: string, ...edits: Mutation["edits"]): Mutation => ({ name, file, edits });

export const MUTATIONS: readonly Mutation[] = [
  mutation("a failed credential becomes a visitor", "boundary/verify.ts", [
    'if (failure !== null || channel.kind !== "external") break;',
    'if (channel.kind !== "external") break;',
  ]),
  mutation("an actor that may not come becomes a visitor", "boundary/verify.ts", [
    'if (failure !== null || channel.kind !== "external") break;',
    "if (failure !== null) break;",
  ]),
  mutation("after a scheme that failed no other is tried", "boundary/verify.ts", [
    "failure = moreTelling(failure, result);\n      continue;",
    "failure = moreTelling(failure, result);\n      break;",
  ]),
  mutation("an expired credential is told as a wrong one", "boundary/verify.ts", [
    'const outcome = failure?.outcome ?? "unauthenticated";',
    'const outcome = "unauthenticated" as const;',
  ]),
  mutation("the invariant is not asked", "boundary/verify.ts", [
    "!member.requires.evaluate(proof.evidence.claims)",
    "false",
  ]),
  mutation("a failed invariant is 401", "boundary/verify.ts", [
    'refusal: new Refusal("forbidden", { reason: `invariant',
    'refusal: new Refusal("unauthenticated", { reason: `invariant',
  ]),
  mutation("an identity that its schema refuses is taken", "boundary/verify.ts", [
    'if (checked.issues !== undefined) return { status: "failed", outcome: "unauthenticated", reason: "identity.invalid" };',
    "",
  ]),
  mutation("what is true-ish allows", "boundary/gate.ts", [
    "if (verdict === true) return null;",
    "if (verdict && verdict !== EXPIRED) return null;",
  ]),
  mutation("code that throws allows", "boundary/gate.ts", [
    'return new Refusal("fault", { reason: "can_invoke.threw", cause: error });',
    "return null;",
  ]),
  mutation("code that hangs allows", "boundary/gate.ts", [
    'if (verdict === EXPIRED) return new Refusal("fault", { reason: "can_invoke.deadline" });',
    "if (verdict === EXPIRED) return null;",
  ]),
  mutation("the lease is not checked after canInvoke", "boundary/gate.ts", [
    "  const end = passage.leaseEnd();\n  if (end !== null) return endedLease(end);\n  return passage.lookUp",
    "  return passage.lookUp",
  ]),
  mutation("the name is looked up before canInvoke", "boundary/gate.ts", [
    "  const context = passage.createContext(caller);\n  const decided = decide(passage, context);",
    "  const unknown = passage.lookUp?.() ?? null;\n  if (unknown !== null) return unknown;\n" +
      "  const context = passage.createContext(caller);\n  const decided = decide(passage, context);",
  ]),
  mutation("what a denied canInvoke changed is kept", "boundary/gate.ts", [
    "passage.endDecision?.(context, refusal === null);",
    "passage.endDecision?.(context, true);",
  ]),
  mutation("limits by caller are not asked", "boundary/gate.ts", ["if (limited !== null) return limited;", ""]),
  mutation("a revocation spares tokens of its own second", "boundary/lease.ts", [
    "subject.issuedAt <= row.issuedBefore;",
    "subject.issuedAt < row.issuedBefore - 999;",
  ]),
  mutation("a renewal may change the subject", "boundary/lease.ts", [
    "old === undefined || subjectText(old) !== subjectText(proof)",
    "old === undefined",
  ]),
  mutation("a duplicate runs again", "actors/stateless.ts", [
    "const beginning = instance.deliveries.begin(call.target, credentials.resolve(call.by).proof);",
    "const beginning = null as MaybePromise<Delivery | null>;",
  ]),
  mutation(
    "replay is judged after canInvoke",
    "actors/stateless.ts",
    [
      "const beginning = instance.deliveries.begin(call.target, credentials.resolve(call.by).proof);",
      "const beginning = null as MaybePromise<Delivery | null>;",
    ],
    [
      "admission = verdict;",
      "admission = verdict;\n      delivery = await instance.deliveries.begin(call.target, credentials.resolve(call.by).proof);\n" +
        "      delivery?.succeeded();",
    ],
  ),
  mutation("the invariant is asked before what is revoked", "actors/stateless.ts", [
    "    if (dead !== null) throw dead;\n    const resolution = credentials.resolve(by);\n    if (resolution.refusal !== null) throw resolution.refusal;",
    "    const resolution = credentials.resolve(by);\n    if (resolution.refusal !== null) throw resolution.refusal;\n    if (dead !== null) throw dead;",
  ]),
  mutation("a revocation while a call is decided is missed", "actors/stateless.ts", [
    "leaseEnd: () => instance.connections.endOf(connection),",
    "leaseEnd: () => connection.leaseEnd(),",
  ]),
  mutation("who may not create is let create", "actors/stateless.ts", [
    '(creator.refusal !== null || isDisguised) && call.mode === "getOrCreate"',
    "false",
  ]),
  mutation("looking up creates", "actors/stateless.ts", ["throw actorNotFound();", "void 0;"]),
  mutation("a connection opens on a revoked credential", "actors/standing.ts", [
    "    const dead = refuseDead(runtime, credentials);\n    if (dead !== null) throw dead;",
    "",
  ]),
  mutation("openings are not counted under an identity", "actors/standing.ts", [
    "    if (limited !== null) throw limited;",
    "    void limited;",
  ]),
  mutation("names of events that nobody declared are open", "actors/gate.ts", [
    "compiled.events === null || compiled.events.has(target.name)",
    "true",
  ]),
  mutation("a guard's own parties are not asked", "actors/gate.ts", [
    "return compiled.actions.get(target.name)?.by ?? compiled.by;",
    "return compiled.by;",
  ]),
  mutation("the lease is not checked after a slow body or schema", "actors/invocation.ts", [
    "    if (end !== null) throw endedLease(end);\n    if (isOutdated(",
    "    void end;\n    if (isOutdated(",
  ]),
  mutation("an older policy holds through a slow body or schema", "actors/second-decision.ts", [
    "if (scope.decidedIn === instance.runtime.epoch) return false;",
    "if (scope !== undefined) return false;",
  ]),
  mutation("a kept decision outlives a renewal", "actors/kept-decisions.ts", [
    "this.#ground.generation === this.#lease.generation && this.#ground.epoch === epoch;",
    "this.#ground.epoch === epoch;",
  ]),
  mutation("a kept decision outlives the policy", "actors/kept-decisions.ts", [
    "this.#ground.generation === this.#lease.generation && this.#ground.epoch === epoch;",
    "this.#ground.generation === this.#lease.generation;",
  ]),
  mutation("a kept decision stands for every entrypoint", "actors/kept-decisions.ts", [
    "isCurrent ? this.#verdicts.get(entry) : undefined",
    "isCurrent ? [...this.#verdicts.values()][0] : undefined",
  ]),
  mutation("a pure decision sees the state", "boundary/pure.ts", [
    'if (typeof member === "symbol" || Object.hasOwn(facts, member)) return Reflect.get(facts, member);',
    'if (member === "state") return { open: true };\n    if (typeof member === "symbol" || Object.hasOwn(facts, member)) return Reflect.get(facts, member);',
  ]),
  mutation("no decision is kept", "actors/entrypoints.ts", ["isPure: isPure(config.canInvoke),", "isPure: false,"]),
  mutation("decisions of names that nobody declared are kept", "actors/gate.ts", [
    "return compiled.events?.get(target.name) ?? null;",
    "return compiled.events?.get(target.name) ?? compiled;",
  ]),
  mutation("events go out under an old policy", "actors/connection.ts", [
    "subscription.generation === this.lease.generation && subscription.epoch === this.#owner.epoch()",
    "subscription.generation === this.lease.generation",
  ]),
  mutation("a renewal does not ask about subscriptions again", "actors/connections.ts", [
    "    connection.redecideAll();",
    "    for (const one of connection.subscriptions.values()) one.generation = connection.lease.generation;",
  ]),
  mutation("a direct send goes round the event's parties", "actors/connections.ts", [
    "return connection.lease.credentials.admits(by);",
    "return connection.lease.credentials.resolve(by) !== null;",
  ]),
  mutation("a stream carries every event", "actors/sse.ts", ["if (event.name !== this.#name) return;", ""]),
  mutation("a connection outlives its credential", "actors/connection.ts", [
    "if (endsAt === Number.POSITIVE_INFINITY || this.closed) return;",
    "if (endsAt > 0) return;",
  ]),
  mutation("a page of another origin gets a socket", "registry/edge.ts", ["      this.#assertOrigin(inbound);\n", ""]),
  mutation("a failed proof is not counted", "boundary/rate.ts", [
    'failure === null || failure.outcome !== "unauthenticated"',
    "credentials.channel !== undefined",
  ]),
];
