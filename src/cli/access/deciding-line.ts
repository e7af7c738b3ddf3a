/**
 * Owns finding the line on which a decision fell, from what V8 counts while it runs: the last `return` of the deciding
 * function that was executed. Without an answer (code that is not a file, a decision without a `return`), none is given.
 */
import { readFileSync } from "node:fs";
import { type Profiler, type Runtime, Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import type { Tracer } from "../../access/probe.ts";
import { shownPath } from "../shown-path.ts";

const HANDLE = Symbol.for("byward.probe.code");

/** Traces decisions of this process. Call `close` when done. */
export class DecidingLine implements Tracer {
  readonly #session = new Session();
  readonly #sources = new Map<string, string | null>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  close(): void {
    this.#session.disconnect();
  }

  async trace<T>(code: unknown, decide: () => Promise<T>): Promise<{ readonly result: T; readonly at: string | null }> {
    const location = this.#locationOf(code);
    this.#take();
    const result = await decide();
    const taken = this.#take();
    return { result, at: location === null ? null : this.#placeIn(taken, location) };
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error === null) taken = answer.result;
    });
    return taken;
  }

  /** Where a function stands, as V8 knows it. */
  #locationOf(code: unknown): FunctionLocation | null {
    const holder = globalThis as { [HANDLE]?: unknown };
    let location: FunctionLocation | null = null;
    holder[HANDLE] = code;
    const expression = `globalThis[Symbol.for("byward.probe.code")]`;
    this.#session.post("Runtime.evaluate", { expression }, (error, answer) => {
      const { objectId } = answer?.result ?? {};
      if (error !== null || objectId === undefined) return;
      this.#session.post("Runtime.getProperties", { objectId, ownProperties: true }, (_failed, properties) => {
        const found = properties?.internalProperties?.find(({ name }) => name === "[[FunctionLocation]]");
        location = (found?.value as Runtime.RemoteObject | undefined)?.value as FunctionLocation | null;
      });
      this.#session.post("Runtime.releaseObject", { objectId });
    });
    delete holder[HANDLE];
    return location;
  }

  #placeIn(taken: readonly Profiler.ScriptCoverage[], location: FunctionLocation): string | null {
    const script = taken.find(({ scriptId }) => scriptId === location.scriptId);
    const source = script === undefined ? null : this.#sourceOf(script.url);
    if (script === undefined || source === null) return null;
    const at = offsetOf(source, location.lineNumber, location.columnNumber);
    const around = script.functions.filter(({ ranges: [whole] }) => whole!.startOffset <= at && at < whole!.endOffset);
    const code = around.sort((a, b) => sizeOf(a) - sizeOf(b))[0];
    if (code === undefined) return null;
    const inner = script.functions.filter((other) => other !== code && isWithin(other, code));
    const offset = lastReturn(source, code, inner) ?? code.ranges[0]!.startOffset;
    return `${shownPath(fileURLToPath(script.url))}:${source.slice(0, offset).split("\n").length}`;
  }

  /** The file's text: Node leaves types away in place, so that offsets are those of the file. */
  #sourceOf(url: string): string | null {
    let source = this.#sources.get(url);
    if (source === undefined) {
      source = readSource(url);
      this.#sources.set(url, source);
    }
    return source;
  }
}

interface FunctionLocation {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

function readSource(url: string): string | null {
  if (!url.startsWith("file:")) return null;
  try {
    return readFileSync(fileURLToPath(url), "utf8");
  } catch {
    return null;
  }
}

function sizeOf({ ranges: [whole] }: Profiler.FunctionCoverage): number {
  return whole!.endOffset - whole!.startOffset;
}

function isWithin(
  { ranges: [inner] }: Profiler.FunctionCoverage,
  { ranges: [outer] }: Profiler.FunctionCoverage,
): boolean {
  return inner!.startOffset >= outer!.startOffset && inner!.endOffset <= outer!.endOffset;
}

function offsetOf(source: string, line: number, column: number): number {
  let offset = 0;
  for (let row = 0; row < line; row++) offset = source.indexOf("\n", offset) + 1;
  return offset + column;
}

/** The last `return` of the function itself that ran; null when none did. */
function lastReturn(
  source: string,
  code: Profiler.FunctionCoverage,
  inner: readonly Profiler.FunctionCoverage[],
): number | null {
  const [whole] = code.ranges;
  const text = source.slice(whole!.startOffset, whole!.endOffset);
  let last: number | null = null;
  for (const match of text.matchAll(/\b(return|throw)\b/g)) {
    const at = whole!.startOffset + match.index;
    const isInner = inner.some(({ ranges: [range] }) => range!.startOffset <= at && at < range!.endOffset);
    if (!isInner && countAt(code, at) > 0) last = at;
  }
  return last;
}

/** How often the innermost counted block around an offset ran. */
function countAt({ ranges }: Profiler.FunctionCoverage, offset: number): number {
  let innermost = ranges[0]!;
  for (const range of ranges) {
    const isAround = range.startOffset <= offset && offset < range.endOffset;
    if (isAround && range.endOffset - range.startOffset <= innermost.endOffset - innermost.startOffset)
      innermost = range;
  }
  return innermost.count;
}
