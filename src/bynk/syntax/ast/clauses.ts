/** Clauses shared by several declarations: parameters, `given`, `by`, annotations. */
import type { Expr } from "./expressions.ts";
import type { Name, QualifiedName, Span } from "./node.ts";
import type { TypeRef } from "./types.ts";

/** `name: Type`, in parameter lists and variant payloads. */
export interface Param {
  readonly kind: "Param";
  readonly name: Name;
  readonly type: TypeRef;
  readonly span: Span;
}

/** `given Clock, alias.Cap`; the last segment is the name used in the body. */
export interface GivenClause {
  readonly kind: "GivenClause";
  readonly capabilities: readonly QualifiedName[];
  readonly span: Span;
}

/** `by u: User`, `by who: Scanner | Reader`, `by Warden`. */
export interface ByClause {
  readonly kind: "ByClause";
  readonly binder: Name | undefined;
  /** At least one; more than one is a caller sum. */
  readonly members: readonly Name[];
  /** Before the parameters, after the result type, or a default in the service's header. */
  readonly position: "before" | "after" | "service";
  readonly span: Span;
}

/** `@cache(maxAge: 5.minutes, scope: public)`. */
export interface Annotation {
  readonly kind: "Annotation";
  readonly name: Name;
  /** Undefined when no parentheses were written. */
  readonly args: readonly AnnotationArg[] | undefined;
  readonly span: Span;
}

export interface AnnotationArg {
  readonly kind: "AnnotationArg";
  readonly name: Name | undefined;
  readonly value: Expr;
  readonly span: Span;
}
