/**
 * Owns the errors of the codecs. Both carry where, neither carries a value: frames hold tokens, and errors reach logs.
 */

/** A value that the encoding cannot carry. `path` says which, e.g. `state.users[3].fn`. */
export class EncodeError extends TypeError {
  override readonly name = "EncodeError";
  readonly path: string;

  constructor(path: string, reason: string) {
    super(`cannot encode ${path}: ${reason}`);
    this.path = path;
  }
}

/** Text or bytes that are not this encoding. */
export class DecodeError extends SyntaxError {
  override readonly name = "DecodeError";
}
