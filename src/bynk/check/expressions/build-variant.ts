/** Building a variant, user-made or built in, with or without payload (reference §3.3, §12.4). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { Expr, Span } from "../../syntax/ast.ts";
import { checkConstruction } from "../access.ts";
import { checkArguments, countArguments, inferAll } from "../arguments.ts";
import { type Body, type Env, wanting } from "../body.ts";
import { checkAgainst } from "../mismatch.ts";
import type { PayloadField, Type } from "../model.ts";
import { errorType } from "../types.ts";
import { type FoundVariant, ownerName, payloadOf, referToVariant } from "../variants.ts";

/** A variant named at `span` of `expr`; `args` is undefined where no parentheses were written. */
export interface VariantUse {
  readonly expr: Expr;
  readonly found: FoundVariant;
  readonly span: Span;
  readonly args: readonly Expr[] | undefined;
}

export function inferVariant(body: Body, env: Env | undefined, use: VariantUse): Type {
  const { found } = use;
  if (found.kind === "declared") checkConstruction(body, found.sum, use.span);
  if (found.variant.name === "Streaming" && found.kind === "builtin") {
    body.unsupported(use.span, "streamed responses");
    inferAll(body, env, use.args ?? []);
    return errorType;
  }
  const payload = payloadOf(found);
  const complete = checkPayloadCount(body, use, payload);
  const value = complete ? inferPayload(body, env, use, payload) : undefined;
  if (!complete) inferAll(body, env, use.args ?? []);
  return referToVariant(body, use.expr, found, httpValue(body, use, value));
}

function checkPayloadCount(body: Body, use: VariantUse, payload: readonly PayloadField[]): boolean {
  const name = use.found.variant.name;
  if (use.args === undefined) {
    if (payload.length === 0) return true;
    const fields = payload.map((field) => field.name).join(", ");
    body.report("bynk.types.variant_missing_payload", use.span, { name, fields });
    return false;
  }
  if (use.args.length === payload.length && payload.length > 0) return true;
  const args = { name, wanted: countArguments(payload.length), found: countArguments(use.args.length) };
  body.report("bynk.types.variant_arity", use.span, args, {
    variant: use.args.length === payload.length ? "brackets" : "default",
    fixes: removeBrackets(body, use, payload),
  });
  return false;
}

/** `Shut()` for a variant that carries nothing. */
function removeBrackets(body: Body, use: VariantUse, payload: readonly PayloadField[]): readonly Fix[] {
  if (payload.length > 0 || use.args?.length !== 0) return [];
  const span = { start: use.span.end, end: use.expr.span.end };
  return [createFix(body.source, "remove the brackets", [{ span, text: "" }])];
}

/** Checks the payload; gives the type of the value where the variant's own does not fix it. */
function inferPayload(
  body: Body,
  env: Env | undefined,
  use: VariantUse,
  payload: readonly PayloadField[],
): Type | undefined {
  const args = use.args ?? [];
  const { found } = use;
  if (found.kind === "declared") {
    checkDeclaredPayload(body, env, use, payload);
    return undefined;
  }
  const [first] = args;
  const carriesValue = payload[0]?.name === "value";
  if (!carriesValue || first === undefined) {
    checkArguments(body, env, args, payload, `${ownerName(found)}.${found.variant.name}`);
    return undefined;
  }
  if (found.value === undefined) return body.infer(env, first);
  checkAgainst(body, env, first, wanting(found.value), ({ span, words }) => {
    if (found.variant.name === "Ok") body.report("bynk.types.ok_value_mismatch", span, words);
    else body.report("bynk.types.argument_mismatch", span, { ...words, position: 1, callee: found.variant.name });
  });
  return undefined;
}

function checkDeclaredPayload(
  body: Body,
  env: Env | undefined,
  use: VariantUse,
  payload: readonly PayloadField[],
): void {
  for (const [index, arg] of (use.args ?? []).entries()) {
    const field = payload[index];
    checkAgainst(body, env, arg, wanting(field?.type ?? errorType), ({ span, words }) => {
      const args = { ...words, field: field?.name ?? "", variant: use.found.variant.name };
      body.report("bynk.types.variant_payload_mismatch", span, args);
    });
  }
}

/** The `T` of the HttpResult that is built; reported where nothing says what it is. */
function httpValue(body: Body, use: VariantUse, inferred: Type | undefined): Type | undefined {
  const { found } = use;
  if (found.kind === "declared" || found.variant.family !== "httpResult") return undefined;
  const value = found.value ?? inferred;
  if (value !== undefined || payloadOf(found)[0]?.name === "value") return value;
  body.report(
    "bynk.types.cannot_infer_result_type_params",
    use.span,
    { name: found.variant.name },
    { variant: "http" },
  );
  return undefined;
}
