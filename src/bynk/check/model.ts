/**
 * The checked program: what emission and everything after it reads. All names are resolved and all types known; the
 * syntax tree stays reachable through `decl` and `body`, and what was found out about its nodes stands in `Typing`.
 *
 * I1. A model is built only for a program without errors; nothing in it is `broken`, and no `Type` is `error`.
 * I2. Objects have identity: two types are the same declared type exactly when their `DeclaredType` is the same object.
 *     The same holds for functions, capabilities, services, actors and locals.
 * I3. Lists are in source order, files of a unit by path; `Program.units` is in dependency order where no cycle of
 *     `uses` prevents it.
 */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type {
  Block,
  CapabilityDecl,
  CapabilityOp,
  ConsumesClause,
  EventDecl,
  Expr,
  FieldDecl,
  FnDecl,
  Handler,
  LetStmt,
  Name,
  Pattern,
  ProviderOp,
  ProvidesDecl,
  QuestionExpr,
  RefinementActor,
  SchemeActor,
  ServiceDecl,
  Span,
  TypeDecl,
  TypeRef,
  UsesClause,
  VariantDecl,
} from "../syntax/ast.ts";

export type Target = "bundle" | "worker";

export type Platform = "cloudflare" | "node" | "browser";

export interface Program {
  readonly target: Target;
  readonly platform: Platform;
  /** The author's units and those first-party units that they reach. */
  readonly units: readonly ProgramUnit[];
}

export interface ProgramUnit {
  readonly kind: "commons" | "context" | "adapter";
  /** The dotted name. */
  readonly name: string;
  /** True for units the toolchain brings (`bynk`): their implementations come with the runtime. */
  readonly firstParty: boolean;
  readonly sources: readonly SourceFile[];
  readonly doc: string | undefined;
  readonly uses: readonly Use[];
  readonly consumes: readonly Consumption[];
  /** Every name in an `exports opaque` or `exports transparent` clause. */
  readonly exportedTypes: ReadonlyMap<string, ExportedType>;
  readonly exportedCapabilities: ReadonlyMap<string, Capability>;
  /** Declared here. Used and consumed types are reached through `uses` and `consumes`. */
  readonly types: readonly DeclaredType[];
  /** Free functions; methods stand with their type. */
  readonly functions: readonly Func[];
  readonly capabilities: readonly Capability[];
  /** In dependency order: a provider stands after the local providers of what it is given. */
  readonly providers: readonly Provider[];
  readonly actors: readonly Actor[];
  readonly services: readonly Service[];
  readonly typing: Typing;
}

/** `uses library.words`: every type and function of the commons is visible here by bare name unless `hidden`. */
export interface Use {
  readonly unit: ProgramUnit;
  readonly clause: UsesClause;
  /** Names that a local declaration shadows. */
  readonly hidden: ReadonlySet<string>;
}

export interface Consumption {
  /** A context or an adapter. */
  readonly unit: ProgramUnit;
  readonly clause: ConsumesClause;
  readonly alias: string | undefined;
  /** Capabilities flattened into this unit's names; empty for the bare and aliased forms. */
  readonly selection: readonly Capability[];
}

export interface ExportedType {
  readonly type: DeclaredType;
  readonly visibility: "opaque" | "transparent";
}

export type BaseName = "Int" | "String" | "Bool" | "Float" | "Duration" | "Instant" | "Bytes";

/**
 * The type of a value. Built-in types are compared by structure, declared types by the identity of `declared`.
 * `error` stands where something was wrong and has been reported; it never reaches a `Program`.
 */
export type Type =
  | { readonly kind: "base"; readonly name: BaseName }
  | { readonly kind: "unit" }
  | { readonly kind: "declared"; readonly declared: DeclaredType }
  | { readonly kind: "option"; readonly element: Type }
  | { readonly kind: "result"; readonly ok: Type; readonly err: Type }
  | { readonly kind: "effect"; readonly value: Type }
  | { readonly kind: "httpResult"; readonly value: Type }
  | { readonly kind: "queueResult" }
  | { readonly kind: "list"; readonly element: Type }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type }
  /** The records `ValidationError { field, message, value }` and `JsonError { kind, path, message }`, all of Strings. */
  | { readonly kind: "errorRecord"; readonly name: "ValidationError" | "JsonError" }
  /** The binder of a single party: nothing but `.identity` can be asked of it. */
  | { readonly kind: "caller"; readonly actor: Actor }
  /** The binder of a caller sum: a sum value whose variants are the members' names. */
  | { readonly kind: "callerSum"; readonly members: readonly Actor[] }
  | { readonly kind: "error" };

