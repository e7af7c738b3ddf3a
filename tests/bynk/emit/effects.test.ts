/** Effects that are begun and not awaited at once: a failure is the invocation's, and never ends the process. */
import { expect, onTestFinished, test, vi } from "vitest";
import { emit, load, writeFiles } from "./support/compiled.ts";
import { typeErrors } from "./support/typescript.ts";

const text = `context begun
capability Api {
  fn one(a: Int) -> Effect[Int]
  fn two(a: Int) -> Effect[Int]
}
provides Api = Real {
  fn one(a: Int) -> Effect[Int] { 1 / a }
  fn two(a: Int) -> Effect[Int] { 2 / a }
}
fn slow(a: Int) -> Effect[Int] { 10 / a }
fn silent(a: Int) -> Effect[()] {
  let _ = 10 / a
  ()
}
fn ignoring(e: Effect[Int], a: Int) -> Effect[Int] { a }
fn later(a: Int) -> Effect[Int] {
  ~> silent(a)
  a
}
service api from http {
  on GET("/both/:n") by Visitor (n: String) -> Effect[HttpResult[Int]] given Api {
    let k = Int.parse(n)?
    let a = Api.one(k)
    let b = Api.two(k)
    let x <- a
    let y <- b
    Ok(x + y)
  }
  on GET("/early/:n") by Visitor (n: String) -> Effect[HttpResult[Int]] {
    let e = slow(0)
    let k = Int.parse(n)?
    let x <- e
    Ok(x + k)
  }
  on GET("/held") by Visitor () -> Effect[HttpResult[Int]] {
    let r <- ignoring(slow(0), 3)
    let c = if r == 3 { slow(0) } else { slow(1) }
    let m = match r {
      3 => {
        let z = r - 3
        slow(z)
      }
      _ => slow(1)
    }
    let l = [slow(0), slow(r)]
    let o = Some(slow(0))
    Ok(r)
  }
  on GET("/dropped") by Visitor () -> Effect[HttpResult[Int]] {
    let _ = slow(0)
    let _ = if true { slow(0) } else { slow(1) }
    Ok(1)
  }
  on GET("/later/:n") by Visitor (n: String) -> Effect[HttpResult[Int]] {
    let k = Int.parse(n)?
    let r <- later(k)
    Ok(r)
  }
}
`;

const files = { "src/begun.bynk": text };

/** Promises that were rejected and that nobody handled, until a turn after `run` is over. */
async function unhandledIn(run: () => Promise<unknown>): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  const note = (reason: unknown): void => void found.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  await run();
  await new Promise((resolve) => setImmediate(resolve));
  return found;
}

test.each([
  ["two effects that run side by side and both fail", "/both/0", 500],
  ["an effect that fails behind an early exit", "/early/no", 404],
  ["effects that are passed on, chosen, matched and collected", "/held", 200],
])("%s leave nothing unhandled", async (_what, path, status) => {
  const module = await load(files, "begun.ts");
  let answered = 0;
  const unhandled = await unhandledIn(async () => {
    answered = (await module.default.fetch(new Request(`https://begun.example${path}`), {})).status;
  });
  expect([answered, unhandled]).toEqual([status, []]);
});

test("an effect that is awaited later gives its value, and its failure is the handler's", async () => {
  const module = await load(files, "begun.ts");
  const get = (path: string): Promise<Response> =>
    module.default.fetch(new Request(`https://begun.example${path}`), {});
  expect(await (await get("/both/1")).json()).toBe(3);
  expect((await get("/early/1")).status).toBe(500);
});

test.each([
  ["/dropped", 2],
  ["/later/0", 1],
])("%s: work nobody waits for reports its failure and ends nothing", async (path, failures) => {
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => told.mockRestore());
  const module = await load(files, "begun.ts");
  const unhandled = await unhandledIn(async () => {
    expect((await module.default.fetch(new Request(`https://begun.example${path}`), {})).status).toBe(200);
  });
  expect(unhandled).toEqual([]);
  expect(told.mock.calls.map(([error]) => String(error))).toEqual(
    Array.from({ length: failures }, () => "Fault: an Int was divided by zero"),
  );
});

test("effects that are kept are TypeScript that tsc --strict accepts", { timeout: 60_000 }, () => {
  expect(typeErrors(writeFiles(emit(files)))).toBe("");
});
