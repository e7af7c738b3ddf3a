import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ack,
  actor,
  anyOf,
  bearer,
  claimEquals,
  event,
  hasClaim,
  party,
  queue,
  refine,
  service,
  setup,
  Visitor,
} from "byward";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { mintBearer } from "../boundary/mint.ts";
import { signature } from "../boundary/schemes/signature.ts";
import { declaredMatrix, type EntrypointKind, type MatrixRow } from "./matrix.ts";
import { renderMatrix } from "./render-matrix.ts";
import type { Verdict } from "./verdict.ts";

const User = party("User", { auth: bearer({ secret: "MATRIX_USER" }) });
const Other = party("Other", { auth: bearer({ secret: "MATRIX_OTHER" }) });
const Hook = party("Hook", { auth: signature({ secret: "MATRIX_HOOK", header: "X-Signature" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Editor = refine("Editor", User, claimEquals("role", "editor"));

let ran = 0;
const work = (): number => ++ran;
const answer = (): Response => {
  ran += 1;
  return new Response("ran");
};

/** Actors whose parties differ in every way that matters to a cell. */
const actors = {
  mixed: actor({
    by: anyOf(User, Visitor),
    events: { plain: event(), audit: event() },
    queues: { jobs: queue(), orders: queue() },
    actions: { open: work, ban: work, edit: work, foreign: work, hooked: work, everybody: work },
    guards: {
      actions: {
        ban: { by: Admin },
        edit: { by: Editor },
        foreign: { by: Other },
        hooked: { by: anyOf(Hook, Visitor) },
        everybody: { by: Visitor },
      },
      events: { audit: { by: Admin } },
      queues: { orders: { by: User } },
      request: { by: User },
    },
    onRequest: answer,
  }),
  users: actor({ by: User, actions: { open: work }, guards: { actions: { open: { by: Admin } } } }),
  admins: actor({ by: Admin, actions: { open: work } }),
  strangers: actor({ by: Other, actions: { open: work } }),
  visitors: actor({ by: Visitor, actions: { open: work }, onRequest: answer }),
  decided: actor({ canInvoke: () => true, actions: { open: work } }),
};

const api = service({
  by: anyOf(User, Visitor),
  routes: {
    "GET /api/open": { handle: work },
    "GET /api/users": { by: User, handle: work },
    "GET /api/admins": { by: Admin, handle: work },
    "GET /api/editors": { by: Editor, handle: work },
    "GET /api/others": { by: Other, handle: work },
    "GET /api/hooked": { by: anyOf(Hook, Visitor), handle: work },
  },
  calls: { count: { handle: work } },
  queues: { mail: { handle: () => ack() } },
  crons: { nightly: { schedule: "0 3 * * *", handle: work } },
});
const judged = service({ by: User, canInvoke: () => true, routes: { "GET /judged": { handle: work } } });

const secrets = Object.fromEntries(
  ["MATRIX_USER", "MATRIX_OTHER", "MATRIX_HOOK"].map((name) => [name, randomBytes(48).toString("base64url")]),
);
const registry = setup({ use: actors, services: { api, judged } });
const matrix = declaredMatrix(registry.config);
let url: string;
let close: () => Promise<void>;
let dataDir: string;
let headers: Readonly<Record<string, Readonly<Record<string, string>>>>;

beforeAll(async () => {
  Object.assign(process.env, secrets);
  dataDir = await mkdtemp(join(tmpdir(), "byward-matrix-"));
  ({ url, close } = await registry.serve({ port: 0, dataDir }));
  const bearerOf = async (secret: string, claims: Record<string, unknown> = {}) => ({
    authorization: `Bearer ${await mintBearer({ secret: secrets[secret]!, subject: "alice", now: Date.now(), claims })}`,
  });
  headers = {
    User: await bearerOf("MATRIX_USER"),
    Admin: await bearerOf("MATRIX_USER", { admin: true }),
    Editor: await bearerOf("MATRIX_USER", { role: "editor" }),
    Other: await bearerOf("MATRIX_OTHER"),
    Visitor: {},
  };
});
afterAll(async () => {
  await close();
  await rm(dataDir, { recursive: true });
});

/** What really happens to a caller of this column, as a verdict. */
async function probe(row: MatrixRow, party: string): Promise<Verdict | string> {
  // Creation has a row of its own; everything else is tried on an actor that exists.
  const base = `${url}/actors/${row.owner}/${row.kind === "create" ? party : "there"}`;
  const credential = headers[party]!;
  if (row.kind === "http") return statusOf(await fetch(url + row.name!.slice("GET ".length), { headers: credential }));
  if (row.kind === "connect") return probeSocket(`${base}/connect`, credential["authorization"]);
  if (row.kind === "websocket") return probeUpgrade(`${base}/websocket/`, credential);
  const name = row.name === "*" ? "undeclared" : row.name;
  const post = (path: string, body: string): Promise<Response> =>
    fetch(base + path, { method: "POST", headers: { ...credential, "content-type": "application/json" }, body });
  const ways: Partial<Record<EntrypointKind, () => Promise<Response>>> = {
    create: () => post("", "{}"),
    action: () => post(`/actions/${name}`, "[]"),
    queue: () => post(`/queues/${name}`, '{"body":1}'),
    subscribe: () => fetch(`${base}/events/${name}`, { headers: credential }),
    request: () => fetch(`${base}/request/`, { headers: credential }),
  };
  return statusOf(await ways[row.kind]!());
}

async function statusOf(response: Response): Promise<string> {
  await response.body?.cancel();
  return response.status < 300 ? "allow" : String(response.status);
}

function probeSocket(path: string, authorization: string | undefined): Promise<string> {
  const socket = new WebSocket(path.replace("http", "ws"), "byward.v1");
  const token = authorization?.slice("Bearer ".length);
  socket.on("open", () => socket.send(JSON.stringify({ t: "hello", ...(token === undefined ? {} : { token }) })));
  return firstFrame(socket);
}

function probeUpgrade(path: string, credential: Readonly<Record<string, string>>): Promise<string> {
  return firstFrame(new WebSocket(path.replace("http", "ws"), { headers: credential }));
}

function firstFrame(socket: WebSocket): Promise<string> {
  return new Promise((done, fail) => {
    socket.on("error", fail);
    socket.on("message", (data) => {
      const { t, code } = JSON.parse(String(data)) as { t: string; code: string };
      socket.terminate();
      const statuses: Readonly<Record<string, string>> = { unauthenticated: "401", forbidden: "403", not_found: "404" };
      done(t === "ready" ? "allow" : (statuses[code] ?? code));
    });
  });
}

test("every cell that declarations fix is what a real caller gets", async () => {
  const wrong: string[] = [];
  for (const name of Object.keys(actors)) {
    for (const party of Object.keys(headers)) {
      await fetch(`${url}/actors/${name}/there`, {
        method: "PUT",
        headers: { ...headers[party], "content-type": "application/json" },
      });
    }
  }
  let checked = 0;
  for (const row of matrix.rows) {
    for (const party of Object.keys(headers)) {
      const cell = row.cells[party];
      if (cell === "?" || cell === "-") continue;
      const before = ran;
      const got = await probe(row, party);
      checked += 1;
      const isRight = got === cell || (cell === "404" && got === "403");
      if (!isRight) wrong.push(`${row.owner} ${row.kind} ${row.name ?? ""} ${party}: says ${cell}, is ${got}`);
      if (cell !== "allow" && ran !== before) wrong.push(`${row.owner} ${row.kind} ${row.name ?? ""} ${party}: ran`);
    }
  }
  expect(wrong).toEqual([]);
  // Nothing is left out by accident: a row or column more makes this number larger.
  expect(checked).toBeGreaterThan(250);
});

test("every entrypoint has a row, names that are not declared too", () => {
  const rows = matrix.rows
    .filter(({ owner }) => owner === "mixed")
    .map(({ kind, name }) => [kind, name].join(" ").trim());
  expect(rows).toEqual([
    "connect",
    "create",
    ...["open", "ban", "edit", "foreign", "hooked", "everybody", "*"].map((name) => `action ${name}`),
    ...["jobs", "orders", "*"].map((name) => `queue ${name}`),
    ...["plain", "audit", "*"].map((name) => `subscribe ${name}`),
    "request",
    "websocket",
  ]);
});

test("an entrypoint called * is refused: its row would be hidden behind that of all others, in the lock too", () => {
  const refused = [
    setup({ use: { room: actor({ by: Visitor, actions: { "*": () => 1 } }) } }),
    setup({ use: { room: actor({ by: Visitor, actions: {}, events: { "*": event<number>() } }) } }),
    setup({ use: { room: actor({ by: Visitor, actions: {}, queues: { "*": queue<number>() } }) } }),
  ];
  for (const { config } of refused) expect(() => declaredMatrix(config)).toThrow("[access.name_kept]");
});

test("what code decides is left open", () => {
  const cellOf = (actorName: string, kind: string, name: string, party: string): Verdict | undefined =>
    matrix.rows.find((row) => row.owner === actorName && row.kind === kind && row.name === name)?.cells[party];
  expect(cellOf("decided", "action", "open", "Visitor")).toBe("?");
  expect(cellOf("decided", "action", "open", "Caller")).toBe("?");
  // Two refinements of one party: only the token says whether both hold.
  expect(cellOf("mixed", "action", "ban", "Editor")).toBe("?");
  expect(cellOf("mixed", "action", "ban", "User")).toBe("403");
  expect(cellOf("mixed", "action", "ban", "Caller")).toBe("403");
});

test("entrypoints of services are open to those who have a way to them, each on its channel", () => {
  const rows = matrix.rows.filter(({ of, kind }) => of === "service" && kind !== "http");
  expect(rows.map(({ kind, name, cells }) => [kind, name, cells])).toEqual([
    ["call", "count", cellsOf("-", { Caller: "allow" })],
    ["message", "mail", cellsOf("-", { Producer: "allow" })],
    ["cron", "nightly", cellsOf("-", { Scheduler: "allow" })],
  ]);
  const route = matrix.rows.find(({ name }) => name === "GET /judged");
  expect(route?.cells).toMatchObject({ User: "?", Visitor: "401", Other: "401", Caller: "-", Scheduler: "-" });
  const action = matrix.rows.find(({ owner, name }) => owner === "decided" && name === "open");
  expect(action?.cells).toMatchObject({ Scheduler: "-", Producer: "-" });
});

const cellsOf = (rest: Verdict, cells: Readonly<Record<string, Verdict>>): Record<string, Verdict> => ({
  ...Object.fromEntries(matrix.parties.map(({ name }) => [name, rest])),
  ...cells,
});

test("refinements stand behind their base, and say what they require", () => {
  expect(matrix.parties.map(({ name }) => name)).toEqual([
    "User",
    "Admin",
    "Editor",
    "Other",
    "Hook",
    "Caller",
    "Producer",
    "Scheduler",
    "Visitor",
  ]);
  expect(matrix.parties[1]).toEqual({
    name: "Admin",
    scheme: "bearer",
    refines: { base: "User", requires: 'hasClaim("admin")' },
  });
});

test("the table is aligned and says what its signs mean", () => {
  const { config } = setup({ use: { users: actors.users, decided: actors.decided } });
  expect(renderMatrix(declaredMatrix(config))).toMatchInlineSnapshot(`
    "users                 User   Admin  Caller  Visitor
      connect             allow  allow  403     401
      create              allow  allow  403     401
      action open         403    allow  403     401
      action (any other)  404    404    403     401
      queue (any other)   allow  allow  403     401
      event (any other)   allow  allow  403     401
      request             404    404    403     401
      websocket           404    404    403     401

    decided               User   Admin  Caller  Visitor
      connect             allow  allow  allow   allow
      create              allow  allow  allow   allow
      action open         ?      ?      ?       ?
      action (any other)  404    404    404     404
      queue (any other)   ?      ?      ?       ?
      event (any other)   ?      ?      ?       ?
      request             404    404    404     404
      websocket           404    404    404     404

    Admin = User with hasClaim("admin")
    ? = decided by code, for each call
    404 = nothing is there to reach"
  `);
});
