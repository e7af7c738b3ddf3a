/** Owns what is tried for a row of the matrix: keys, states, names, methods and paths, for one caller. */
import type { CompiledActor } from "../actors/entrypoints.ts";
import type { InvokeTarget } from "../actors/types.ts";
import type { AnyParty, By } from "../boundary/party.ts";
import type { Credentials } from "../boundary/verify.ts";
import type { CompiledService, ServiceEntry } from "../services/entrypoints.ts";
import type { Circumstance } from "./circumstance.ts";
import type { Declared, MatrixRow } from "./matrix.ts";
import { type Finding, inState, type ProbeGround, pathOf } from "./probe-attempt.ts";
import type { ProbeCaller } from "./probe-caller.ts";

/** One attempt that is to be made. */
export interface Trial {
  readonly caller: ProbeCaller;
  readonly key: readonly string[];
  readonly circumstance: Circumstance;
  run(): Promise<Finding>;
}

export interface TrialSource {
  readonly declared: Declared;
  readonly ground: ProbeGround;
  readonly states: Readonly<Record<string, unknown>>;
}

type Present = (by: By | readonly AnyParty[]) => Credentials;

/** Every attempt for one caller at one row. */
export function trialsOf(source: TrialSource, row: MatrixRow, caller: ProbeCaller, present: Present): readonly Trial[] {
  return row.of === "service" ? serviceTrials(source, row, caller, present) : actorTrials(source, row, caller, present);
}

function actorTrials(source: TrialSource, row: MatrixRow, caller: ProbeCaller, present: Present): readonly Trial[] {
  const { ground } = source;
  const compiled = source.declared.actors.get(row.owner)!;
  if (row.kind === "connect") {
    return [{ caller, key: [], circumstance: {}, run: async () => ground.connect(compiled, present(compiled.bases)) }];
  }
  const places = placesFor(caller, row.owner);
  if (row.kind === "create") {
    return places.map(({ key, place }) => ({
      caller,
      key,
      circumstance: place,
      run: () => ground.createActor(compiled, key, present),
    }));
  }
  return places.flatMap(({ key, place }) =>
    statesOf(source, compiled).flatMap(({ actor, state }) =>
      targetsOf(row).map(({ target, what }) => ({
        caller,
        key,
        circumstance: { ...place, ...state, ...what },
        run: () => ground.invokeActor(actor, target, key, present),
      })),
    ),
  );
}

function serviceTrials(source: TrialSource, row: MatrixRow, caller: ProbeCaller, present: Present): readonly Trial[] {
  const { ground, declared } = source;
  const entry = entryOf(declared.services.find(({ name }) => name === row.owner)!, row);
  if (entry === undefined) return [];
  const at = (path: string, circumstance: Circumstance): Trial => ({
    caller,
    key: [],
    circumstance,
    run: () => ground.invokeService(entry, path, present),
  });
  if (entry.kind !== "http") return [at("/", {})];
  if (pathOf(entry, "a") === pathOf(entry, "b")) return [at(pathOf(entry, "a"), {})];
  return [
    at(pathOf(entry, caller.subject ?? "lobby"), { place: "identity = path parameter" }),
    at(pathOf(entry, "somebody-else"), { place: "identity ≠ path parameter" }),
  ];
}

/** Keys to decide under: the caller's own, another's, one with it as a part. */
function placesFor(
  { subject }: ProbeCaller,
  owner: string,
): readonly { readonly key: readonly string[]; readonly place: Circumstance }[] {
  if (subject === null) return [{ key: ["lobby"], place: {} }];
  const own = subject.includes("/") ? subject.slice(subject.indexOf("/") + 1) : subject;
  const itself = subject.startsWith(`${owner}/`) ? " (the actor itself)" : "";
  return [
    { key: [own], place: { place: `identity = key${itself}` } },
    { key: ["somebody-else"], place: { place: "identity ≠ key" } },
    { key: [own, "lobby"], place: { place: "identity = first part of the key" } },
  ];
}

function statesOf(
  { states }: TrialSource,
  compiled: CompiledActor,
): readonly { readonly actor: CompiledActor; readonly state: Circumstance }[] {
  if (!Object.hasOwn(states, compiled.name)) return [{ actor: compiled, state: {} }];
  return [
    { actor: compiled, state: { state: "in the initial state" } },
    { actor: inState(compiled, states[compiled.name]), state: { state: "in the given state" } },
  ];
}

/** Names a `*` row is tried with: one that nobody declares, and one that every object has. */
const UNDECLARED = ["undeclared", "constructor"];
/** Methods that a raw request is tried with. */
const METHODS = ["GET", "POST"];

/** What a row of an actor is asked for; none for rows that are not gated by `canInvoke`. */
export function targetsOf(row: MatrixRow): readonly { readonly target: InvokeTarget; readonly what: Circumstance }[] {
  const { kind, name } = row;
  if (kind === "request") {
    return METHODS.map((method) => ({ target: { kind, method, path: "/" }, what: { what: `method ${method}` } }));
  }
  if (kind === "websocket") return [{ target: { kind, method: "GET", path: "/" }, what: {} }];
  if (kind !== "action" && kind !== "queue" && kind !== "subscribe") return [];
  if (name !== "*") return [{ target: { kind, name: name! }, what: {} }];
  return UNDECLARED.map((undeclared) => ({
    target: { kind, name: undeclared },
    what: { what: `named ${undeclared}` },
  }));
}

/** The entrypoint behind a row of a service; undefined for those nobody can call. */
export function entryOf(service: CompiledService, { kind, name = "" }: MatrixRow): ServiceEntry | undefined {
  if (kind === "http") return service.routes.find((route) => route.name === name);
  return kind === "call" ? service.calls.get(name) : undefined;
}
