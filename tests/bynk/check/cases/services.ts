/** Services and their protocols. */
import { createCases } from "../case.ts";

const { cases, reports } = createCases();
export const serviceCases = cases;

const service = (header: string, drawn: string): string =>
  `context t\ntype Job = { n: Int }\nservice s ${header} {\n  ${drawn}\n}\n`;
const cron = (drawn: string): string => service("from cron", drawn);
const queue = (drawn: string): string => service('from queue("jobs")', drawn);
const http = (drawn: string): string => service("from http", drawn);
const route = 'on GET("/x") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }';

reports("service.missing_from", service("", 'on «GET("/x")» by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("service.missing_from", service("", 'on «schedule("0 4 * * *")» () -> Effect[Result[(), String]] { Ok(()) }'));
reports("service.mixed_protocols", http(`${route}\n  on «call»() -> Effect[Int] { 1 }`));
reports(
  "service.multiple_calls",
  service("", "on call() -> Effect[Int] { 1 }\n  on «call»(a: Int) -> Effect[Int] { a }"),
);
reports("service.return_not_effect", service("", "on call() -> «Int» { 1 }"));
reports(
  "service.websocket_multiple",
  `context t
service a from «WebSocket(in: Int, out: Int)» { on open by Visitor () -> Effect[()] { () } }
service «b» from «websocket(in: Int, out: Int)» { on open by Visitor () -> Effect[()] { () } }
`,
  { codes: ["unsupported", "service.websocket_multiple", "unsupported"] },
);
reports(
  "service.websocket_open_arity",
  "context t\nservice «a» from «WebSocket(in: Int, out: Int)» { on close () -> Effect[()] { () } }\n",
  { codes: ["service.websocket_open_arity", "unsupported"] },
);

reports("cron.bad_params", cron('on schedule("0 4 * * *") (at: «String») -> Effect[Result[(), String]] { Ok(()) }'));
reports(
  "cron.bad_params",
  cron('on schedule("0 4 * * *") (at: Int, «n»: Int) -> Effect[Result[(), String]] { Ok(()) }'),
);
reports(
  "cron.duplicate_schedule",
  cron(
    'on schedule("0 4 * * *") () -> Effect[Result[(), String]] { Ok(()) }\n  on schedule(«"0 4 * * *"») () -> Effect[Result[(), String]] { Ok(()) }',
  ),
);
for (const schedule of [
  "0 4 * *",
  "60 4 * * *",
  "* 24 * * *",
  "0 0 0 * *",
  "0 0 * 13 *",
  "* * * * 8",
  "a b c d e",
  "*/0 * * * *",
]) {
  reports("cron.invalid_schedule", cron(`on schedule(«"${schedule}"») () -> Effect[Result[(), String]] { Ok(()) }`));
}
for (const schedule of ["0 0 9-5 * *", "@daily x x x x", "0 0 * MOO *", "0,61 0 * * *"]) {
  reports("cron.invalid_schedule", cron(`on schedule(«"${schedule}"») () -> Effect[Result[(), String]] { Ok(()) }`));
}
reports("cron.return_not_effect_result", cron('on schedule("0 4 * * *") () -> «Effect[()]» { () }'));
reports(
  "cron.return_not_effect_result",
  cron('on schedule("0 4 * * *") () -> «Effect[Result[Int, String]]» { Ok(1) }'),
);

reports("queue.bad_params", queue("on «message» () -> Effect[QueueResult] { Ack }"));
reports("queue.bad_params", queue("on message (a: Job, «b»: Job) -> Effect[QueueResult] { Ack }"));
reports(
  "queue.duplicate_consumer",
  queue("on message (j: Job) -> Effect[QueueResult] { Ack }\n  on «message» (j: Job) -> Effect[QueueResult] { Ack }"),
);
reports(
  "queue.duplicate_consumer",
  `${queue("on message (j: Job) -> Effect[QueueResult] { Ack }")}service z from queue(«"jobs"») { on message (j: Job) -> Effect[QueueResult] { Retry("later") } }\n`,
);
reports("queue.invalid_name", service('from queue(«""»)', "on message (j: Job) -> Effect[QueueResult] { Ack }"));
reports("queue.return_not_queue_result", queue("on message (j: Job) -> «Effect[()]» { () }"));

reports(
  "http.body_on_get_or_delete",
  http('on GET("/x") by Visitor («body»: Job) -> Effect[HttpResult[Int]] { Ok(1) }'),
);
const cached = (annotation: string, method = "GET"): string =>
  http(`${annotation} on ${method}("/x") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }`);
reports("http.cache_bad_max_age", cached("«@cache»"));
reports("http.cache_bad_max_age", cached("@cache(maxAge: «5»)"));
reports("http.cache_bad_max_age", cached("@cache(maxAge: «0.seconds»)"));
reports(
  "http.cache_bad_scope",
  `context t
type Id = String where NonEmpty
actor User { auth = Bearer(secret = "KEY"), identity = Id }
service s from http {
  @cache(maxAge: 5.minutes, scope: «public»)
  on GET("/x") by User () -> Effect[HttpResult[Int]] { Ok(1) }
}
`,
);
reports("http.cache_bad_scope", cached("@cache(maxAge: 5.minutes, scope: «shared»)"));
reports("http.cache_duplicate", cached("@cache(maxAge: 5.minutes) «@cache(maxAge: 6.minutes)»"));
reports("http.cache_on_non_get", cached("«@cache(maxAge: 5.minutes)»", "POST"));
reports(
  "http.cache_on_non_get",
  cron('«@cache(maxAge: 5.minutes)» on schedule("0 4 * * *") () -> Effect[Result[(), String]] { Ok(()) }'),
);
reports("http.cache_unknown_arg", cached("@cache(maxAge: 5.minutes, «age: 1»)"));
reports("http.cache_unknown_arg", cached("@cache(maxAge: 5.minutes, «maxAge: 6.minutes»)"));
reports("http.cache_max_age_fractional_seconds", cached("@cache(maxAge: «1500.milliseconds»)"));
const limited = (annotation: string, method = "POST"): string =>
  http(`${annotation} on ${method}("/x") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }`);
reports("http.limit_bad_max_body", limited("«@limit»"));
reports("http.limit_bad_max_body", limited("@limit(maxBody: «0»)"));
reports("http.limit_duplicate", limited("@limit(maxBody: 1) «@limit(maxBody: 2)»"));
reports("http.limit_on_bodyless", limited("«@limit(maxBody: 1)»", "DELETE"));
reports("http.limit_unknown_arg", limited("@limit(maxBody: 1, ««size»: 2»)").replace("««size»: 2»", "«size: 2»"));
reports("http.unknown_handler_annotation", cached("@«cahce»(maxAge: 5.minutes)"));
reports("http.unknown_handler_annotation", cached("@«retry»"));

const policy = (drawn: string): string => http(`${drawn}\n  ${route}`);
reports("http.cors_invalid_field", policy('cors { origins: ["*"], headers: «"x"» }'));
reports("http.cors_invalid_field", policy('cors { origins: ["*"], credentials: «1» }'));
reports("http.cors_invalid_field", policy('cors { origins: ["*"], maxAge: «60» }'));
reports("http.cors_invalid_field", policy('cors { origins: ["*"], maxAge: «999.milliseconds» }'));
reports("http.cors_invalid_field", policy('cors { origins: ["*"], headers: «["X-A", "x y"]» }'));
for (const origin of ["https://a.example/", "null", "", "a.example", "https://A.example", "https://a.example:443"]) {
  reports("http.cors_invalid_origins", policy(`cors { origins: ["https://b.example", «"${origin}"»] }`));
}
reports("http.cors_invalid_field", policy('cors { origins: ["*"], «origins»: ["*"] }'));
reports("http.cors_invalid_origins", policy("«cors» { credentials: false }"));
reports("http.cors_invalid_origins", policy("cors { origins: «[]» }"));
reports("http.cors_invalid_origins", policy('cors { origins: «["*", "https://a.example"]» }'));
reports(
  "http.cors_not_http",
  cron('«cors» { origins: ["*"] }\n  on schedule("0 4 * * *") () -> Effect[Result[(), String]] { Ok(()) }'),
);
reports("http.cors_unknown_field", policy('cors { origins: ["*"], «orgins»: ["*"] }'));
reports("http.cors_unknown_field", policy('cors { origins: ["*"], «methods»: ["GET"] }'));
reports("http.cors_wildcard_credentials", policy('cors { origins: ["*"], credentials: «true» }'));
reports("http.security_invalid_field", policy("security { hsts: «0.days» }"));
reports("http.security_invalid_field", policy("security { hsts: «10.milliseconds» }"));
reports("http.security_invalid_field", policy('security { nosniff: «"yes"» }'));
reports("http.security_invalid_field", policy("security { nosniff: true, «nosniff»: true }"));
reports(
  "http.security_not_http",
  queue("«security» { nosniff: true }\n  on message (j: Job) -> Effect[QueueResult] { Ack }"),
);
reports("http.security_unknown_field", policy("security { «csp»: true }"));
reports("http.limits_invalid_field", policy("limits { maxBody: «0» }"));
reports("http.limits_invalid_field", policy("limits { maxBody: 1, «maxBody»: 1 }"));
reports("http.limits_not_http", service("", "«limits» { maxBody: 1 }\n  on call() -> Effect[Int] { 1 }"));
reports("http.limits_unknown_field", policy("limits { «maxBdy»: 1 }"));

reports("http.duplicate_route", http(`${route}\n  on «GET("/x")» by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }`));
reports(
  "http.duplicate_route",
  http(
    'on GET("/:a") by Visitor (a: String) -> Effect[HttpResult[Int]] { Ok(1) }\n  on «GET("/:b")» by Visitor (b: String) -> Effect[HttpResult[Int]] { Ok(1) }',
  ),
);
reports(
  "http.extra_param",
  http('on POST("/x") by Visitor («n»: Int, body: Job) -> Effect[HttpResult[Int]] { Ok(1) }'),
);
const path = (text: string, params = ""): string =>
  http(`on GET(${text}) by Visitor (${params}) -> Effect[HttpResult[Int]] { Ok(1) }`);
reports("http.invalid_path", path('«"x"»'));
reports("http.invalid_path", path('«"/x/:"»'));
reports("http.invalid_path", path('«"/:a/:a"»', "a: String"));
reports("http.invalid_path", path('«"/x?y=1"»'));
reports("http.path_param_not_stringy", path('"/:id"', "id: «Int»"));
reports("http.reserved_prefix", path('«"/_bynk/call"»'));
reports("http.reserved_prefix", path('«"/_byward"»'));
for (const text of ["/actors", "//actors/x", "/%61ctors/x", "/%5Fbyward"]) {
  reports("http.reserved_prefix", path(`«"${text}"»`));
}
reports(
  "http.duplicate_route",
  http(`${route}\n  on «GET("/%78")» by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }`),
);
reports("http.return_not_effect_http_result", http('on GET("/x") by Visitor () -> «Effect[Int]» { 1 }'));
reports("http.unbound_path_param", path('«"/:id"»'));
