/**
 * Owns `expectAccess`: a table of who may do what, each cell of it tried. Every cell is a real call with a real credential
 * through the real gate; only the handlers behind it do nothing, so that nothing they do or need gets in the way.
 */
import { pathOfRoute } from "../access/route-path.ts";
import type { CompiledActor } from "../actors/entrypoints.ts";
import { OUTCOMES, outcomeOfCode } from "../boundary/outcome.ts";
import { baseOf, Caller, membersOf, Visitor } from "../boundary/party.ts";
import type { ActorHandle, Client } from "../client/types.ts";
import type { Registry } from "../registry/registry.ts";
import type { CompiledService } from "../services/entrypoints.ts";
import { type StubSwitch, withStubs } from "./access-stubs.ts";
import type { Member } from "./credentials.ts";
import { type AsOptions, type SetupTestOptions, setupTest, type TestKit } from "./setup-test.ts";

/** What a caller gets: past the gate, or its refusal. 404: allowed, and nothing is there. */
export type Access = "allow" | 401 | 403 | 404;

/** What each party gets, by its name; `Visitor` presents nothing. `else` stands for every party not named. */
export type AccessRow = Readonly<Record<string, Access>>;

/**
 * By actor or service, by entrypoint: `action ban`, `queue jobs`, `subscribe messages`, `request`, `websocket`; for services
 * the route (`GET /users/:id`). `connect` and `create` may be added. Every entrypoint must be there.
 */
export type AccessMatrix = Readonly<Record<string, Readonly<Record<string, AccessRow>>>>;

export interface ExpectAccessOptions extends SetupTestOptions {
  /** Who stands for a party, by its name: `{ User: { sub: "ada" } }`. */
  readonly callers?: Readonly<Record<string, AsOptions>>;
  /** The actor that is called. Default: another new one for each cell. */
  readonly key?: string | readonly string[];
  /** Input of actors that a cell creates. */
  readonly input?: unknown;
  /** Brings actors into the state that decisions rest on, with the real handlers. */
  readonly prepare?: (kit: TestKit<Registry>) => Promise<void>;
}

/** Some cells are not as expected. The message names each. */
export class AccessMismatch extends Error {
  override readonly name = "AccessMismatch";
  readonly cells: readonly string[];
  constructor(cells: readonly string[]) {
    super(`Access is not as expected:\n${cells.map((cell) => `  ${cell}`).join("\n")}`);
    this.cells = cells;
  }
}

/**
 * Tries every cell of `matrix` against the registry's definitions.
 *
 * @throws AccessMismatch naming each cell that differs, each entrypoint and party that the matrix leaves out, and each
 *   name in it that does not exist
 */
export async function expectAccess<R extends Registry>(
  registry: R,
  matrix: AccessMatrix,
  options: ExpectAccessOptions = {},
): Promise<void> {
  const stubs: StubSwitch = { isPreparing: true };
  await using kit: TestKit<Registry> = await setupTest<Registry>(null, withStubs(registry, stubs), options);
  await options.prepare?.(kit);
  stubs.isPreparing = false;
  const subjects = subjectsOf(registry);
  const wrong = missingNames(matrix, subjects);
  let cell = 0;
  for (const subject of subjects) {
    for (const entrypoint of subject.entrypoints) {
      const row = matrix[subject.name]?.[entrypoint.label];
      if (row === undefined) continue;
      for (const column of columnsFor(subject, entrypoint)) {
        const expected = row[column.name] ?? row["else"];
        const place = `${subject.name} · ${entrypoint.label} · ${column.name}`;
        if (expected === undefined) wrong.push(`${place}: nothing is expected of it`);
        else {
          const key = options.key ?? `cell-${cell++}`;
          const got = await attempt({ kit, subject, entrypoint, column, key, options });
          if (got !== expected) wrong.push(`${place}: expected ${expected}, got ${got}`);
        }
      }
    }
  }
  if (wrong.length > 0) throw new AccessMismatch(wrong);
}

type Kind = "action" | "queue" | "subscribe" | "request" | "websocket" | "connect" | "create" | "http";

interface Entrypoint {
  readonly kind: Kind;
  readonly name: string;
  readonly label: string;
  /** Whether a matrix must mention it. */
  readonly isRequired: boolean;
}

