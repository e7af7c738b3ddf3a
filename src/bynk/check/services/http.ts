/** Services `from http`: routes, their parameters and their results (reference §12.2, §12.3). */

import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { Handler, HttpEntry } from "../../syntax/ast.ts";
import type { HttpRoute, HttpService, Local, PathSegment, Place, Type } from "../model.ts";
import type { UnitState } from "../state.ts";
import { errorType, isStringConstructible, printType } from "../types.ts";
import { readCache, readLimit } from "./annotations.ts";
import { checkBoundary } from "./boundary.ts";
import { type ResolvedHandler, resolveHandler, type ServiceScope, serviceParts } from "./handler.ts";
import { type PathPart, readPath, shapeOf } from "./paths.ts";
import { readPolicies } from "./policies.ts";

/** The routes of a context so far: each method and path once, over all its services. */
export interface RouteTable {
  readonly byText: Map<string, Place>;
  readonly byShape: Map<string, Place>;
}

export function resolveHttp(scope: ServiceScope, handlers: readonly Handler[], table: RouteTable): HttpService {
  const policies = readPolicies(scope);
  const routes = handlers.flatMap((handler) =>
    handler.entry.kind === "HttpEntry" ? [resolveRoute(scope, handler, handler.entry, table)] : [],
  );
  const serviceCap = policies.maxBody;
  const readsAuthorization = routes.some((route) =>
    route.by.members.some(({ scheme }) => scheme.kind === "Bearer" || scheme.kind === "Oidc"),
  );
  return {
    kind: "http",
    ...serviceParts(scope),
    routes: routes.map((route) => ({ ...route, maxBody: route.maxBody ?? serviceCap })),
    cors: policies.cors && { ...policies.cors, readsAuthorization },
    security: policies.security,
    maxBody: serviceCap,
  };
}

function resolveRoute(scope: ServiceScope, handler: Handler, entry: HttpEntry, table: RouteTable): HttpRoute {
  const { unit, source } = scope;
  const parts = readPath(unit, source, entry);
  if (parts !== undefined) checkUnique(unit, source, entry, parts, table);
  const resolved = resolveHandler(scope, handler);
  const value = checkResult(scope, resolved);
  const segments = parts === undefined ? [] : checkParams(scope, entry, parts, resolved);
  const { members } = resolved.by;
  // A caller that could not be resolved has been reported.
  const isOpen = members.length === 0 || members.some(({ scheme }) => scheme.kind === "None");
  const cache = readCache(scope, handler, isOpen);
  const maxBody = readLimit(scope, handler);
  const { params, result, by, given, body } = resolved;
  return {
    decl: handler,
    method: entry.method.text,
    path: entry.path.value,
    segments,
    bodyParam: params.find((param) => param.name === "body" && !isPathParam(parts, param)),
    params,
    result,
    value,
    by,
    given,
    body,
    cache,
    maxBody,
  };
}

function isPathParam(parts: readonly PathPart[] | undefined, param: Local): boolean {
  return parts?.some((part) => part.kind === "param" && part.text === param.name) ?? false;
}

function checkUnique(
  unit: UnitState,
  source: SourceFile,
  entry: HttpEntry,
  parts: readonly PathPart[],
  table: RouteTable,
): void {
  const method = entry.method.text;
  const route = `${method} ${entry.path.value}`;
  const shape = `${method} ${shapeOf(parts)}`;
  const same = table.byText.get(route);
  const alike = table.byShape.get(shape);
  const place = { source, span: entry.span };
  table.byText.set(route, same ?? place);
  table.byShape.set(shape, alike ?? place);
  const first = same ?? alike;
  if (first === undefined) return;
  const related = [{ ...first, message: "the first of the two" }];
  const variant = same === undefined ? "sameShape" : "default";
  unit.findings.report(source, "bynk.http.duplicate_route", entry.span, { route }, { variant, related });
}

/** The `T` of `Effect[HttpResult[T]]`. */
function checkResult(scope: ServiceScope, handler: ResolvedHandler): Type {
  const { unit, source } = scope;
  const { result, decl } = handler;
  if (result.kind === "error") return errorType;
  if (result.kind === "effect" && result.value.kind === "error") return errorType;
  if (result.kind !== "effect" || result.value.kind !== "httpResult") {
    const args = { found: printType(result) };
    unit.findings.report(source, "bynk.http.return_not_effect_http_result", decl.result.span, args);
    return errorType;
  }
  checkBoundary(unit, source, decl.result, result.value.value);
  return result.value.value;
}

function checkParams(
  scope: ServiceScope,
  entry: HttpEntry,
  parts: readonly PathPart[],
  handler: ResolvedHandler,
): readonly PathSegment[] {
  const { unit, source } = scope;
  for (const param of handler.params) {
    if (param.name === "") continue;
    if (isPathParam(parts, param)) checkPathParam(scope, handler, param);
    else if (param.name === "body") checkBodyParam(scope, entry, handler, param);
    else {
      const args = { name: param.name, path: entry.path.value };
      unit.findings.report(source, "bynk.http.extra_param", param.node.span, args);
    }
  }
  return parts.flatMap((part): readonly PathSegment[] => {
    if (part.kind === "literal") return [{ kind: "literal", text: part.text }];
    const param = handler.params.find((candidate) => candidate.name === part.text);
    if (param !== undefined) return [{ kind: "param", name: part.text, param }];
    unit.findings.report(source, "bynk.http.unbound_path_param", entry.path.span, { name: part.text });
    return [];
  });
}

function checkPathParam(scope: ServiceScope, handler: ResolvedHandler, param: Local): void {
  if (param.type.kind === "error" || isStringConstructible(param.type)) return;
  const args = { name: param.name, type: printType(param.type) };
  scope.unit.findings.report(scope.source, "bynk.http.path_param_not_stringy", typeSpan(handler, param), args);
}

function checkBodyParam(scope: ServiceScope, entry: HttpEntry, handler: ResolvedHandler, param: Local): void {
  const { unit, source } = scope;
  const method = entry.method.text;
  if (method === "GET" || method === "DELETE") {
    unit.findings.report(source, "bynk.http.body_on_get_or_delete", param.node.span, { method });
    return;
  }
  const decl = handler.decl.params.find((candidate) => candidate.name === param.node);
  if (decl !== undefined) checkBoundary(unit, source, decl.type, param.type);
}

function typeSpan(handler: ResolvedHandler, param: Local) {
  return handler.decl.params.find((candidate) => candidate.name === param.node)?.type.span ?? param.node.span;
}
