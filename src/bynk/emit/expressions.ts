/**
 * Expressions as TypeScript. What an expression cannot say by itself (an early exit, a match with several arms) is written
 * as statements in front of it.
 *
 * I1. Operands are evaluated from left to right: what stands before an operand with statements is kept in a constant first.
 * I2. The right side of `&&`, `||` and `implies`, branches and arms are evaluated only when they are reached.
 */
import type { Reference } from "../check/model.ts";
import type { Expr, InterpolatedString, MethodCall, RecordLiteral, RecordUpdate } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import { at, type Code, call, code, Level, property, quote, stable, templateText } from "./code.ts";
import { lowerIs } from "./conditions.ts";
import { lowerConditional, lowerMatch } from "./control.ts";
import { needsType } from "./inline.ts";
import { kernelCall, kernelStatic } from "./kernel.ts";
import { admit, lowerAll } from "./operands.ts";
import { lowerBinary, lowerUnary } from "./operators.ts";
import { codecText, typeText } from "./types.ts";
import type { Writer } from "./writer.ts";

/** The code of `expr`; statements it needs are written to `out` before. */
export function lower(body: Body, expr: Expr, out: Writer): Code {
  switch (expr.kind) {
    case "IntLiteral":
      return literal(body, expr, String(expr.value));
    case "FloatLiteral":
      return literal(body, expr, String(expr.value));
    case "StringLiteral":
      return literal(body, expr, quote(expr.value));
    case "BoolLiteral":
      return literal(body, expr, String(expr.value));
    case "DurationLiteral":
      return stable(String(expr.milliseconds));
    case "InterpolatedString":
      return lowerTemplate(body, expr, out);
    case "UnitLiteral":
      return stable("undefined");
    case "SelfExpr":
      return stable("self");
    case "NameExpr":
      return lowerName(body, expr);
    case "ConstructorExpr":
      return lowerBuilt(body, expr, expr.value === undefined ? [] : [expr.value], out);
    case "EffectPure":
      return call("Promise.resolve", lowerAll(body, [expr.value], out));
    case "CallExpr":
      return lowerCall(body, expr, expr.args, out);
    case "MethodCall":
      return lowerMethod(body, expr, out);
    case "FieldAccess":
      return lowerField(body, expr, out);
    case "QuestionExpr":
      return lowerQuestion(body, expr, out);
    case "UnaryExpr":
      return lowerUnary(body, expr, out);
    case "BinaryExpr":
      return lowerBinary(body, expr, out);
    case "IsExpr":
      return lowerIs(body, expr, out);
    case "IfExpr":
      return lowerConditional(body, expr, out);
    case "MatchExpr":
      return lowerMatch(body, expr, out);
    case "ListExpr":
      return code(
        `[${lowerAll(body, expr.elements, out)
          .map((element) => at(Level.assign, element))
          .join(", ")}]`,
      );
    case "RecordLiteral":
      return lowerRecord(body, expr, out);
    case "RecordUpdate":
      return lowerUpdate(body, expr, out);
    case "ParenExpr":
      return lower(body, expr.inner, out);
    default:
      throw new Error(`${expr.kind} is not part of this ring`);
  }
}

/** A literal where a refined type is expected was checked by the compiler: it is that type. */
function literal(body: Body, expr: Expr, text: string): Code {
  const negative = text.startsWith("-");
  const plain = stable(text, negative ? Level.unary : Level.primary);
  return admit(body, plain, body.typeOf(expr));
}

function lowerTemplate(body: Body, expr: InterpolatedString, out: Writer): Code {
  const holes = expr.parts.flatMap((part) => (part.kind === "StringHole" ? [part.value] : []));
  const values = [...lowerAll(body, holes, out)];
  const parts = expr.parts.map((part) => {
    if (part.kind === "StringText") return templateText(part.value);
    return `\${${at(Level.assign, values.shift() ?? stable(""))}}`;
  });
  return code(`\`${parts.join("")}\``, Level.primary, expr.parts.length === 0);
}

function lowerName(body: Body, expr: Extract<Expr, { kind: "NameExpr" }>): Code {
  const reference = body.typing.references.get(expr);
  if (reference?.kind !== "local") return buildVariant(body, reference, []);
  const plain = stable(body.read(reference.local));
  const type = body.typeOf(expr);
  const { local } = reference;
  const isNarrowed =
    type.kind === "declared" && !(local.type.kind === "declared" && local.type.declared === type.declared);
  return isNarrowed ? admit(body, plain, type) : plain;
}

function lowerBuilt(body: Body, expr: Expr, args: readonly Expr[], out: Writer): Code {
  return buildVariant(body, body.typing.references.get(expr), lowerAll(body, args, out));
}

/** A variant's constant, or a call of its constructor. */
export function buildVariant(body: Body, reference: Reference | undefined, args: readonly Code[]): Code {
  const { module } = body;
  if (reference?.kind === "variant") {
    const name = `${module.type(reference.sum)}.${reference.variant.name}`;
    return reference.variant.payload.length === 0 ? stable(name) : call(name, args);
  }
  if (reference?.kind !== "builtinVariant") throw new Error("a name stands for nothing");
  const { family, variant } = reference;
  const name =
    family === "option" || family === "result"
      ? module.runtime(variant)
      : `${module.runtime(family === "httpResult" ? "HttpResult" : "QueueResult")}.${variant}`;
  return args.length === 0 ? stable(name) : call(name, args);
}

function lowerCall(body: Body, expr: Expr, args: readonly Expr[], out: Writer): Code {
  const reference = body.typing.references.get(expr);
  const given = lowerAll(body, args, out);
  return reference?.kind === "function"
    ? call(body.module.func(reference.func), given)
    : buildVariant(body, reference, given);
}