interface Subject {
  readonly name: string;
  readonly entrypoints: readonly Entrypoint[];
  readonly columns: readonly Member[];
}

function subjectsOf({ config }: Registry): readonly Subject[] {
  return [...[...config.actors.values()].map(actorSubject), ...config.services.map(serviceSubject)];
}

function actorSubject(actor: CompiledActor): Subject {
  const named = (kind: Kind, names: Iterable<string>): Entrypoint[] =>
    [...names].map((name) => ({ kind, name, label: `${kind} ${name}`, isRequired: true }));
  const plain = (kind: Kind, isRequired: boolean): Entrypoint => ({ kind, name: "", label: kind, isRequired });
  return {
    name: actor.name,
    entrypoints: [
      ...named("action", actor.actions.keys()),
      ...named("queue", actor.queues?.keys() ?? []),
      ...named("subscribe", actor.events?.keys() ?? []),
      plain("request", actor.config.onRequest !== undefined),
      plain("websocket", actor.config.onWebSocket !== undefined),
      plain("connect", false),
      plain("create", false),
    ],
    columns: columnsOf(actor.allBy.flatMap(membersOf)),
  };
}

function serviceSubject(service: CompiledService): Subject {
  return {
    name: service.name,
    entrypoints: service.routes.map(({ name }) => ({ kind: "http", name, label: name, isRequired: true })),
    columns: columnsOf(service.routes.flatMap(({ by }) => membersOf(by))),
  };
}

/** Every party named, callers without one, and other actors. The actor's own schedule and sends come through no entrypoint. */
function columnsOf(members: readonly Member[]): readonly Member[] {
  const proving = members.filter((member) => member.name !== "Scheduler" && member.name !== "Producer");
  return [...new Set<Member>([...proving.flatMap((member) => [baseOf(member), member]), Caller, Visitor])];
}

/** Internal calls have no sockets, and a signature covers a body: neither is tried where it cannot be. */
function columnsFor({ columns }: Subject, { kind }: Entrypoint): readonly Member[] {
  const onSocket = kind === "websocket" || kind === "connect";
  return columns.filter((column) => {
    const scheme = baseOf(column).scheme.kind;
    if (scheme === "internal") return !onSocket && kind !== "subscribe" && kind !== "http";
    return !(scheme === "signature" && onSocket);
  });
}

function missingNames(matrix: AccessMatrix, subjects: readonly Subject[]): string[] {
  const wrong: string[] = [];
  for (const { name, entrypoints, columns } of subjects) {
    const rows = matrix[name] ?? {};
    for (const { label, isRequired } of entrypoints) {
      if (isRequired && rows[label] === undefined) wrong.push(`${name} · ${label}: the matrix does not mention it`);
    }
    for (const [label, row] of Object.entries(rows)) {
      const entrypoint = entrypoints.find((known) => known.label === label);
      if (entrypoint === undefined) wrong.push(`${name} · ${label}: there is no such entrypoint`);
      for (const party of Object.keys(row)) {
        if (party === "else" || columns.some((column) => column.name === party)) continue;
        wrong.push(`${name} · ${label} · ${party}: no entrypoint of "${name}" names this party`);
      }
    }
  }
  for (const name of Object.keys(matrix)) {
    if (!subjects.some((subject) => subject.name === name)) wrong.push(`${name}: there is no such actor or service`);
  }
  return wrong;
}

interface Attempt {
  readonly kit: TestKit<Registry>;
  readonly subject: Subject;
  readonly entrypoint: Entrypoint;
  readonly column: Member;
  readonly key: string | readonly string[];
  readonly options: ExpectAccessOptions;
}

async function attempt(cell: Attempt): Promise<Access | string> {
  const { kit, subject, entrypoint, column, key, options } = cell;
  const logged = kit.log.length;
  try {
    const who = options.callers?.[column.name] ?? {};
    const client = kit.as(column, who) as Client;
    const input = options.input === undefined ? {} : { createWithInput: options.input };
    if (entrypoint.kind === "http") return await tryRoute(cell, who);
    if (entrypoint.kind === "create") {
      const unique = [...[key].flat(), entrypoint.kind, column.name];
      await client.create(subject.name, unique, options.input === undefined ? {} : { input: options.input });
      return "allow";
    }
    return await tryHandle(cell, client.getOrCreate(subject.name, key, input), who);
  } catch (error) {
    return accessOf(error, kit, logged);
  }
}

