/** What a platform is told of contexts that each run in a Worker of their own. */
import { check } from "byward/bynk";
import { expect, test } from "vitest";
import { type DeployedContext, deploymentOf } from "../../../src/bynk/emit/deployment.ts";

function deployed(files: Readonly<Record<string, string>>): readonly DeployedContext[] {
  const { program, diagnostics } = check({ files, target: "worker" });
  if (program === undefined) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return deploymentOf(program);
}

const names = (contexts: readonly DeployedContext[]): readonly string[] => contexts.map(({ context }) => context);

test("a context comes after those it calls, and knows them alone", () => {
  const contexts = deployed({
    "src/a.bynk": `context a
consumes shop.b as b
service web from http { on GET("/") by Visitor () -> Effect[HttpResult[Int]] {
  let x <- b.get()
  Ok(x)
} }
service nightly from cron { on schedule("0 3 * * *") () -> Effect[Result[(), String]] { Ok(()) } }
service mails from queue("mails") { on message(mail: String) -> Effect[QueueResult] { Ack } }
actor User { auth = Bearer(secret = "B_SECRET"), identity = UserId }
type UserId = String where NonEmpty
actor Bank { auth = Signature(secret = "A_SECRET", header = "X-Signature") }
service more from http { on POST("/more") by who: User | Bank (body: Int) -> Effect[HttpResult[()]] { NoContent } }
`,
    "src/shop/b.bynk": `context shop.b
consumes c
service get { on call() -> Effect[Int] {
  let x <- c.one()
  x
} }
`,
    "src/c.bynk": "context c\nservice one { on call() -> Effect[Int] { 1 } }\n",
    "src/words.bynk": "commons words\nfn two() -> Int { 2 }\n",
  });
  expect(names(contexts)).toEqual(["c", "shop.b", "a"]);
  const [c, b, a] = contexts as [DeployedContext, DeployedContext, DeployedContext];
  expect([names(c.calls), names(b.calls), names(a.calls)]).toEqual([[], ["c"], ["shop.b"]]);
  expect(b).toMatchObject({ worker: "shop-b", module: "shop/b.ts", isPublic: false, secrets: [], queues: [] });
  expect(a).toMatchObject({
    isPublic: true,
    secrets: ["A_SECRET", "B_SECRET"],
    crons: [{ name: "a/nightly", schedule: "0 3 * * *" }],
    queues: ["mails"],
  });
});

test("a provider taken from another context brings the contexts it calls along: it runs where it is used", () => {
  const contexts = deployed({
    "src/front.bynk": `context front
consumes desk { Clerk }
service web from http { on GET("/") by Visitor () -> Effect[HttpResult[Int]] given Clerk {
  let x <- Clerk.ask("a")
  Ok(x)
} }
`,
    "src/desk.bynk": `context desk
consumes archive
exports capability { Clerk }
capability Clerk { fn ask(card: String) -> Effect[Int] }
provides Clerk = RealClerk { fn ask(card: String) -> Effect[Int] { card.length() } }
`,
    "src/archive.bynk": "context archive\nservice find { on call() -> Effect[Int] { 1 } }\n",
  });
  expect(names(contexts)).toEqual(["archive", "front"]);
  expect(names(contexts.find(({ context }) => context === "front")!.calls)).toEqual(["archive"]);
});
