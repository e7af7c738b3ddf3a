/** The rules of the language's guide to actors: broken, each is a compile error that says so; kept, each compiles. */
import { expect, test } from "vitest";
import { check } from "../../../src/bynk/compile.ts";
import { renderDiagnostics } from "../../../src/bynk/diagnostics/render.ts";

const head = `context shop

type UserId = String where NonEmpty
type Profile = { id: UserId }
type Job = { n: Int }
`;

const actors = `actor User { auth = Bearer(secret = "AUTH_JWT_SECRET"), identity = UserId }
actor Hook { auth = Signature(secret = "HOOK_SECRET", header = "X-Signature", timestamp = "X-Timestamp", tolerance = 300) }
actor Partner { auth = Bearer(secret = "PARTNER_SECRET"), identity = UserId }
actor Admin = User where hasClaim("admin")
`;

function api(handlers: string, declared = actors): string {
  return `${head}${declared}\nservice api from http {\n  ${handlers}\n}\n`;
}

function rendered(source: string): string {
  const files = { "src/shop.bynk": source };
  return renderDiagnostics(check({ files }).diagnostics, files);
}

const me = 'on GET("/me") by u: User () -> Effect[HttpResult[Profile]] { Ok(Profile { id: u.identity }) }';

test("the example of the guide compiles as printed, given its types and a body", () => {
  expect(rendered(api(me))).toBe("");
});

test("the same with the clause after the result type", () => {
  expect(
    rendered(
      api(
        me
          .replace(" by u: User", "")
          .replace("-> Effect[HttpResult[Profile]]", "-> Effect[HttpResult[Profile]] by u: User"),
      ),
    ),
  ).toBe("");
});

test.each([
  [
    "an http handler without `by`",
    api(me.replace(" by u: User", "")),
    ["resolve.unknown_name", "actor.missing_by_on_http"],
  ],
  [
    "a sum with a refinement",
    api('on GET("/x") by who: Admin | Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'),
    ["actor.refinement_in_sum"],
  ],
  [
    "a sum with two members of one scheme",
    api('on GET("/x") by who: User | Partner () -> Effect[HttpResult[Int]] { Ok(1) }'),
    ["actor.duplicate_sum_scheme"],
  ],
  [
    "a sum with a member after Visitor",
    api('on GET("/x") by who: Visitor | User () -> Effect[HttpResult[Int]] { Ok(1) }'),
    ["actor.unreachable_sum_arm"],
  ],
  [
    "a sum with an internal member",
    api('on GET("/x") by who: User | Scheduler () -> Effect[HttpResult[Int]] { Ok(1) }'),
    ["actor.scheme_not_admissible"],
  ],
  [
    "a sum without a binder",
    api('on GET("/x") by User | Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'),
    ["actor.sum_requires_binder"],
  ],
  [
    "a match that forgets a caller",
    api('on GET("/x") by who: User | Visitor () -> Effect[HttpResult[Int]] { match who { User(_) => Ok(1) } }'),
    ["types.non_exhaustive_match"],
  ],
  [
    "a secret that is not text",
    api(me, "actor User { auth = Bearer(secret = 5), identity = UserId }\n"),
    ["actor.bearer_missing_secret"],
  ],
  [
    "a secret that may be the key itself",
    api(me, 'actor User { auth = Bearer(secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t"), identity = UserId }\n'),
    ["actor.bad_secret_name"],
  ],
  [
    "a bearer without a secret",
    api(me, "actor User { auth = Bearer, identity = UserId }\n"),
    ["actor.bearer_missing_secret"],
  ],
  [
    "a misspelt key of the configuration",
    api(
      'on POST("/h") by Hook (body: Job) -> Effect[HttpResult[Int]] { Ok(1) }',
      'actor Hook { auth = Signature(secret = "HOOK", header = "X-Sig", timestmp = "X-Time") }\n',
    ),
    ["actor.unknown_config_key"],
  ],
  [
    "a key given twice",
    api(me, 'actor User { auth = Bearer(secret = "A", secret = "B"), identity = UserId }\n'),
    ["actor.duplicate_config_key"],
  ],
  [
    "a timestamp of the wrong kind",
    api(
      'on POST("/h") by Hook (body: Job) -> Effect[HttpResult[Int]] { Ok(1) }',
      'actor Hook { auth = Signature(secret = "HOOK", header = "X-Sig", timestamp = 5) }\n',
    ),
    ["actor.config_wrong_kind"],
  ],
  [
    "a tolerance below zero",
    api(
      'on POST("/h") by Hook (body: Job) -> Effect[HttpResult[Int]] { Ok(1) }',
      'actor Hook { auth = Signature(secret = "HOOK", header = "X-Sig", timestamp = "X-Time", tolerance = -300) }\n',
    ),
    ["actor.bad_tolerance"],
  ],
  [
    "a webhook that does not take the signed body",
    api('on POST("/h") by Hook () -> Effect[HttpResult[Int]] { Ok(1) }'),
    ["actor.signature_requires_body"],
  ],
  [
    "an identity that anybody could make",
    api(me, 'actor User { auth = Bearer(secret = "KEY"), identity = String }\n'),
    ["actor.identity_not_sealed"],
  ],
  [
    "an unknown scheme",
    api(me, 'actor User { auth = Password(secret = "KEY"), identity = UserId }\n'),
    ["actor.unknown_scheme"],
  ],
  ["an unknown actor", api(me.replace("u: User", "u: Usr")), ["actor.unknown_actor"]],
  [
    "anything but the identity of a caller",
    api('on GET("/x") by u: User () -> Effect[HttpResult[Int]] { Ok(u.claims) }'),
    ["types.unknown_field"],
  ],
  [
    "a caller from outside on an internal protocol",
    `${head}${actors}\nservice tick from cron {\n  on schedule("0 4 * * *") by User () -> Effect[Result[(), String]] { Ok(()) }\n}\n`,
    ["actor.scheme_not_admissible"],
  ],
])("%s does not compile", (rule, source, codes) => {
  const { diagnostics, program } = check({ files: { "src/shop.bynk": source } });
  expect(program).toBeUndefined();
  expect(diagnostics.map(({ code }) => code).toSorted()).toEqual(codes.map((code) => `bynk.${code}`).toSorted());
  expect(`${rule}\n\n${rendered(source)}\n`).toMatchSnapshot();
});

test("what may be a key is repeated in no message, label or hint", () => {
  const secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";
  const source = api(me, `actor User { auth = Bearer(secret = "${secret}"), identity = UserId }\n`);
  const { diagnostics } = check({ files: { "src/shop.bynk": source } });
  expect(diagnostics).toHaveLength(1);
  expect(JSON.stringify(diagnostics)).not.toContain(secret);
});

test("internal protocols have a caller of their own when none is named", () => {
  const source = `${head}
service lookup { on call(n: Int) -> Effect[Int] { n } }
service tick from cron { on schedule("0 4 * * *") () -> Effect[Result[(), String]] { Ok(()) } }
service work from queue("jobs") { on message (job: Job) -> Effect[QueueResult] { Ack } }
`;
  const { program } = check({ files: { "src/shop.bynk": source } });
  const [unit] = program?.units ?? [];
  const admissions = unit?.services.flatMap((service) => {
    if (service.kind === "call" || service.kind === "queue") return [service.handler.by];
    return service.kind === "cron" ? service.schedules.map((schedule) => schedule.by) : [];
  });
  expect(admissions?.map(({ members, origin }) => [members.map(({ name }) => name), origin])).toEqual([
    [["Caller"], "protocol"],
    [["Scheduler"], "protocol"],
    [["Producer"], "protocol"],
  ]);
});
