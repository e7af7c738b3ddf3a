/** The items of a unit: which word begins which, and which unit may hold it (reference §2.5). */
import type { DeclaringUnit, DocBlock, Item, Span } from "../ast.ts";
import { parseActor } from "./actor.ts";
import { parseAgent } from "./agent.ts";
import type { ParseContext } from "./context.ts";
import { parseEvent, parseMessages, startsEvent, startsMessages } from "./event.ts";
import { parseFn } from "./fn.ts";
import { parseBinding, parseConsumes, parseExports, parseUses } from "./header.ts";
import { parseCapabilityDecl, parseProvides } from "./operations.ts";
import { parseService } from "./service.ts";
import { parseTypeDecl } from "./type-decl.ts";

type UnitKind = DeclaringUnit["kind"];

/** Reads an item if one begins here. What stands in a unit that may not hold it is reported and kept. */
export function parseItem(ctx: ParseContext, unit: UnitKind): Item | undefined {
  const head = { start: ctx.token.start, end: ctx.token.end };
  const item = startsEvent(ctx) || startsMessages(ctx) ? parseContextual(ctx) : parseKeyword(ctx);
  if (item !== undefined) checkPlacement(ctx, unit, item, head);
  return item;
}

function parseContextual(ctx: ParseContext): Item {
  return startsEvent(ctx) ? parseEvent(ctx, takeDoc(ctx)) : parseMessages(ctx);
}

function parseKeyword(ctx: ParseContext): Item | undefined {
  switch (ctx.kind) {
    case "uses":
      return parseUses(ctx);
    case "consumes":
      return parseConsumes(ctx);
    case "exports":
      return parseExports(ctx);
    case "binding":
      return parseBinding(ctx);
    case "type":
      return parseTypeDecl(ctx, takeDoc(ctx));
    case "fn":
      return parseFn(ctx, takeDoc(ctx));
    case "capability":
      return parseCapabilityDecl(ctx, takeDoc(ctx));
    case "provides":
      return parseProvides(ctx, takeDoc(ctx));
    case "service":
      return parseService(ctx, takeDoc(ctx));
    case "actor":
      return parseActor(ctx, takeDoc(ctx));
    case "agent":
      return parseAgent(ctx, takeDoc(ctx));
    default:
      return undefined;
  }
}

function takeDoc(ctx: ParseContext): DocBlock | undefined {
  return ctx.docs.take(ctx.at);
}

function checkPlacement(ctx: ParseContext, unit: UnitKind, item: Item, head: Span): void {
  if (unit === "Commons") checkInCommons(ctx, item, head);
  else if (unit === "Adapter") checkInAdapter(ctx, item, head);
  if (item.kind === "MessagesDecl" && unit !== "Commons")
    ctx.reporter.report("bynk.messages.outside_commons", head, {});
  if (item.kind === "BindingClause" && unit !== "Adapter") {
    ctx.reporter.report("bynk.parse.expected_item", head, { found: "`binding`" }, { variant: "binding" });
  }
}

function checkInCommons(ctx: ParseContext, item: Item, head: Span): void {
  const { reporter } = ctx;
  if (item.kind === "CapabilityDecl") reporter.report("bynk.capability.outside_context", head, {});
  else if (item.kind === "ProvidesDecl") reporter.report("bynk.provider.outside_context", head, {});
  else if (item.kind === "ServiceDecl") reporter.report("bynk.service.outside_context", head, {});
  else if (item.kind === "AgentDecl") reporter.report("bynk.agent.outside_context", head, {});
  else if (item.kind === "SchemeActor" || item.kind === "RefinementActor") {
    reporter.report("bynk.actor.outside_context", head, {});
  } else if (item.kind === "EventDecl") reporter.report("bynk.event.outside_context", head, {});
  else if (item.kind === "ConsumesClause") reporter.report("bynk.consumes.in_commons", head, {});
  else if (item.kind === "ExportsClause") {
    reporter.report("bynk.parse.expected_item", head, { found: "`exports`" }, { variant: "exportsInCommons" });
  }
}

function checkInAdapter(ctx: ParseContext, item: Item, head: Span): void {
  const word = disallowedInAdapter[item.kind];
  if (word !== undefined) ctx.reporter.report("bynk.adapter.disallowed_item", head, { item: word });
  if (item.kind === "EventDecl") ctx.reporter.report("bynk.event.outside_context", head, {});
}

const disallowedInAdapter: Readonly<Partial<Record<Item["kind"], string>>> = {
  ServiceDecl: "a service",
  AgentDecl: "an agent",
  SchemeActor: "an actor",
  RefinementActor: "an actor",
};
