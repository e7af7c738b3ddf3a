/** Arguments against parameters, for every kind of call. */
import type { Expr } from "../syntax/ast.ts";
import { type Body, type Env, wanting } from "./body.ts";
import { checkAgainst } from "./mismatch.ts";
import type { Type } from "./model.ts";
import { errorType } from "./types.ts";

interface Param {
  readonly name?: string;
  readonly type: Type;
}

/** Checks each argument against its parameter; those without one are only looked at. Counts are the caller's matter. */
export function checkArguments(
  body: Body,
  env: Env | undefined,
  args: readonly Expr[],
  params: readonly Param[],
  callee: string,
): void {
  for (const [index, arg] of args.entries()) {
    const type = params[index]?.type ?? errorType;
    checkAgainst(body, env, arg, wanting(type), ({ span, words }) => {
      body.report("bynk.types.argument_mismatch", span, { ...words, position: index + 1, callee });
    });
  }
}

/** Looks at arguments whose parameters are unknown, so that what is wrong inside them is still found. */
export function inferAll(body: Body, env: Env | undefined, args: readonly Expr[]): void {
  for (const arg of args) body.infer(env, arg);
}

/** "2 arguments", "no argument". */
export function countArguments(count: number): string {
  if (count === 0) return "no argument";
  return count === 1 ? "1 argument" : `${count} arguments`;
}
