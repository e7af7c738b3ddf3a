/** Owns what a development child tells its supervisor, and the other way. No code. */
import type { Failure } from "../failure.ts";
import type { Hint } from "./hints.ts";
import type { DevToken } from "./tokens.ts";

/** What the child is started with: one JSON argument. */
export interface ChildOptions {
  readonly entry: string;
  readonly port?: number | undefined;
  readonly hostname?: string | undefined;
  readonly dataDir?: string | undefined;
  /** Subject of the development tokens. */
  readonly subject?: string | undefined;
}

export interface Welcome {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Names of secrets that were made up. */
  readonly madeUp: readonly string[];
  readonly tokens: readonly DevToken[];
  readonly hints: readonly Hint[];
}

export type FromChild =
  | { readonly type: "loaded"; readonly files: readonly string[] }
  | { readonly type: "serving"; readonly welcome: Welcome }
  | { readonly type: "failed"; readonly failure: ReturnType<Failure["toJSON"]>; readonly text: string };

export type ToChild = { readonly type: "stop" };
