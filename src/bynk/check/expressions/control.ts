/** `if` and `match` (reference §7.5, §8.2). */
import type { Block, Expr, IfExpr, MatchArm, MatchExpr, Span } from "../../syntax/ast.ts";
import { checkInspection } from "../access.ts";
import { type Body, type Env, fits, hintOf, type Want } from "../body.ts";
import type { Type } from "../model.ts";
import { bindPattern } from "../patterns/bind.ts";
import { checkCoverage } from "../patterns/coverage.ts";
import { variantsOf } from "../patterns/subject.ts";
import { boundWays } from "../patterns/ways.ts";
import {
  baseOf,
  baseType,
  effectOf,
  errorType,
  isAssignable,
  isUnit,
  joinTypes,
  peelEffect,
  printPair,
  printType,
} from "../types.ts";
import { inferCondition } from "./conditions.ts";

/** A branch or arm with its type and the part of it to point at. */
interface Branch {
  readonly type: Type;
  readonly span: Span;
}

export function inferIf(body: Body, env: Env | undefined, expr: IfExpr, want: Want | undefined): Type {
  const condition = inferCondition(body, env, expr.condition);
  if (!isAssignable(condition.type, baseType.Bool)) {
    body.report("bynk.types.if_non_bool_cond", expr.condition.span, { found: printType(condition.type) });
  }
  const then = { type: body.block(condition.whenTrue, expr.then, want), span: spanOfBlock(expr.then) };
  if (expr.else === undefined) return inferWithoutElse(body, expr, then.type);
  const other = inferElse(body, env, expr.else, want);
  const joined = join([then, other], want);
  if (joined.type !== undefined) return joined.type;
  const [wanted, found] = printPair(then.type, other.type);
  const related = [{ source: body.source, span: then.span, message: `this is \`${wanted}\`` }];
  body.report("bynk.types.if_branch_mismatch", other.span, { wanted, found }, { related });
  return errorType;
}

function inferElse(body: Body, env: Env | undefined, other: Block | IfExpr, want: Want | undefined): Branch {
  if (other.kind === "IfExpr") return { type: body.infer(env, other, want), span: other.span };
  return { type: body.block(env, other, want), span: spanOfBlock(other) };
}

function inferWithoutElse(body: Body, expr: IfExpr, then: Type): Type {
  if (isUnit(peelEffect(then))) return then;
  body.report("bynk.types.if_without_else_requires_unit", spanOfBlock(expr.then), { found: printType(then) });
  return errorType;
}

function spanOfBlock(block: Block): Span {
  return block.tail?.span ?? block.span;
}

export function inferMatch(body: Body, env: Env | undefined, expr: MatchExpr, want: Want | undefined): Type {
  const subject = inferSubject(body, env, expr.scrutinee);
  const errors = body.unit.findings.errors;
  const bound = expr.arms.map((arm) => bindPattern(body, env, arm.pattern, subject));
  const sound = body.unit.findings.errors === errors;
  const branches = expr.arms.map((arm, index) => inferArm(body, bound[index], arm, want));
  if (sound && subject.kind !== "error") checkCoverage(body, expr.arms, subject, expr.scrutinee.span);
  return joinArms(body, branches, want);
}

function inferArm(body: Body, env: Env | undefined, arm: MatchArm, want: Want | undefined): Branch {
  const around = body.ways;
  body.ways = boundWays(body, arm.pattern, around);
  const branch = inferBranch(body, env, arm, want);
  body.ways = around;
  return branch;
}

function inferBranch(body: Body, env: Env | undefined, arm: MatchArm, want: Want | undefined): Branch {
  const inner = arm.guard === undefined ? env : checkGuard(body, env, arm.guard);
  if (arm.body.kind === "Block") return { type: body.block(inner, arm.body, want), span: spanOfBlock(arm.body) };
  return { type: body.infer(inner, arm.body, want), span: arm.body.span };
}

/** Gives the names visible where the guard holds. */
function checkGuard(body: Body, env: Env | undefined, guard: Expr): Env | undefined {
  const { type, whenTrue } = inferCondition(body, env, guard);
  if (!isAssignable(type, baseType.Bool)) {
    body.report("bynk.types.guard_not_bool", guard.span, { found: printType(type) });
  }
  return whenTrue;
}

/** The type that is matched; one that cannot be is reported and becomes the error type. */
function inferSubject(body: Body, env: Env | undefined, scrutinee: Expr): Type {
  const type = body.infer(env, scrutinee);
  if (type.kind === "error") return type;
  if (!checkInspection(body, type, scrutinee.span, "matching it")) return errorType;
  const base = baseOf(type);
  if (variantsOf(type) !== undefined || base === "Bool" || base === "Int" || base === "String") return type;
  const variant = type.kind === "effect" ? "effect" : "default";
  body.report("bynk.types.match_non_sum_discriminant", scrutinee.span, { type: printType(type) }, { variant });
  return errorType;
}

function joinArms(body: Body, branches: readonly Branch[], want: Want | undefined): Type {
  const { type, odd } = join(branches, want);
  if (type !== undefined) return type;
  const [first] = branches;
  if (first === undefined || odd === undefined) return errorType;
  const [wanted, found] = printPair(first.type, odd.type);
  const related = [{ source: body.source, span: first.span, message: `this is \`${wanted}\`` }];
  body.report("bynk.types.match_arm_mismatch", odd.span, { wanted, found }, { related });
  return errorType;
}

/** The type all branches fit into; or the first branch that spoils it. Where all fit what is expected, that decides. */
function join(branches: readonly Branch[], want: Want | undefined): { type?: Type; odd?: Branch } {
  let joined: Type = errorType;
  let odd: Branch | undefined;
  for (const branch of branches) {
    const next = joinTwo(joined, branch.type, want?.lift ?? false);
    if (next === undefined) {
      odd = branch;
      break;
    }
    joined = next;
  }
  if (odd === undefined) return { type: joined };
  const hint = hintOf(want);
  if (want !== undefined && hint !== undefined && branches.every((branch) => fits(branch.type, want))) {
    return { type: branches.some((branch) => branch.type.kind === "effect") ? want.type : hint };
  }
  return { odd };
}

/** At the tail of an effectful body, `T` and `Effect[T]` are both an `Effect[T]`. */
function joinTwo(a: Type, b: Type, lift: boolean): Type | undefined {
  if (!lift || a.kind === "error" || b.kind === "error" || (a.kind === "effect") === (b.kind === "effect")) {
    return joinTypes(a, b);
  }
  const value = joinTypes(peelEffect(a), peelEffect(b));
  return value && effectOf(value);
}
