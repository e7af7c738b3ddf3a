/** `@cache` and `@limit` on handlers (reference §12.5). */
import type { Annotation, AnnotationArg, Handler } from "../../syntax/ast.ts";
import type { HttpRoute } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import type { ServiceScope } from "./handler.ts";

type Found = ReadonlyMap<string, AnnotationArg>;

/** Reports annotations that mean nothing on a handler. */
export function checkAnnotationNames(scope: ServiceScope, handler: Handler): void {
  for (const annotation of handler.annotations) {
    const name = annotation.name.text;
    if (name === "cache" || name === "limit" || name === "") continue;
    reportUnknown(scope.unit.findings, {
      source: scope.source,
      span: annotation.name.span,
      name,
      code: "bynk.http.unknown_handler_annotation",
      args: { name },
      known: ["cache", "limit"],
    });
  }
}

/** The annotation of that name; a second one is reported. */
function findOnce(scope: ServiceScope, handler: Handler, name: "cache" | "limit"): Annotation | undefined {
  const [first, second] = handler.annotations.filter((annotation) => annotation.name.text === name);
  if (first !== undefined && second !== undefined) {
    const related = [{ source: scope.source, span: first.span, message: "the first one" }];
    const code = name === "cache" ? "bynk.http.cache_duplicate" : "bynk.http.limit_duplicate";
    scope.unit.findings.report(scope.source, code, second.span, {}, { related });
  }
  return first;
}

/** The `@cache` of a handler; `isOpen` is true where callers who prove nothing may come. */
export function readCache(scope: ServiceScope, handler: Handler, isOpen: boolean): HttpRoute["cache"] {
  const annotation = findOnce(scope, handler, "cache");
  if (annotation === undefined) return undefined;
  const { unit, source } = scope;
  const method = handler.entry.kind === "HttpEntry" ? handler.entry.method.text : undefined;
  if (method !== "GET") unit.findings.report(source, "bynk.http.cache_on_non_get", annotation.span, {});
  const args = new Map<string, AnnotationArg>();
  for (const arg of annotation.args ?? []) {
    const name = arg.name?.text;
    if ((name === "maxAge" || name === "scope") && !args.has(name)) args.set(name, arg);
    else {
      const written = source.text.slice(arg.span.start, arg.span.end);
      unit.findings.report(source, "bynk.http.cache_unknown_arg", arg.span, { written });
    }
  }
  const maxAgeSeconds = readMaxAge(scope, annotation, args);
  const reach = readScope(scope, args, isOpen);
  return maxAgeSeconds === undefined || reach === undefined ? undefined : { maxAgeSeconds, scope: reach };
}

function readMaxAge(scope: ServiceScope, annotation: Annotation, args: Found): number | undefined {
  const { unit, source } = scope;
  const arg = args.get("maxAge");
  const value = arg?.value;
  if (value?.kind !== "DurationLiteral" || value.milliseconds <= 0) {
    unit.findings.report(source, "bynk.http.cache_bad_max_age", value?.span ?? annotation.span, {});
    return undefined;
  }
  if (value.milliseconds % 1000 === 0) return value.milliseconds / 1000;
  unit.findings.report(source, "bynk.http.cache_max_age_fractional_seconds", value.span, {});
  return undefined;
}

function readScope(scope: ServiceScope, args: Found, isOpen: boolean): "public" | "private" | undefined {
  const value = args.get("scope")?.value;
  if (value === undefined) return "private";
  if (!isOpen && value.kind === "NameExpr" && value.name.text === "public") {
    scope.unit.findings.report(scope.source, "bynk.http.cache_bad_scope", value.span, {}, { variant: "guarded" });
    return undefined;
  }
  if (value.kind === "NameExpr" && (value.name.text === "public" || value.name.text === "private")) {
    return value.name.text;
  }
  scope.unit.findings.report(scope.source, "bynk.http.cache_bad_scope", value.span, {});
  return undefined;
}

/** The bytes of `@limit(maxBody: …)`. */
export function readLimit(scope: ServiceScope, handler: Handler): number | undefined {
  const annotation = findOnce(scope, handler, "limit");
  if (annotation === undefined) return undefined;
  const { unit, source } = scope;
  const method = handler.entry.kind === "HttpEntry" ? handler.entry.method.text : undefined;
  if (method === undefined || method === "GET" || method === "DELETE") {
    unit.findings.report(source, "bynk.http.limit_on_bodyless", annotation.span, {});
  }
  let found: AnnotationArg | undefined;
  for (const arg of annotation.args ?? []) {
    if (arg.name?.text === "maxBody" && found === undefined) found = arg;
    else {
      const written = source.text.slice(arg.span.start, arg.span.end);
      unit.findings.report(source, "bynk.http.limit_unknown_arg", arg.span, { written });
    }
  }
  const value = found?.value;
  if (value?.kind === "IntLiteral" && value.value > 0 && value.isSafe) return value.value;
  unit.findings.report(source, "bynk.http.limit_bad_max_body", value?.span ?? annotation.span, {});
  return undefined;
}