export interface DeclaredType {
  readonly name: string;
  /** The unit that declares it. */
  readonly unit: ProgramUnit;
  readonly source: SourceFile;
  readonly decl: TypeDecl | EventDecl;
  /** The type of its values. */
  readonly type: Type;
  readonly shape: Shape;
  /** `fn T.m(self, …)`, by name. */
  readonly methods: ReadonlyMap<string, Func>;
  /** `fn T.m(…)`, by name. */
  readonly statics: ReadonlyMap<string, Func>;
}

export type Shape = RefinedShape | RecordShape | SumShape | { readonly kind: "broken" };

/** A bare alias is a refined shape with no predicates: still nominal. */
export interface RefinedShape {
  readonly kind: "refined";
  readonly opaque: boolean;
  readonly base: BaseName;
  readonly predicates: readonly Predicate[];
}

export interface RecordShape {
  readonly kind: "record";
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly type: Type;
  /** Inline `where` of the field, besides what its type demands. Enforced at the boundary and on literals. */
  readonly predicates: readonly Predicate[];
  readonly decl: FieldDecl;
}

/** A sum or an enum. */
export interface SumShape {
  readonly kind: "sum";
  readonly variants: readonly Variant[];
  /** `embeds E as V`: `?` on an `Err(E)` wraps it in `V`. */
  readonly embeds: readonly { readonly type: Type; readonly variant: Variant }[];
}

export interface Variant {
  readonly name: string;
  readonly payload: readonly PayloadField[];
  readonly decl: VariantDecl;
}

export interface PayloadField {
  readonly name: string;
  readonly type: Type;
}

export type Predicate =
  | { readonly kind: "NonNegative" }
  | { readonly kind: "Positive" }
  | { readonly kind: "InRange"; readonly low: number; readonly high: number }
  | { readonly kind: "NonEmpty" }
  | { readonly kind: "MinLength"; readonly length: number }
  | { readonly kind: "MaxLength"; readonly length: number }
  | { readonly kind: "Length"; readonly length: number }
  /** The author's pattern, not anchored: the whole value must match it. */
  | { readonly kind: "Matches"; readonly pattern: string };

export interface Func {
  readonly name: string;
  /** The `T` of `fn T.m`. */
  readonly owner: DeclaredType | undefined;
  readonly isMethod: boolean;
  readonly unit: ProgramUnit;
  readonly source: SourceFile;
  readonly decl: FnDecl;
  /** Without `self`. */
  readonly params: readonly Local[];
  readonly result: Type;
}

export interface Capability {
  readonly name: string;
  readonly unit: ProgramUnit;
  readonly source: SourceFile;
  readonly decl: CapabilityDecl;
  readonly operations: readonly Operation[];
}

export interface Operation {
  readonly name: string;
  readonly params: readonly PayloadField[];
  readonly result: Type;
  readonly decl: CapabilityOp;
}

/** One entry of `given`, or inherited from the service's header. */
export interface Given {
  readonly capability: Capability;
  /** The name in the body: the last segment of what was written. */
  readonly name: string;
}

export interface Provider {
  /** The implementation's name, the right side of `provides Cap = Name`. */
  readonly name: string;
  readonly unit: ProgramUnit;
  readonly source: SourceFile;
  readonly decl: ProvidesDecl;
  readonly capability: Capability;
  readonly given: readonly Given[];
  /** Undefined for an external provider, which only adapters have. */
  readonly operations: readonly ProvidedOperation[] | undefined;
}

export interface ProvidedOperation {
  readonly operation: Operation;
  readonly decl: ProviderOp;
  readonly params: readonly Local[];
  readonly result: Type;
}

export type Scheme =
  | { readonly kind: "None" }
  | { readonly kind: "Internal" }
  | { readonly kind: "Bearer"; readonly secret: string }
  | {
      readonly kind: "Signature";
      readonly secret: string;
      readonly header: string;
      /** The header that carries the signed time. */
      readonly timestamp: string | undefined;
      /** Seconds; present only with `timestamp`. */
      readonly tolerance: number | undefined;
    }
  | { readonly kind: "Oidc"; readonly issuer: string; readonly audience: string; readonly jwks: string };

export type SchemeName = Scheme["kind"];

export type Actor = DeclaredActor | RefinedActor | PreludeActor;

interface ActorParts {
  readonly name: string;
  readonly scheme: Scheme;
  /**
   * What the boundary mints: for Bearer and Oidc a String-constructible declared type, for `Caller` String, else
   * undefined. A refinement has its base's.
   */
  readonly identity: Type | undefined;
}

export interface DeclaredActor extends ActorParts {
  readonly kind: "declared";
  readonly source: SourceFile;
  readonly decl: SchemeActor;
}

