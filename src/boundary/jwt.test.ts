import fc from "fast-check";
import { expect, test } from "vitest";
import { b64, goodClaims, token } from "../../tests/vectors/tokens.ts";
import { type HeaderRule, type Jwt, MAX_TOKEN_LENGTH, parseJws, parseJwt } from "./jwt.ts";

const RULE: HeaderRule = { algorithms: ["HS256"], type: null };
const read = (text: string, rule = RULE): string => {
  const jwt = parseJwt(text, rule);
  return typeof jwt === "string" ? jwt : "ok";
};
const withHeader = (header: unknown, rule = RULE): string => read(token({ header }), rule);

test("a good token gives its parts", () => {
  const text = token({ header: { alg: "HS256", kid: "k1", typ: "JWT" }, payload: { sub: "alice", n: 1 } });
  const jwt = parseJwt(text, RULE) as Jwt;
  expect(jwt.algorithm).toBe("HS256");
  expect(jwt.kid).toBe("k1");
  expect({ ...jwt.claims }).toEqual({ sub: "alice", n: 1 });
  expect(jwt.signedText).toBe(text.slice(0, text.lastIndexOf(".")));
  expect(jwt.signature.length).toBe(32);
});

test("a token over 8 KiB is refused before anything is decoded", () => {
  const filler = (length: number): string => token({ payload: { ...goodClaims(), filler: "x".repeat(length) } });
  expect(read(filler(8000))).toBe("jwt.too_long");
  expect(read("!".repeat(MAX_TOKEN_LENGTH + 1))).toBe("jwt.too_long");
  expect(read(filler(5000))).toBe("ok");
});

test("exactly three parts, none missing", () => {
  const [header, payload, signature] = token().split(".") as [string, string, string];
  const bad = ["", ".", "..", "a", `${header}.${payload}`, `${header}.${payload}.`, `.${payload}.${signature}`];
  bad.push(`${header}.${payload}.${signature}.`, `${header}.${payload}.${signature}.${signature}`, `${token()}.a.b`);
  for (const text of bad) expect([text, read(text)]).toEqual([text, "jwt.parts"]);
});

test("base64url is strict in every part", () => {
  const [header, payload, signature] = token().split(".") as [string, string, string];
  const bad = [
    `${header}=.${payload}.${signature}`,
    `${header}.${payload} .${signature}`,
    `${header}.${payload}.${signature}=`,
  ];
  bad.push(`${header}.${payload}.${signature.slice(0, -1)}+`, ` ${header}.${payload}.${signature}`);
  for (const text of bad) expect([text, read(text)]).toEqual([text, "jwt.encoding"]);
});

test("the algorithm is the declared one, in its exact case", () => {
  for (const alg of ["none", "None", "NONE", "nOnE", "hs256", "HS384", "RS256", "ES256", "", null, 1, ["HS256"]]) {
    expect([alg, withHeader({ alg })]).toEqual([alg, "jwt.algorithm"]);
  }
  expect(withHeader({})).toBe("jwt.algorithm");
  expect(withHeader('{"__proto__":{"alg":"HS256"}}')).toBe("jwt.algorithm");
});

test("any crit and any b64 is refused", () => {
  for (const crit of [["exp"], ["b64"], [], null, "exp", ["http://example.com/UNDEFINED"]]) {
    expect(withHeader({ alg: "HS256", crit, exp: 1 })).toBe("jwt.critical");
  }
  for (const value of [true, false, null]) expect(withHeader({ alg: "HS256", b64: value })).toBe("jwt.b64");
});

test("key headers are not read", () => {
  const tempting = {
    jku: "https://evil.example/jwks",
    x5u: "https://evil.example/x",
    x5c: ["MII"],
    jwk: { kty: "oct", k: "AA" },
  };
  expect(withHeader({ alg: "HS256", ...tempting })).toBe("ok");
});

test("kid is a string or absent", () => {
  for (const kid of [1, null, {}, ["k"]]) expect(withHeader({ alg: "HS256", kid })).toBe("jwt.kid");
  expect(withHeader({ alg: "HS256", kid: "../../dev/null' OR 1=1" })).toBe("ok");
});

test("typ is JWT or absent unless the party declares another", () => {
  for (const typ of ["JWT", "jwt", "application/jwt"]) expect(withHeader({ alg: "HS256", typ })).toBe("ok");
  for (const typ of ["at+jwt", "logout+jwt", "secevent+jwt", "", null, 1]) {
    expect([typ, withHeader({ alg: "HS256", typ })]).toEqual([typ, "jwt.type"]);
  }
  const access: HeaderRule = { algorithms: ["HS256"], type: "at+jwt" };
  for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt"])
    expect(withHeader({ alg: "HS256", typ }, access)).toBe("ok");
  for (const typ of ["JWT", "jwt", "at", "application/application/at+jwt"]) {
    expect([typ, withHeader({ alg: "HS256", typ }, access)]).toEqual([typ, "jwt.type"]);
  }
  expect(withHeader({ alg: "HS256" }, access)).toBe("jwt.type");
});

test("the header is a strict JSON object", () => {
  const bad = [
    "null",
    "[]",
    '"HS256"',
    "1",
    "{",
    '{"alg":"HS256","alg":"HS256"}',
    '{"alg":"none","\\u0061lg":"HS256"}',
  ];
  bad.push(`{"alg":"HS256","x":${"[".repeat(20)}${"]".repeat(20)}}`, '\ufeff{"alg":"HS256"}');
  for (const header of bad) expect([header, read(token({ header }))]).toEqual([header, "jwt.header"]);
});

test("the payload is a strict JSON object", () => {
  const bad = [
    "null",
    "[]",
    '"x"',
    "1",
    "{",
    '{"sub":"a","sub":"b"}',
    '{"exp":1e999}',
    '{"sub":"\\ud800"}',
    '\ufeff{"sub":"a"}',
  ];
  bad.push(`{"sub":"a","x":${'{"a":'.repeat(17)}1${"}".repeat(17)}}`);
  for (const payload of bad) expect([payload, read(token({ payload }))]).toEqual([payload, "jwt.payload"]);
  const notText = token().split(".") as [string, string, string];
  expect(read(`${notText[0]}.${b64(Uint8Array.of(0xff, 0xfe))}.${notText[2]}`)).toBe("jwt.payload");
});

test("a JWS may have any payload, and an empty one", () => {
  const empty = token({ payload: "" });
  expect(read(empty)).toBe("jwt.payload");
  expect(typeof parseJws(empty, RULE)).toBe("object");
});

test("no input throws", () => {
  const pieces = fc.constantFrom(...token().split("."), ".", "..", "=", "e30", "bnVsbA", "W10", "é", "\u0000");
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: "binary" })), { maxLength: 8 }), (parts) => {
      read(parts.join("."));
      read(parts.join(""));
    }),
    { numRuns: 2_000, verbose: true },
  );
});
