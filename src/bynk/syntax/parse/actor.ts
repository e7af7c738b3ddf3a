/** Actors (reference §13.2): a scheme with its identity, or a refinement of another actor. */
import type { ActorConfig, ActorDecl, DocBlock, Name, SchemeActor } from "../ast.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectClosing, expectToken, expectWord, replaceFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { nameOf, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";
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
  expectToken(ctx, "where", "`where` and what the caller must also be");
  const predicate = parseExpression(ctx);
  return { kind: "RefinementActor", doc, name, base, predicate, span: ctx.spanFrom(start) };
}

/** `auth = Scheme(…), identity = Type }` */
function parseContract(
  ctx: ParseContext,
  opener: Token | undefined,
): Pick<SchemeActor, "scheme" | "config" | "identity"> {
  if (opener === undefined)
    return { scheme: { kind: "Name", text: "", span: ctx.placeHere() }, config: [], identity: undefined };
  expectWord(ctx, "auth");
  expectEquals(ctx);
  // `None` is a reserved word and a scheme.
  const scheme = ctx.kind === "None" ? nameOf(ctx.next()) : parseName(ctx, "a scheme such as `Bearer(…)`");
  const config = ctx.kind === "(" ? parseList(ctx, ")", ctx.next(), parseConfig) : [];
  const identity = parseIdentity(ctx);
  expectClosing(ctx, "}", opener);
  return { scheme, config, identity };
}

function parseIdentity(ctx: ParseContext): SchemeActor["identity"] {
  if (!ctx.eat(",")) {
    if (!ctx.atWord("identity")) return undefined;
    reportExpected(ctx, "`,` before `identity`");
  }
  if (ctx.kind === "}") return undefined;
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
  reportExpected(ctx, "`=`", { fixes });
  ctx.next();
}
