import { expect, test } from "vitest";
import { nodeEnvironment, presentation } from "../../tests/vectors/environment.ts";
import { NOW } from "../../tests/vectors/tokens.ts";
import { pass } from "../boundary/gate.ts";
import { Visitor } from "../boundary/party.ts";
import { Boundary } from "../boundary/verify.ts";
import { VirtualClock } from "../hosts/memory/clock.ts";
import { memory } from "../hosts/memory/host.ts";
import { LazyAbort } from "./abort.ts";
import type { Invocation } from "./context.ts";
import { service } from "./define.ts";
import { compileService } from "./entrypoints.ts";
import type { Admitted } from "./gate.ts";
import { runHandler } from "./run.ts";

test("a handler is reached once with an admission, and never with what is none", async () => {
  let ran = 0;
  const api = service({ by: Visitor, routes: { "GET /": { handle: () => ++ran } } });
  const [entry] = compileService("api", api).routes;
  const boundary = await Boundary.prepare([Visitor], nodeEnvironment({ secrets: {}, skew: 0 }));
  const admission = await pass<null, Invocation>({
    target: null,
    by: Visitor,
    credentials: await boundary.prove([Visitor], presentation({}), NOW),
    clock: new VirtualClock(),
    leaseEnd: () => null,
    createContext: () => ({}) as Invocation,
    canInvoke: undefined,
    canInvokeTimeout: 1,
  });
  const run = (given: unknown): unknown =>
    runHandler(
      {
        entry: entry!,
        admitted: { admission: given, delivery: null, leaseEnd: () => null } as unknown as Admitted<Invocation>,
        abort: new LazyAbort(() => null),
        clock: new VirtualClock(),
        log: memory().log,
      },
      [],
    );
  expect(() => run({ target: null, caller: null, context: {} })).toThrow(/admission/);
  expect(() => run({ ...admission })).toThrow(/admission/);
  expect(ran).toBe(0);
  expect(run(admission)).toBe(1);
  expect(() => run(admission)).toThrow(/admission/);
  expect(ran).toBe(1);
});
