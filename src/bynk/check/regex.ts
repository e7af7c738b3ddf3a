/**
 * Finds patterns whose matching can take exponential time: an unbounded repetition directly inside another, such as
 * `(a+)+` (reference §3.4). The pattern is known to be a valid ECMAScript expression.
 */

interface Group {
  /** Something inside repeats without a bound. */
  repeats: boolean;
}

export function nestsRepetition(pattern: string): boolean {
  const open: Group[] = [{ repeats: false }];
  /** The group that closed right before `at`, if any. */
  let closed: Group | undefined;
  for (let at = 0; at < pattern.length; ) {
    const unit = pattern[at];
    const unbounded = unboundedAt(pattern, at);
    if (unbounded > 0) {
      if (closed?.repeats) return true;
      for (const group of open) group.repeats = true;
      closed = undefined;
      at += unbounded;
    } else if (unit === "(") {
      open.push({ repeats: false });
      closed = undefined;
      at += groupPrefix(pattern, at);
    } else if (unit === ")") {
      closed = open.pop();
      at += 1;
    } else {
      closed = undefined;
      at = skipAtom(pattern, at);
    }
  }
  return false;
}

/** The length of `*`, `+` or `{n,}` (with a lazy `?`) at `at`; 0 where there is none. */
function unboundedAt(pattern: string, at: number): number {
  const quantifier = /(?:[*+]|\{[0-9]+,\})\??/y;
  quantifier.lastIndex = at;
  return quantifier.exec(pattern)?.[0].length ?? 0;
}

/** `(`, `(?:`, `(?=`, `(?<name>` … */
function groupPrefix(pattern: string, at: number): number {
  const prefix = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/y;
  prefix.lastIndex = at;
  return prefix.exec(pattern)?.[0].length ?? 1;
}

/** The end of an escape, a character class, or one character. */
function skipAtom(pattern: string, at: number): number {
  if (pattern[at] === "\\") return at + 2;
  if (pattern[at] !== "[") return at + 1;
  let end = at + 1;
  while (end < pattern.length && pattern[end] !== "]") end += pattern[end] === "\\" ? 2 : 1;
  return end + 1;
}