function lowerMethod(body: Body, expr: MethodCall, out: Writer): Code {
  const reference = body.typing.references.get(expr);
  const { module } = body;
  switch (reference?.kind) {
    case "method": {
      const owner = reference.func.owner;
      if (owner === undefined) throw new Error("a method without a type");
      return call(
        `${module.type(owner)}.${module.memberName(reference.func)}`,
        lowerAll(body, [expr.receiver, ...expr.args], out),
      );
    }
    case "static": {
      const owner = reference.func.owner;
      if (owner === undefined) throw new Error("a static without a type");
      return call(`${module.type(owner)}.${module.memberName(reference.func)}`, lowerAll(body, expr.args, out));
    }
    case "construct":
      return call(`${module.type(reference.type)}.${reference.how}`, lowerAll(body, expr.args, out));
    case "kernel": {
      const [self, ...args] = lowerAll(body, [expr.receiver, ...expr.args], out);
      if (self === undefined) throw new Error("a method without a receiver");
      return kernelCall(module, reference.receiver, reference.method, self, args);
    }
    case "kernelStatic":
      return kernelStatic(module, reference.owner, reference.method, lowerAll(body, expr.args, out));
    case "operation": {
      const { given, operation } = reference;
      return call(`${body.given}.${given.name}.${operation.name}`, lowerAll(body, expr.args, out));
    }
    case "remote":
      return lowerRemote(body, expr, reference, out);
    default:
      return lowerCall(body, expr, expr.args, out);
  }
}

/** One parameter is the body itself; several are an object (reference §16.1). */
function lowerRemote(body: Body, expr: MethodCall, reference: Reference & { kind: "remote" }, out: Writer): Code {
  const { module } = body;
  const { params } = reference.service.handler;
  const args = lowerAll(body, expr.args, out).map((arg, index) => {
    const encode = `${codecText(module, body.typeOf(expr.args[index] as Expr))}.encode`;
    return call(encode, [arg]);
  });
  const [only] = args;
  const argument =
    args.length === 1 && only !== undefined
      ? only.text
      : `{ ${args.map((arg, index) => property(params[index]?.name ?? "", arg.text)).join(", ")} }`;
  const result = body.typeOf(expr);
  const codec = codecText(module, result.kind === "effect" ? result.value : result);
  const target = `${module.calls(reference.context)}.${reference.service.name}`;
  const parts = [body.context ?? "context", target, args.length === 0 ? "{}" : argument, codec];
  return code(`${module.runtime("remote")}(${parts.join(", ")})`);
}

function lowerField(body: Body, expr: Extract<Expr, { kind: "FieldAccess" }>, out: Writer): Code {
  const reference = body.typing.references.get(expr);
  switch (reference?.kind) {
    case "identity": {
      const { type } = reference.local;
      // Parties that prove nothing have no identity to read.
      if (type.kind === "caller" && type.actor.identity === undefined) return stable("undefined");
      return stable(`${body.read(reference.local)}.identity`);
    }
    case "field": {
      const name = reference.field;
      const receiver = lower(body, expr.receiver, out);
      return code(`${at(Level.primary, receiver)}.${name}`, Level.primary, receiver.stable);
    }
    case "raw":
      return lower(body, expr.receiver, out);
    default:
      return buildVariant(body, reference, []);
  }
}

/** `e?`: the error leaves the whole body, the value goes on. */
function lowerQuestion(body: Body, expr: Extract<Expr, { kind: "QuestionExpr" }>, out: Writer): Code {
  const question = body.typing.questions.get(expr);
  const found = lower(body, expr.operand, out);
  const onResult = question?.on !== "option";
  const isName = found.stable && found.level === Level.primary && !body.isContested(expr.operand);
  const name = isName ? found.text : body.claim(onResult ? "outcome" : "found");
  if (!isName) {
    const isTyped = needsType(expr.operand, body.typing);
    const type = isTyped ? `: ${typeText(body.module, body.typeOf(expr.operand))}` : "";
    out.line(`const ${name}${type} = ${at(Level.assign, found)};`, body.origin(expr));
  }
  if (!onResult) {
    const absent = `${body.module.runtime("HttpResult")}.NotFound`;
    out.line(`if (${name}.tag === "None") return ${absent};`, body.origin(expr));
  } else if (question?.wrap !== undefined) {
    const { sum, variant } = question.wrap;
    const wrapped = `${body.module.runtime("Err")}(${body.module.type(sum)}.${variant.name}(${name}.error))`;
    out.line(`if (${name}.tag === "Err") return ${wrapped};`, body.origin(expr));
  } else {
    out.line(`if (${name}.tag === "Err") return ${name};`, body.origin(expr));
  }
  return stable(`${name}.value`);
}

function lowerRecord(body: Body, expr: RecordLiteral, out: Writer): Code {
  const values = lowerAll(
    body,
    expr.fields.map((field) => field.value),
    out,
  );
  const fields = expr.fields.map((field, index) => property(field.name.text, at(Level.assign, values[index] as Code)));
  return code(fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`);
}

function lowerUpdate(body: Body, expr: RecordUpdate, out: Writer): Code {
  const [base, ...values] = lowerAll(body, [expr.base, ...expr.fields.map((field) => field.value)], out) as [
    Code,
    ...Code[],
  ];
  const fields = expr.fields.map((field, index) => property(field.name.text, at(Level.assign, values[index] as Code)));
  return code(`{ ${[`...${at(Level.assign, base)}`, ...fields].join(", ")} }`);
}