/** `actor Admin = User where hasClaim("admin")`: scheme fails → 401, predicate false → 403, then the identity. */
export interface RefinedActor extends ActorParts {
  readonly kind: "refined";
  readonly source: SourceFile;
  readonly decl: RefinementActor;
  readonly base: DeclaredActor;
  readonly predicate: ClaimPredicate;
}

export interface PreludeActor extends ActorParts {
  readonly kind: "prelude";
  readonly name: "Visitor" | "Scheduler" | "Producer" | "Caller" | "Publisher";
}

/** Over own properties of the verified claims. */
export type ClaimPredicate =
  | { readonly kind: "hasClaim"; readonly claim: string }
  | { readonly kind: "claimEquals"; readonly claim: string; readonly value: string }
  | { readonly kind: "and" | "or"; readonly left: ClaimPredicate; readonly right: ClaimPredicate }
  | { readonly kind: "not"; readonly operand: ClaimPredicate };

/** Who may enter a handler. `origin` says whose words these are: the handler's, the service header's, the protocol's. */
export interface Admission {
  /** One member, or a caller sum in the order to be tried. */
  readonly members: readonly Actor[];
  /** Type `caller` for one member, `callerSum` for several. */
  readonly binder: Local | undefined;
  readonly origin: "handler" | "service" | "protocol";
}

export type Service = HttpService | CallService | CronService | QueueService;

interface ServiceParts {
  readonly name: string;
  readonly unit: ProgramUnit;
  readonly source: SourceFile;
  readonly decl: ServiceDecl;
}

interface HandlerParts {
  readonly decl: Handler;
  readonly by: Admission;
  readonly given: readonly Given[];
  /** The declared result. */
  readonly result: Type;
  readonly body: Block;
}

export interface HttpService extends ServiceParts {
  readonly kind: "http";
  readonly routes: readonly HttpRoute[];
  readonly cors: CorsPolicy | undefined;
  readonly security: SecurityPolicy;
  /** Bytes; undefined: no cap of the author's. */
  readonly maxBody: number | undefined;
}

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type PathSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "param"; readonly name: string; readonly param: Local };

export interface HttpRoute extends HandlerParts {
  readonly method: HttpMethod;
  /** As written: `/visits/:card`. */
  readonly path: string;
  /** What stands between the slashes; empty for `/`. */
  readonly segments: readonly PathSegment[];
  readonly bodyParam: Local | undefined;
  /** All parameters, path and body, as declared. */
  readonly params: readonly Local[];
  /** The `T` of `Effect[HttpResult[T]]`. */
  readonly value: Type;
  readonly cache: { readonly maxAgeSeconds: number; readonly scope: "public" | "private" } | undefined;
  /** `@limit(maxBody:)` of the route, else the service's. */
  readonly maxBody: number | undefined;
}

export interface CorsPolicy {
  /** `["*"]` or literal origins. */
  readonly origins: readonly string[];
  /** Undefined: `content-type`, and `authorization` when `readsAuthorization`. */
  readonly headers: readonly string[] | undefined;
  /** Some route of the service reads the Authorization header. */
  readonly readsAuthorization: boolean;
  readonly credentials: boolean;
  readonly maxAgeSeconds: number | undefined;
}

export interface SecurityPolicy {
  readonly nosniff: boolean;
  readonly hstsSeconds: number | undefined;
}

export interface CallService extends ServiceParts {
  readonly kind: "call";
  readonly handler: CallHandler;
}

export interface CallHandler extends HandlerParts {
  readonly params: readonly Local[];
  /** The `T` of `Effect[T]`. */
  readonly value: Type;
}

export interface CronService extends ServiceParts {
  readonly kind: "cron";
  readonly schedules: readonly CronSchedule[];
}

export interface CronSchedule extends HandlerParts {
  readonly schedule: string;
  /** The scheduled time in epoch milliseconds, when the handler asks for it. */
  readonly param: Local | undefined;
  /** The `E` of `Effect[Result[(), E]]`. */
  readonly error: Type;
}

export interface QueueService extends ServiceParts {
  readonly kind: "queue";
  readonly queue: string;
  readonly handler: QueueHandler;
}

export interface QueueHandler extends HandlerParts {
  readonly message: Local;
}

/** A value with a name inside a body. Shadowing makes a second `Local` of the same name. */
export interface Local {
  readonly name: string;
  readonly type: Type;
  readonly origin: "param" | "let" | "pattern" | "caller";
  readonly node: Name;
}

