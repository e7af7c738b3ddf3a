/** Actors (reference §13.2): a scheme with its identity, or a refinement of another actor. */
import type { ActorConfig, ActorDecl, DocBlock, Expr, Name, SchemeActor } from "../ast.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { type Expectation, expectClosing, expectToken, expectWord, replaceFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { missingName, nameOf, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { skipOne } from "./recover.ts";
import { parseType } from "./types.ts";

/** At `actor`. */
export function parseActor(ctx: ParseContext, doc: DocBlock | undefined): ActorDecl {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the actor");
  if (ctx.eat("=")) return parseRefinementActor(ctx, doc, start, name);
  const opener = expectToken(ctx, "{", "`{` and how the caller is verified, or `=` and the actor it refines");
  const { scheme, config, identity } = parseContract(ctx, opener);
  return { kind: "SchemeActor", doc, name, scheme, config, identity, span: ctx.spanFrom(start) };
}

/** `Base where predicate`; the predicate is any expression here, and the checker narrows it. */
function parseRefinementActor(ctx: ParseContext, doc: DocBlock | undefined, start: number, name: Name): ActorDecl {
  const base = parseName(ctx, "the name of an actor");
  const isScheme = ctx.kind === "(";
  const situation: Expectation = isScheme ? { variant: "schemeOutside" } : {};
  const where = expectToken(ctx, "where", "`where` and what the caller must also be", situation);
  if (isScheme) skipOne(ctx);
  const predicate: Expr = where === undefined ? { kind: "ErrorExpr", span: ctx.placeHere() } : parseExpression(ctx);
  return { kind: "RefinementActor", doc, name, base, predicate, span: ctx.spanFrom(start) };
}

type ActorContract = Pick<SchemeActor, "scheme" | "config" | "identity">;

/** `auth = Scheme(…), identity = Type }` */
function parseContract(ctx: ParseContext, opener: Token | undefined): ActorContract {
  if (opener === undefined) return { scheme: missingName(ctx), config: [], identity: undefined };
  const isReversed = ctx.atWord("identity");
  if (isReversed) reportExpected(ctx, "`auth`", { variant: "authFirst" });
  const early = isReversed ? parseIdentity(ctx) : undefined;
  const { scheme, config } = parseAuth(ctx);
  const identity = early ?? (ctx.eat(",") && ctx.kind !== "}" ? parseIdentity(ctx) : undefined);
  expectClosing(ctx, "}", opener);
  return { scheme, config, identity };
}

/** `auth = Scheme(…)` */
function parseAuth(ctx: ParseContext): Pick<SchemeActor, "scheme" | "config"> {
  expectWord(ctx, "auth");
  expectEquals(ctx);
  // `None` is a reserved word and a scheme.
  const scheme = ctx.kind === "None" ? nameOf(ctx.next()) : parseName(ctx, "a scheme such as `Bearer(…)`");
  const config = ctx.kind === "(" ? parseList(ctx, ")", ctx.next(), parseConfig) : [];
  return { scheme, config };
}

/** `identity = Type`, with an optional comma behind it */
function parseIdentity(ctx: ParseContext): SchemeActor["identity"] {
  expectWord(ctx, "identity");
  expectEquals(ctx);
  const identity = parseType(ctx);
  ctx.eat(",");
  return identity;
}

function parseConfig(ctx: ParseContext): ActorConfig {
  const { start } = ctx.token;
  const key = parseName(ctx, "the name of a setting");
  expectEquals(ctx);
  const value = ctx.unrestricted(() => parseExpression(ctx));
  return { kind: "ActorConfig", key, value, span: ctx.spanFrom(start) };
}

/** `=`; a colon in its place is reported and read as one. */
function expectEquals(ctx: ParseContext): void {
  if (ctx.kind !== ":") {
    expectToken(ctx, "=");
    return;
  }
  const { start, end } = ctx.token;
  const fixes = [replaceFix(ctx, { start, end }, " =")];
  reportExpected(ctx, "`=`", { variant: "colonSetting", fixes });
  ctx.next();
}
