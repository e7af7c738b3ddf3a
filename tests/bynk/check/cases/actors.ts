/** Actors and `by` clauses. */
import { createCases, project } from "../case.ts";

const { cases, reports } = createCases();
export const actorCases = cases;

const ids = "type UserId = String where NonEmpty\n";
const actor = (drawn: string): string => `context t\n${ids}actor A { ${drawn} }\n`;
const declared = `context t
${ids}type Job = { n: Int }
actor User { auth = Bearer(secret = "AUTH_KEY"), identity = UserId }
actor Second { auth = Bearer(secret = "OTHER_KEY"), identity = UserId }
actor Hook { auth = Signature(secret = "HOOK_KEY", header = "X-Sig") }
actor Admin = User where hasClaim("admin")
actor Inside { auth = Internal }
`;
const route = (by: string, params = "", body = "Ok(1)"): string =>
  `${declared}service s from http {\n  on POST("/x") ${by} (${params}) -> Effect[HttpResult[Int]] { ${body} }\n}\n`;

reports("actor.bad_header_name", actor('auth = Signature(secret = "KEY", header = «"X Sig"»)'));
reports("actor.bad_header_name", actor('auth = Signature(secret = "KEY", header = "X-Sig", timestamp = «""»)'));
reports("actor.bad_secret_name", actor('auth = Bearer(secret = «"hunter2-hunter2-hunter2"»), identity = UserId'));
reports(
  "actor.bad_tolerance",
  actor('auth = Signature(secret = "KEY", header = "X-S", timestamp = "X-T", tolerance = «0»)'),
);
reports(
  "actor.bad_tolerance",
  actor('auth = Signature(secret = "KEY", header = "X-S", timestamp = "X-T", tolerance = «-5»)'),
);
reports(
  "actor.bad_tolerance",
  actor('auth = Signature(secret = "KEY", header = "X-S", timestamp = "X-T", tolerance = «86_401»)'),
);
reports("actor.bearer_identity_not_string_constructible", actor('auth = «Bearer»(secret = "KEY")'));
reports("actor.bearer_identity_not_string_constructible", actor('auth = Bearer(secret = "KEY"), identity = «Int»'));
reports("actor.bearer_missing_secret", actor("auth = «Bearer», identity = UserId"));
reports("actor.bearer_missing_secret", actor("auth = Bearer(secret = «5»), identity = UserId"));
reports("actor.binder_not_a_value", route("by u: User", "", "\n    let x = «u»\n    Ok(1)\n  "));
reports("actor.binder_shadows_param", route("by «body»: User", "body: Job"));
reports("actor.config_wrong_kind", actor('auth = Signature(secret = "KEY", header = "X-S", timestamp = «5»)'));
reports(
  "actor.config_wrong_kind",
  actor('auth = Signature(secret = "KEY", header = "X-S", timestamp = "X-T", tolerance = «"5"»)'),
);
reports("actor.duplicate_config_key", actor('auth = Bearer(secret = "KEY", «secret» = "OTHER"), identity = UserId'));
reports("actor.duplicate_sum_scheme", route("by who: User | «Second»"));
reports("actor.identity_not_sealed", actor('auth = Bearer(secret = "KEY"), identity = «String»'));
reports(
  "actor.identity_not_sealed",
  project(
    `context other\nexports transparent { CardNo }\ntype CardNo = String where NonEmpty\n`,
    'context t\nconsumes other\nactor A { auth = Bearer(secret = "KEY"), identity = «CardNo» }\n',
  ),
);
reports(
  "actor.identity_unavailable",
  `context t\n${ids}actor A { auth = None, identity = UserId }
service s from http {\n  on GET("/x") by a: A () -> Effect[HttpResult[UserId]] { Ok(a.«identity») }\n}\n`,
);
reports("actor.identity_unused", actor("auth = None, identity = «UserId»"));
reports("actor.identity_unused", actor("auth = Internal, identity = «UserId»"));
reports("actor.missing_by_on_http", route("").replace('on POST("/x")', 'on «POST("/x")»'));
reports(
  "actor.missing_by_on_http",
  "context t\nservice s from «WebSocket(in: Int, out: Int)» {\n  on «open» () -> Effect[()] { () }\n}\n",
  { codes: ["unsupported", "actor.missing_by_on_http"] },
);
const oidc = (config: string): string => actor(`auth = ${config}, identity = UserId`);
const issuer = 'issuer = "https://login.example"';
const audience = 'audience = "me"';
const jwks = 'jwks = "https://login.example/keys"';
reports("actor.oidc_bad_url", oidc(`Oidc(${issuer}, ${audience}, jwks = «"http://login.example/keys"»)`));
reports("actor.oidc_identity_not_string_constructible", actor(`auth = «Oidc»(${issuer}, ${audience}, ${jwks})`));
reports(
  "actor.oidc_identity_not_string_constructible",
  actor(`auth = Oidc(${issuer}, ${audience}, ${jwks}), identity = «Int»`),
);
for (const url of ["https://user:key@login.example/keys", "https://login.example/keys#top"]) {
  reports("actor.oidc_bad_url", oidc(`Oidc(${issuer}, ${audience}, jwks = «"${url}"»)`));
}
for (const url of ["http://login.example", "login.example", ""]) {
  reports("actor.oidc_bad_url", oidc(`Oidc(issuer = «"${url}"», ${audience}, ${jwks})`));
}
reports("actor.oidc_missing_audience", oidc(`Oidc(${issuer}, audience = «""», ${jwks})`));
reports("actor.oidc_missing_audience", oidc(`«Oidc»(${issuer}, ${jwks})`));
reports("actor.oidc_missing_issuer", oidc(`«Oidc»(${audience}, ${jwks})`));
reports("actor.oidc_missing_jwks", oidc(`«Oidc»(${issuer}, ${audience})`));
reports("actor.oidc_missing_jwks", oidc(`Oidc(${issuer}, ${audience}, jwks = «1»)`));
reports("actor.refinement_base_unsupported", `${declared}actor Super = «Admin» where hasClaim("super")\n`);
reports("actor.refinement_base_unsupported", `${declared}actor V = «Visitor» where hasClaim("super")\n`);
reports("actor.refinement_base_unsupported", `${declared}actor H = «Hook» where hasClaim("super")\n`);
reports("actor.refinement_in_sum", route("by who: «Admin» | Visitor"));
reports("actor.refinement_predicate_unsupported", `${declared}actor B = User where hasClaim("a") && «1 == 1»\n`);
reports("actor.refinement_predicate_unsupported", `${declared}actor B = User where «hasClaim(1)»\n`);
reports("actor.refinement_predicate_unsupported", `${declared}actor B = User where «hasClaim("")»\n`);
reports("actor.refinement_predicate_unsupported", `${declared}actor B = User where !«isAdmin("a")»\n`);
reports("actor.scheme_not_admissible", route("by «Inside»"));
reports("actor.scheme_not_admissible", route("by c: «Caller»"));
reports("actor.scheme_not_admissible", `${declared}service s { on call by «User» () -> Effect[Int] { 1 } }\n`);
reports(
  "actor.scheme_not_admissible",
  `${declared}service s from cron {\n  on schedule("0 4 * * *") by «Caller» () -> Effect[Result[(), String]] { Ok(()) }\n}\n`,
);
for (const actor of ["Scheduler", "Producer", "Publisher"]) {
  reports("actor.scheme_not_admissible", `context t\nservice s { on call by «${actor}» () -> Effect[Int] { 1 } }\n`);
}
reports(
  "actor.scheme_not_admissible",
  "context t\nservice s from cron by «Producer» {\n" +
    '  on schedule("0 4 * * *") () -> Effect[Result[(), String]] { Ok(()) }\n}\n',
);
reports(
  "actor.scheme_not_admissible",
  'context t\nservice s from queue("q") {\n  on message by «Scheduler» (n: Int) -> Effect[QueueResult] { Ack }\n}\n',
);
reports("actor.shadows_prelude", "context t\nactor «Visitor» { auth = None }\n");
reports(
  "actor.signature_identity_unsupported",
  actor('auth = Signature(secret = "KEY", header = "X-S"), identity = «UserId»'),
);
reports("actor.signature_missing_header", actor('auth = «Signature»(secret = "KEY")'));
reports("actor.signature_missing_header", actor('auth = Signature(secret = "KEY", header = «5»)'));
reports("actor.signature_missing_secret", actor('auth = «Signature»(header = "X-S")'));
reports("actor.signature_missing_secret", actor('auth = Signature(secret = «true», header = "X-S")'));
reports("actor.signature_requires_body", route("by «Hook»"));
reports(
  "actor.signature_requires_body",
  route("by who: «Hook» | User", "", "match who { Hook => Ok(1), User(_) => Ok(2) }"),
);
reports(
  "actor.signature_tolerance_without_timestamp",
  actor('auth = Signature(secret = "KEY", header = "X-S", «tolerance» = 5)'),
);
reports("actor.sum_requires_binder", route("«by User | Visitor»"));
reports("actor.unknown_actor", route("by «Nobody»"));
reports("actor.unknown_actor", route("by u: «Usre»"));
reports("actor.unknown_actor", `${declared}actor B = «Usr» where hasClaim("a")\n`);
reports("actor.unknown_config_key", actor('auth = Signature(secret = "KEY", header = "X-S", «timestmp» = "X-T")'));
reports("actor.unknown_config_key", actor('auth = None(«secret» = "KEY")'));
reports("actor.unknown_scheme", actor("auth = «Password»"));
reports("actor.unknown_scheme", actor('auth = «Baerer»(secret = "KEY"), identity = UserId'));
reports("actor.unreachable_sum_arm", route("by who: Visitor | «User»"));
reports("types.unknown_field", route("by u: User", "", "\n    let x = u.«name»\n    Ok(1)\n  "));
reports("types.unknown_field", route("by u: User", "", "\n    let x = u.«name»()\n    Ok(1)\n  "));
reports("types.unknown_field", route("by who: User | Visitor", "", "\n    let x = who.«identity»\n    Ok(1)\n  "));
reports("types.non_exhaustive_match", route("by who: User | Visitor", "", "match «who» { User(_) => Ok(1) }"));
