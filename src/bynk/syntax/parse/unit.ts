/** Units and files (reference §2.5). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import { nearestOf } from "../../diagnostics/nearest.ts";
import type { DeclaringUnit, Item, Span, Unit } from "../ast.ts";
import { describeToken, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { startsEvent, startsMessages } from "./event.ts";
import { reportExpected, reportUnclosed } from "./expect.ts";
import { parseItem } from "./items.ts";
import { parseQualifiedName } from "./names.ts";
import { atItemWord, skipOne, skipUntil, startsUnit } from "./recover.ts";
import { parseSuite } from "./suite.ts";

const unitKinds: Readonly<Record<string, DeclaringUnit["kind"]>> = {
  commons: "Commons",
  context: "Context",
  adapter: "Adapter",
};

const itemNames = ["uses", "consumes", "exports", "type", "fn", "capability", "provides", "service", "actor"] as const;

/** Words of other languages, and the one Bynk has for it. */
const foreignWords: ReadonlyMap<string, string> = new Map(
  Object.entries({
    function: "fn",
    func: "fn",
    def: "fn",
    fun: "fn",
    import: "uses",
    use: "uses",
    require: "uses",
    export: "exports",
    struct: "type",
    class: "type",
    interface: "type",
    record: "type",
    module: "commons",
    namespace: "commons",
    package: "commons",
  }),
);

/** What cannot begin a declaration but is often written there. */
const itemVariants: ReadonlyMap<string, "noGlobals" | "bar" | "question"> = new Map([
  ["let", "noGlobals"],
  ["const", "noGlobals"],
  ["var", "noGlobals"],
  ["|", "bar"],
  ["?", "question"],
]);

/** All units of the file. */
export function parseUnits(ctx: ParseContext): readonly Unit[] {
  const units: Unit[] = [];
  if (ctx.kind === "eof") reportExpected(ctx, "a unit: `commons`, `context`, `adapter` or `suite`");
  while (ctx.kind !== "eof") {
    const unit = parseUnit(ctx);
    if (unit !== undefined) units.push(unit);
  }
  return units;
}

function parseUnit(ctx: ParseContext): Unit | undefined {
  const kind = unitKinds[ctx.kind];
  if (kind !== undefined) return parseDeclaring(ctx, kind);
  if (ctx.kind === "suite") return parseSuite(ctx);
  return failUnit(ctx);
}

function parseDeclaring(ctx: ParseContext, kind: DeclaringUnit["kind"]): DeclaringUnit {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.next();
  const name = parseQualifiedName(ctx, `the name of the ${kind.toLowerCase()}`);
  const opener = ctx.eat("{");
  const items = parseItems(ctx, kind, opener);
  closeUnit(ctx, opener);
  return { kind, doc, name, braced: opener !== undefined, items, span: ctx.spanFrom(start) };
}

/** Items up to the closing brace, or in a fragment to the end of the file. */
function parseItems(ctx: ParseContext, kind: DeclaringUnit["kind"], opener: Token | undefined): readonly Item[] {
  const items: Item[] = [];
  const order = opener === undefined && kind !== "Adapter" ? new HeaderOrder() : undefined;
  while (!endsUnit(ctx, opener)) {
    const { start } = ctx.token;
    const item = parseItem(ctx, kind);
    if (item === undefined) failItem(ctx);
    else {
      items.push(item);
      order?.check(ctx, item, start);
    }
  }
  return items;
}

function endsUnit(ctx: ParseContext, opener: Token | undefined): boolean {
  return ctx.kind === "eof" || startsUnit(ctx) || (opener !== undefined && ctx.kind === "}");
}

function closeUnit(ctx: ParseContext, opener: Token | undefined): void {
  if (opener !== undefined) {
    if (!ctx.eat("}")) reportUnclosed(ctx, "a declaration or `}`", opener);
    return;
  }
  if (ctx.kind === "eof") return;
  const { start, end } = ctx.token;
  const found = describeToken(ctx.token);
  ctx.report("bynk.parse.expected_item", { start, end }, { found }, { variant: "fragmentNotLast" });
}

/** In a fragment, `uses`, `consumes` and `exports` precede all declarations. */
class HeaderOrder {
  #firstDeclaration: { readonly start: number } | undefined;

  check(ctx: ParseContext, item: Item, start: number): void {
    const clause = clauseWord(item);
    if (clause === undefined) {
      if (item.kind !== "BindingClause") this.#firstDeclaration ??= { start: itemStart(item, start) };
    } else if (this.#firstDeclaration !== undefined) {
      const fixes = [moveFix(ctx, item, this.#firstDeclaration.start)];
      const head = { start, end: start + clause.length };
      ctx.reporter.report(`bynk.parse.${clause}_after_decls`, head, {}, { fixes });
    }
  }
}

function clauseWord(item: Item): "uses" | "consumes" | "exports" | undefined {
  if (item.kind === "UsesClause") return "uses";
  if (item.kind === "ConsumesClause") return "consumes";
  return item.kind === "ExportsClause" ? "exports" : undefined;
}

function itemStart(item: Item, start: number): number {
  return "doc" in item && item.doc !== undefined ? item.doc.span.start : start;
}

/** Moves a clause, with the blank before it, in front of the first declaration. */
function moveFix(ctx: ParseContext, item: Item, target: number): Fix {
  const { text } = ctx.source;
  const clause = text.slice(item.span.start, item.span.end);
  let blank = item.span.start;
  while (blank > target && /\s/.test(text[blank - 1] ?? "")) blank -= 1;
  return createFix(ctx.source, "move it above the first declaration", [
    { span: { start: target, end: target }, text: `${clause}\n\n` },
    { span: { start: blank, end: item.span.end }, text: "" },
  ]);
}

function failItem(ctx: ParseContext): void {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (!ctx.isEcho) reportItem(ctx, span);
  skipOne(ctx);
  skipUntil(ctx, (next) => next.kind === "}" || (next.firstOnLine && (startsEvent(ctx) || startsMessages(ctx))));
  ctx.hush();
}

function reportItem(ctx: ParseContext, span: Span): void {
  const { token } = ctx;
  const found = describeToken(token);
  const better = token.kind === "name" || token.kind === "record" ? wordFor(token.text) : undefined;
  if (better !== undefined) ctx.report("bynk.parse.expected_item", span, { found, better }, { variant: "near" });
  else ctx.report("bynk.parse.expected_item", span, { found }, { variant: itemVariants.get(token.text) ?? "default" });
}

function wordFor(word: string): string | undefined {
  return foreignWords.get(word) ?? nearestOf(word, itemNames);
}

/** Text that starts no unit. Declarations without a header are still read, so that their errors show. */
function failUnit(ctx: ParseContext): undefined {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  const headless = atItemWord(ctx) || startsEvent(ctx);
  if (!ctx.isEcho) {
    const args = { found: describeToken(token) };
    ctx.report("bynk.parse.expected_unit_header", span, args, { variant: headless ? "headless" : "default" });
  }
  if (headless) parseItems(ctx, "Context", undefined);
  else {
    skipOne(ctx);
    skipUntil(ctx, () => false);
  }
  ctx.hush();
  return undefined;
}