export interface Typing {
  /**
   * The type of every expression in a body. A literal that was admitted to a refined type has the refined type; so has
   * a variable inside the region where `is` narrowed it.
   */
  readonly expressions: ReadonlyMap<Expr, Type>;
  /** The type of a block's value: bodies, branches, arms. */
  readonly blocks: ReadonlyMap<Block, Type>;
  /** What names, calls, members, constructors and record literals refer to. */
  readonly references: ReadonlyMap<Expr, Reference>;
  readonly patterns: ReadonlyMap<Pattern, ResolvedPattern>;
  readonly questions: ReadonlyMap<QuestionExpr, Question>;
  /** The local a `let` makes; none for `_`. */
  readonly lets: ReadonlyMap<LetStmt, Local>;
  /** The type written at a reference: annotations, parameters, fields, results. */
  readonly typeRefs: ReadonlyMap<TypeRef, Type>;
}

/**
 * What an expression stands for, by the kind of node it is found at:
 *
 * NameExpr: `local`, `variant` or `builtinVariant` without payload. Heads of dotted names have no reference of their own.
 * CallExpr: `function`, `variant`, `builtinVariant`.
 * MethodCall: `method`, `static`, `construct`, `variant`, `builtinVariant`, `kernel`, `kernelStatic`, `operation`,
 * `remote`. FieldAccess: `field`, `raw`, `identity`, `variant`, `builtinVariant`.
 * ConstructorExpr: `builtinVariant`. RecordLiteral and RecordUpdate: `record`.
 */
export type Reference =
  | { readonly kind: "local"; readonly local: Local }
  | { readonly kind: "variant"; readonly sum: DeclaredType; readonly variant: Variant }
  | { readonly kind: "builtinVariant"; readonly family: BuiltinFamily; readonly variant: string }
  | { readonly kind: "function"; readonly func: Func }
  /** `value.m(args)`: the receiver is the first argument. */
  | { readonly kind: "method"; readonly func: Func }
  /** `T.m(args)` of the author's. */
  | { readonly kind: "static"; readonly func: Func }
  /** `T.of(v)`, `T.unsafe(v)`. */
  | { readonly kind: "construct"; readonly type: DeclaredType; readonly how: "of" | "unsafe" }
  /** A built-in method; `receiver` names the table of the reference, §9. */
  | { readonly kind: "kernel"; readonly receiver: KernelReceiver; readonly method: string }
  /** `Int.parse(s)` and the like. */
  | { readonly kind: "kernelStatic"; readonly owner: BaseName; readonly method: string }
  | { readonly kind: "field"; readonly field: string }
  /** `.raw` of an opaque value. */
  | { readonly kind: "raw" }
  /** `u.identity`. */
  | { readonly kind: "identity"; readonly local: Local }
  | { readonly kind: "operation"; readonly given: Given; readonly operation: Operation }
  /** A call of another context's service. Arguments fit by structure, not by name. */
  | { readonly kind: "remote"; readonly context: ProgramUnit; readonly service: CallService }
  | { readonly kind: "record"; readonly type: DeclaredType };

export type BuiltinFamily = "option" | "result" | "httpResult" | "queueResult";

export type KernelReceiver = "Int" | "Float" | "String" | "Duration" | "Instant" | "Bytes" | "Option" | "Result";

/** What a pattern tests and binds. `any` for `_`; a `VariantPattern` after `is` may be `refined`. */
export type ResolvedPattern =
  | { readonly kind: "any" }
  | { readonly kind: "bind"; readonly local: Local }
  | { readonly kind: "literal"; readonly value: number | string | boolean }
  | {
      readonly kind: "variant";
      readonly sum: DeclaredType;
      readonly variant: Variant;
      readonly fields: readonly PatternField[];
    }
  | {
      readonly kind: "builtinVariant";
      readonly family: BuiltinFamily;
      readonly variant: string;
      readonly fields: readonly PatternField[];
    }
  /** A member of a caller sum; `identity` is the sub-pattern on its identity. */
  | { readonly kind: "caller"; readonly actor: Actor; readonly identity: Pattern | undefined }
  /** `x is Even`, and `_ where Positive`. */
  | { readonly kind: "refined"; readonly type: DeclaredType | undefined; readonly predicates: readonly Predicate[] }
  | { readonly kind: "or" }
  | { readonly kind: "group" };

/** A sub-pattern and the payload field it looks at. Fields without a sub-pattern match anything and are not listed. */
export interface PatternField {
  readonly field: string;
  readonly pattern: Pattern;
}

export interface Question {
  /** `result`: `Err` is returned. `option`: `None` returns `NotFound`. */
  readonly on: "result" | "option";
  /** The variant that wraps the error before it is returned (`embeds`). */
  readonly wrap: { readonly sum: DeclaredType; readonly variant: Variant } | undefined;
}

/** A place in a source, for messages that point elsewhere. */
export interface Place {
  readonly source: SourceFile;
  readonly span: Span;
}
