/**
 * Owns what an attack may find: one rule for each hole, with how bad it is, what should have happened, how it is mended, and
 * the requirement of OWASP ASVS 5.0 it breaks. Ids are stable: reports and CI filters rest on them. Where no single requirement
 * is known to fit, the chapter alone is given.
 */

export type Severity = "critical" | "high" | "medium" | "low";

export interface Rule {
  readonly title: string;
  readonly severity: Severity;
  /** Requirements of OWASP ASVS 5.0, such as `9.1.2`; a chapter, such as `V14`, where no requirement is known. */
  readonly asvs: readonly string[];
  readonly expected: string;
  readonly fix: string;
}

const rule = (severity: Severity, asvs: readonly string[], title: string, expected: string, fix: string): Rule =>
  Object.freeze({ title, severity, asvs, expected, fix });

const REFUSED = "refused before any handler runs (401, or close 3000)";
const VERIFY = "Verify credentials with the party's scheme alone; do not accept what it refused.";
const SIGNED = "Verify with the party's format over the exact bytes received.";

export const RULES = Object.freeze({
  "matrix.wider": rule(
    "critical",
    ["8.2.1"],
    "Somebody passes whom the matrix denies",
    "refused as the matrix says",
    "Send every request through the gate: no handler is reached another way.",
  ),
  "matrix.foreign_object": rule(
    "critical",
    ["8.2.2"],
    "Somebody reaches what is another's",
    "refused as the matrix says: who is not the owner is denied",
    "Decide on the key and the identity at every call; share no answer between callers.",
  ),
  "access.widened": rule(
    "high",
    ["8.1.1"],
    "Access is wider than the lock agreed to",
    "what access.lock says",
    "Narrow it again, or agree to it: byward access <entry> --write.",
  ),
  "credential.anonymous_fallback": rule(
    "high",
    ["16.5.3"],
    "A credential that failed is taken for a visitor",
    REFUSED,
    "Refuse what was presented and verified nowhere; visitors are those who presented nothing.",
  ),
  "credential.two": rule(
    "high",
    ["1.5.3"],
    "One of two credentials is chosen",
    REFUSED,
    "Refuse a repeated Authorization header; two parsers choose differently.",
  ),
  "credential.query": rule(
    "high",
    ["V14"],
    "A token in the URL is accepted",
    "taken for no credential",
    "Take tokens from Authorization or the first frame only: URLs are logged and shared.",
  ),
  "credential.cookie": rule(
    "high",
    ["3.5.1"],
    "A token in a cookie is accepted",
    "taken for no credential",
    "Read no cookies: browsers send them with requests of foreign pages.",
  ),
  "token.malformed": rule("critical", ["9.1.1"], "A malformed token is accepted", REFUSED, VERIFY),
  "token.oversized": rule(
    "medium",
    ["15.4.4"],
    "A token over 8 KiB is read",
    REFUSED,
    "Cap credentials before decoding them.",
  ),
  "token.expired": rule(
    "critical",
    ["9.2.1"],
    "An expired token is accepted",
    REFUSED,
    "Check exp at every use, with at most 30 s of skew.",
  ),
  "token.not_yet_valid": rule("high", ["9.2.1"], "A token is accepted before its nbf", REFUSED, "Check nbf."),
  "token.audience": rule(
    "high",
    ["9.2.3"],
    "A token for another audience is accepted",
    REFUSED,
    "Compare aud with the declared audience.",
  ),
  "token.issuer": rule(
    "high",
    ["9.1.3"],
    "A token of another issuer is accepted",
    REFUSED,
    "Compare iss with the declared issuer.",
  ),
  "token.type": rule(
    "medium",
    ["9.2.2"],
    "A token of another type is accepted",
    REFUSED,
    "Require the typ that the party declares.",
  ),
  "token.signature": rule(
    "critical",
    ["9.1.1"],
    "A token with a wrong signature is accepted",
    REFUSED,
    "Verify the signature before anything in the token is believed.",
  ),
  "token.alg_none": rule(
    "critical",
    ["9.1.2"],
    "An unsigned token (alg none) is accepted",
    REFUSED,
    "Fix the algorithm in code; never take it from the header.",
  ),
  "token.alg_confusion": rule(
    "critical",
    ["9.1.2"],
    "A token under another algorithm is accepted",
    REFUSED,
    "A key carries its algorithm: one per party, never from the header.",
  ),
  "token.embedded_key": rule(
    "critical",
    ["9.1.3"],
    "A key that the token brings is trusted",
    REFUSED,
    "Ignore jwk, jku, x5u and x5c; keys come from configuration.",
  ),
  "token.kid": rule(
    "critical",
    ["9.1.3"],
    "The kid chooses a key of the attacker",
    REFUSED,
    "Use kid as a name among configured keys, never as a path or query.",
  ),
  "token.crit": rule(
    "medium",
    ["9.1.1"],
    "A critical header that nobody understands is ignored",
    REFUSED,
    "Refuse any crit (RFC 7515 §4.1.11).",
  ),
  "token.claims": rule(
    "high",
    ["9.2.1"],
    "A token with unusable claims is accepted",
    REFUSED,
    "Require sub and a numeric exp; refuse members that stand twice.",
  ),
  "delivery.unsigned": rule("critical", ["4.1.5"], "A delivery without a good signature is accepted", REFUSED, SIGNED),
  "delivery.tampered": rule(
    "critical",
    ["4.1.5"],
    "A delivery with another body than was signed is accepted",
    REFUSED,
    SIGNED,
  ),
  "delivery.stale": rule(
    "high",
    ["4.1.5"],
    "A delivery from outside its window is accepted",
    REFUSED,
    "Compare the signed time with now, both ways.",
  ),
  "delivery.timestamp_unsigned": rule(
    "high",
    ["4.1.5"],
    "The time of a delivery is not inside its signature",
    REFUSED,
    "Sign the time together with the body, and verify both.",
  ),
  "delivery.two": rule(
    "high",
    ["1.5.3"],
    "One of two signature headers is chosen",
    REFUSED,
    "Refuse a repeated signature header.",
  ),
  "delivery.oversized": rule(
    "medium",
    ["15.4.4"],
    "A signature header over 4 KiB is read",
    REFUSED,
    "Cap the signature header before decoding it.",
  ),
  "delivery.replayed": rule(
    "high",
    ["2.4.1"],
    "The same delivery runs twice",
    "200 with Byward-Duplicate, and no second run",
    "Remember ids of deliveries in the commit of their effect.",
  ),
  "delivery.raced": rule(
    "high",
    ["15.4.2"],
    "The same delivery, sent at once several times, runs more than once",
    "one run",
    "Reserve the id before the handler runs: no check and then act.",
  ),
  "lease.late": rule(
    "high",
    ["7.4.1"],
    "A connection outlives its credential",
    "closed when the credential ends (3000, or a last event `expired`)",
    "Give connections the end of their credential, and check it at every delivery.",
  ),
  "lease.revoked": rule(
    "high",
    ["7.4.2"],
    "A revoked credential still works",
    "closed and refused once revoke() has returned",
    "Check revocations at every use; close connections before confirming.",
  ),
  "internal.header": rule(
    "critical",
    ["4.1.3"],
    "A header claims an identity, and is believed",
    "the same answer as without the header",
    "Take internal identity from no request; strip such headers at the edge.",
  ),
  "method.override": rule(
    "high",
    ["4.1.4"],
    "A header overrides the method",
    "the same answer as without the header",
    "Ignore X-HTTP-Method-Override and its like.",
  ),
  "path.confusion": rule(
    "high",
    ["1.5.3"],
    "A path is read differently from how it was written",
    "400 or 404",
    "Route once, on the raw path; refuse dot segments, encoded slashes and backslashes.",
  ),
  "name.prototype": rule(
    "high",
    ["V15"],
    "A name that every object inherits is reachable",
    "the same answer as for a name nobody declared",
    "Look names up with Object.hasOwn, or in a Map.",
  ),
  "name.pollution": rule(
    "critical",
    ["V15"],
    "A body changes what every object inherits",
    "a member named __proto__ is data",
    "Parse into objects without setters; never merge input into objects.",
  ),
  "body.unbounded": rule(
    "high",
    ["15.4.4"],
    "A body past every limit is read to its end",
    "413, or an answer before the body has ended",
    "Read bodies with a limit; count bytes as they come.",
  ),
  "body.fault": rule(
    "low",
    ["16.5.3"],
    "Malformed input makes the server fail",
    "400",
    "Parse strictly and refuse; a 500 is a defect somebody can cause.",
  ),
  "body.media_type": rule(
    "medium",
    ["3.5.1"],
    "A body that any page can make a browser send is accepted",
    "415",
    "Require application/json or application/cbor.",
  ),
  "frame.early": rule(
    "critical",
    ["8.3.1"],
    "A frame is handled before the caller is admitted",
    "close 1008, and nothing runs",
    "Hold nothing and run nothing before admission.",
  ),
  "frame.malformed": rule(
    "medium",
    ["1.5.2"],
    "A malformed frame is tolerated",
    "an error and close 1008, and nothing of it runs",
    "Refuse frames with unknown, missing or mistyped members.",
  ),
  "frame.unbounded": rule(
    "high",
    ["15.4.4"],
    "A frame past every limit is taken",
    "close 1009",
    "Set the limit of frames at the transport.",
  ),
  "origin.foreign": rule(
    "high",
    ["4.4.2"],
    "A foreign page opens a socket",
    "an error frame and close 3003",
    "Check Origin against the own origin and cors.origins, on the request as the browser sent it.",
  ),
  "host.foreign": rule(
    "high",
    ["V4"],
    "A foreign Host name is answered on loopback",
    "403",
    "Accept loopback names only where only loopback listens (DNS rebinding).",
  ),
  "cors.reflected": rule(
    "high",
    ["3.5.2"],
    "A foreign origin may read the answers",
    "no Access-Control-Allow-Origin for it",
    "Name the origins in setup({ cors }); never echo Origin.",
  ),
  "leak.stack": rule(
    "medium",
    ["16.5.1"],
    "An answer shows a stack",
    "a code and a correlation id",
    "Log errors; tell callers the code only.",
  ),
  "leak.path": rule(
    "medium",
    ["16.5.1"],
    "An answer shows a path of the server",
    "a code and a correlation id",
    "Log errors; tell callers the code only.",
  ),
  "leak.secret": rule(
    "critical",
    ["13.3.1"],
    "An answer shows a secret",
    "no secret leaves the server",
    "Never put secrets, environment or configuration into answers.",
  ),
  "leak.existence": rule(
    "medium",
    ["8.2.2"],
    "Who is denied learns whether an actor exists",
    "the same answer for keys that exist and keys that do not",
    "Decide before looking up; answer alike.",
  ),
  "leak.existence_timing": rule(
    "low",
    ["8.2.2"],
    "Who is denied can measure whether an actor exists",
    "the same time for keys that exist and keys that do not",
    "Decide before looking up; do the same work either way.",
  ),
  "log.injection": rule(
    "medium",
    ["16.4.1"],
    "Input writes lines of its own into the log",
    "input is escaped",
    "Log through c.log, or escape control characters.",
  ),
  "log.secret": rule(
    "high",
    ["16.2.5"],
    "The log holds a secret or a token",
    "no credential is logged",
    "Log digests, never credentials.",
  ),
  "flood.pending": rule(
    "high",
    ["15.4.4"],
    "Sockets that never say who they are keep others out",
    "others are answered, the surplus is refused",
    "Limit pending sockets, in number and time.",
  ),
  "flood.slow": rule(
    "high",
    ["15.4.4"],
    "Slow requests keep others out",
    "others are answered meanwhile",
    "Limit how long headers and bodies may take; read none before it is needed.",
  ),
  "guessing.unlimited": rule(
    "medium",
    ["2.4.1"],
    "Failed proofs are not counted",
    "a limit per address",
    "Leave limits.maxFailedAuthentications at a number.",
  ),
  "server.crashed": rule(
    "critical",
    ["16.5.2"],
    "A request brings the server down",
    "an error answer",
    "Handle every rejection; give sockets an error listener from the start.",
  ),
} satisfies Record<string, Rule>);

export type RuleId = keyof typeof RULES;
