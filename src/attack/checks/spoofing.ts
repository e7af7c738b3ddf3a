/** Owns headers that claim something: identities, methods, origins, hosts. None may change what is decided. */
import { type Assault, cameOf, entrantOf, type Ground, isIn, mustRefuse, onePerActor, waysBy } from "../assault.ts";
import { nothing } from "../holders.ts";
import type { Way } from "../way.ts";
import { type HeaderList, headerOf } from "../wire.ts";

export const FOREIGN = "https://attack.invalid";
const FOREIGN_HOST = "attack.invalid";

/** Bundles of headers that proxies and frameworks are known to believe. */
const CLAIMS: readonly (readonly [what: string, headers: HeaderList])[] = [
  [
    "x-byward-* headers",
    [
      ["x-byward-caller", "service/alice"],
      ["x-byward-identity", "alice"],
      ["x-byward-party", "Scheduler"],
      ["byward-internal", "1"],
    ],
  ],
  [
    "headers of an authenticating proxy",
    [
      ["x-user", "alice"],
      ["x-user-id", "alice"],
      ["x-forwarded-user", "alice"],
      ["x-remote-user", "alice"],
      ["remote-user", "alice"],
      ["x-auth-request-user", "alice"],
    ],
  ],
  [
    "headers of an internal network",
    [
      ["x-internal", "true"],
      ["x-admin", "true"],
      ["x-real-ip", "127.0.0.1"],
      ["x-forwarded-for", "127.0.0.1"],
      ["forwarded", "for=127.0.0.1;by=127.0.0.1"],
    ],
  ],
  [
    "headers that rewrite the path",
    [
      ["x-original-url", "/"],
      ["x-rewrite-url", "/"],
      ["x-forwarded-prefix", "/"],
    ],
  ],
];

const OVERRIDES = ["x-http-method-override", "x-http-method", "x-method-override"];

export async function trySpoofing(assault: Assault): Promise<void> {
  for (const way of assault.ways) {
    assault.step("claims", `${way.entrypoint} · ${way.transport}`);
    await tryClaims(assault, way);
    if (way.transport === "http") await tryOverride(assault, way);
  }
}

/** Only where nothing presented is refused can a claim be told from nothing. */
export async function tryClaims(ground: Ground, way: Way): Promise<void> {
  if (isIn(ground.known.get(way)!.nobody)) return;
  for (const [what, headers] of CLAIMS) {
    await mustRefuse(ground, way, "internal.header", `no credential, and ${what}`, { present: nothing, headers });
  }
}

/** Only where the method itself is denied can an override be told from it. */
async function tryOverride(assault: Assault, way: Way): Promise<void> {
  if (way.row.kind !== "request" && way.row.kind !== "http") return;
  const wanted = way.row.kind === "request" ? "GET" : way.row.name!.split(" ")[0]!;
  const present = entrantOf(assault, way);
  for (const method of ["POST", "GET"].filter((method) => method !== wanted)) {
    const plain = await way.attempt({ present, method });
    if (isIn(plain)) continue;
    const headers = OVERRIDES.map((name) => [name, wanted] as const);
    await mustRefuse(assault, way, "method.override", `${method} with ${OVERRIDES[0]}: ${wanted}`, {
      present,
      method,
      headers,
    });
  }
}

export async function tryOrigins(assault: Assault): Promise<void> {
  const { corsOrigins } = assault.stage.config;
  for (const way of waysBy(assault, "http", "sse")) {
    assault.step("origins", way.entrypoint);
    await tryCors(assault, way);
    await tryHost(assault, way);
  }
  if (corsOrigins.includes("*")) {
    assault.book.notTried("sockets of foreign pages", "setup({ cors }) allows every origin");
    return;
  }
  const sockets = [
    ...onePerActor(waysBy(assault, "rpc"), canEnter(assault)),
    ...onePerActor(waysBy(assault, "raw"), canEnter(assault)),
  ];
  for (const way of sockets) {
    const present = entrantOf(assault, way);
    await tryForeignPages(assault, way);
    await mustRefuse(assault, way, "host.foreign", "Host: attack.invalid", {
      present,
      headers: [["host", FOREIGN_HOST]],
    });
  }
}

/** What browsers send with an upgrade that a foreign page asks for. */
export async function tryForeignPages(ground: Ground, way: Way): Promise<void> {
  const present = entrantOf(ground, way);
  const bundles: readonly (readonly [string, HeaderList])[] = [
    ["a foreign Origin", [["origin", FOREIGN]]],
    ["Origin: null", [["origin", "null"]]],
    [
      "a foreign Origin that X-Forwarded-Host agrees with",
      [
        ["origin", FOREIGN],
        ["x-forwarded-host", FOREIGN_HOST],
        ["x-forwarded-proto", "https"],
      ],
    ],
  ];
  for (const [what, headers] of bundles) {
    await mustRefuse(ground, way, "origin.foreign", `a good credential and ${what}`, { present, headers });
  }
}

function canEnter({ known }: Assault): (way: Way) => boolean {
  return (way) => known.get(way)?.entrant != null;
}

export async function tryCors(assault: Ground, way: Way): Promise<void> {
  const { book } = assault;
  book.checked("cors.reflected");
  const attempts = [
    { present: entrantOf(assault, way), headers: [["origin", FOREIGN]] as const },
    { present: nothing, headers: [["origin", "null"]] as const },
    {
      present: nothing,
      method: "OPTIONS",
      headers: [
        ["origin", FOREIGN],
        ["access-control-request-method", "POST"],
        ["access-control-request-headers", "authorization"],
      ] as const,
    },
  ];
  for (const attempt of attempts) {
    const result = await way.attempt(attempt);
    const allowed = headerOf(result, "access-control-allow-origin");
    const isEchoed = allowed === attempt.headers[0]![1];
    const isWide = allowed === "*" && headerOf(result, "access-control-allow-credentials") === "true";
    if (isEchoed || isWide)
      book.found("cors.reflected", way, `Origin: ${attempt.headers[0]![1]}`, `access-control-allow-origin: ${allowed}`);
  }
}

export async function tryHost(assault: Ground, way: Way): Promise<void> {
  const result = await way.attempt({ present: entrantOf(assault, way), headers: [["host", FOREIGN_HOST]] });
  assault.book.checked("host.foreign");
  if (isIn(result)) assault.book.found("host.foreign", way, `Host: ${FOREIGN_HOST}`, cameOf(result));
}