async function tryHandle(cell: Attempt, handle: ActorHandle, who: AsOptions): Promise<Access | string> {
  const { entrypoint } = cell;
  switch (entrypoint.kind) {
    case "action":
      await handle.action({ name: entrypoint.name, args: [] });
      return "allow";
    case "queue":
      await handle.send(entrypoint.name, null);
      return "allow";
    case "request":
      return accessOfStatus((await handle.fetch("/")).status);
    case "subscribe":
      return trySubscription(cell, who);
    case "websocket":
      (await handle.webSocket("/")).close();
      return "allow";
    default:
      return tryConnection(handle);
  }
}

/** As Server-Sent Events: refused before anything is sent, or open. */
function trySubscription(cell: Attempt, who: AsOptions): Promise<Access | string> {
  const { subject, entrypoint, key } = cell;
  const path = [key].flat().map(encodeURIComponent).join(",");
  return tryRequest(cell, `/actors/${subject.name}/${path}/events/${encodeURIComponent(entrypoint.name)}`, "GET", who);
}

function tryRoute(cell: Attempt, who: AsOptions): Promise<Access | string> {
  const [method = "GET"] = cell.entrypoint.name.split(" ");
  return tryRequest(cell, pathOfRoute(cell.entrypoint.name, "x"), method, who);
}

async function tryRequest(
  { kit, column }: Attempt,
  path: string,
  method: string,
  who: AsOptions,
): Promise<Access | string> {
  const logged = kit.log.length;
  const body = method === "GET" || method === "HEAD" ? undefined : "null";
  const url = kit.url + path;
  const headers = await credentialsOf(kit, column, url, body ?? "", who);
  const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const response = await kit.fetch(url, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  await response.body?.cancel();
  return response.status >= 500 ? describeFault(kit, logged) : accessOfStatus(response.status);
}

async function credentialsOf(
  kit: TestKit<Registry>,
  column: Member,
  url: string,
  body: string,
  who: AsOptions,
): Promise<Record<string, string>> {
  const { kind } = baseOf(column).scheme;
  if (kind === "bearer" || kind === "oidc") return { authorization: `Bearer ${await kit.mint(column, who)}` };
  if (kind === "signature") return kit.sign(column, body, { url, id: crypto.randomUUID() });
  return {};
}

async function tryConnection(handle: ActorHandle): Promise<Access> {
  const connection = handle.connect();
  try {
    await new Promise<void>((resolve, reject) => {
      connection.onOpen(resolve);
      connection.onError(reject);
    });
    return "allow";
  } finally {
    await connection.dispose();
  }
}

/** What a cell comes to whose call the gate never decided. */
const LIMITED = "429: a limit refused the call before the gate decided; test it apart from limits.rate";

function accessOfStatus(status: number): Access | string {
  if (status === 401 || status === 403 || status === 404) return status;
  if (status === 429) return LIMITED;
  return status >= 500 ? `${status}` : "allow";
}

/** What an error means for access: a code of the payload comes after the gate, and a `UserError` of a hook denies. */
function accessOf(error: unknown, kit: TestKit<Registry>, logged: number): Access | string {
  const { group, code } = error as { readonly group?: unknown; readonly code?: unknown };
  if (group === "user") return 403;
  const isFound = group !== "client" && typeof code === "string";
  if (isFound && code === "not_found") return 404;
  const outcome = isFound ? outcomeOfCode(String(group), code) : null;
  if (outcome === "fault") return describeFault(kit, logged);
  // A full queue is met behind the gate, a limit before it.
  if (outcome === "overloaded" && group === "byward") return LIMITED;
  if (outcome === "overloaded") return "allow";
  if (outcome !== null) return accessOfStatus(OUTCOMES[outcome].status);
  return isFound ? "allow" : String(error);
}

function describeFault(kit: TestKit<Registry>, logged: number): string {
  const line = kit.log.slice(logged).find(({ level }) => level === "error");
  const { reason, err } = (line?.fields ?? {}) as { readonly reason?: string; readonly err?: unknown };
  return `a fault (${reason ?? "unknown"}${err instanceof Error ? `: ${err.message}` : ""})`;
}
