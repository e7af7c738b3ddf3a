/** What emission of one body keeps: names of its values, the module around it, and where results of the early exit go. */
import type { Local, Type, Typing } from "../check/model.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Block, Expr, Span } from "../syntax/ast.ts";
import type { Code } from "./code.ts";
import type { EmitModule } from "./module.ts";
import { NameScope } from "./names.ts";
import type { Origin } from "./source-map.ts";
import { contestedIn, rootOf, type Tested } from "./tested.ts";
import type { Writer } from "./writer.ts";

/** Where the value of an expression goes. */
export type Sink =
  | { readonly kind: "return" }
  | { readonly kind: "assign"; readonly name: string }
  | { readonly kind: "discard" };

/** The ways in which the parts of body emission refer back to the whole. */
export interface Rules {
  readonly lower: (body: Body, expr: Expr, out: Writer) => Code;
  /** Writes statements that bring the value of `node` to `sink`. */
  readonly into: (body: Body, node: Expr | Block, sink: Sink, out: Writer) => void;
}

export interface BodyOptions {
  readonly rules: Rules;
  readonly module: EmitModule;
  readonly source: SourceFile;
  /** The declared result. */
  readonly result: Type;
  readonly block: Block;
  /** How `given` capabilities and the invocation are reached. */
  readonly given: string;
  /** Undefined in functions, which belong to no invocation. */
  readonly context: string | undefined;
}

export class Body {
  readonly module: EmitModule;
  readonly source: SourceFile;
  readonly result: Type;
  readonly given: string;
  readonly context: string | undefined;
  readonly typing: Typing;
  readonly #options: BodyOptions;
  readonly #contested: ReadonlySet<Tested>;
  readonly #code = new Map<Local, string>();
  readonly #scope: NameScope;

  constructor(options: BodyOptions, outer?: Body) {
    this.module = options.module;
    this.source = options.source;
    this.result = options.result;
    this.given = options.given;
    this.context = options.context;
    this.typing = options.module.unit.typing;
    this.#contested = outer === undefined ? contestedIn(options.block, this.typing) : outer.#contested;
    this.#scope = outer === undefined ? new NameScope(options.module.names.scope) : new NameScope(outer.#scope);
    if (outer !== undefined) this.#code = outer.#code;
    this.#options = options;
  }

  /** The same body in a block of its own: names claimed there are free again behind it. */
  inner(): Body {
    return new Body(this.#options, this);
  }

  lower(expr: Expr, out: Writer): Code {
    return this.#options.rules.lower(this, expr, out);
  }

  into(node: Expr | Block, sink: Sink, out: Writer): void {
    this.#options.rules.into(this, node, sink, out);
  }

  /** The declared result without its Effect. */
  get answer(): Type {
    return this.result.kind === "effect" ? this.result.value : this.result;
  }

  /** A name for a value of the author's. */
  bind(local: Local): string {
    const name = this.claim(local.name);
    this.#code.set(local, name);
    return name;
  }

  /** Lets a value be read by an expression instead of a name of its own. */
  alias(local: Local, text: string): void {
    this.#code.set(local, text);
  }

  /** A free name, for what the author has no name for. */
  claim(wanted: string): string {
    const name = this.#scope.claim(wanted);
    this.module.names.locals.add(name);
    return name;
  }

  read(local: Local): string {
    return this.#code.get(local) ?? local.name;
  }

  /**
   * The value behind the expression is tested more than once in this body. TypeScript narrows a name by the first test and
   * then refuses the second as pointless, so each test is given a name of its own.
   */
  isContested(expr: Expr): boolean {
    const root = rootOf(expr, this.typing);
    return root !== undefined && this.#contested.has(root);
  }

  typeOf(expr: Expr): Type {
    const type = this.typing.expressions.get(expr);
    if (type !== undefined) return type;
    return expr.kind === "ParenExpr" ? this.typeOf(expr.inner) : { kind: "error" };
  }

  origin(node: { readonly span: Span }): Origin {
    return { source: this.source, offset: node.span.start };
  }
}
