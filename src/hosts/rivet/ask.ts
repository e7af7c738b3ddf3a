/** Owns questions over a tunnel that are no requests: a JSON body each way, and an envelope, so that nothing is thrown across. */
import { Refusal, UserError } from "../../boundary/errors.ts";
import type { RefusedOutcome } from "../../boundary/outcome.ts";
import { decode, encode } from "../../protocol/json.ts";
import { IncomingBody } from "./tunnel/body.ts";
import { bytesText, joined, textBytes } from "./tunnel/frames.ts";
import type { Mux, Stream } from "./tunnel/mux.ts";

interface Envelope {
  readonly ok?: unknown;
  readonly refusal?: {
    readonly outcome: RefusedOutcome;
    readonly reason: string;
    readonly group: string;
    readonly code: string;
    readonly message: string;
    readonly metadata: unknown;
    readonly retryAfter: number | undefined;
  };
  readonly user?: { readonly message: string; readonly code: string; readonly metadata: unknown };
}

/** Asks. Rejects with the Refusal or UserError the other side ended with; `unavailable` when the tunnel went away. */
export async function ask(mux: Mux, kind: string, question: unknown, signal?: AbortSignal): Promise<unknown> {
  const text = encode(question, "question");
  const stream = mux.open({ kind });
  const body = new IncomingBody(stream);
  const answered = new Promise<Envelope>((done, fail) => {
    stream.handlers = {
      data: (bytes) => body.data(bytes),
      end: () => body.end(),
      reset: (reason) => fail(new Refusal("unavailable", { reason: `tunnel.${reason.slice(0, 40)}`, retryAfter: 1 })),
    };
    readJson(body).then((value) => done(value as Envelope), fail);
  });
  const stop = (): void => stream.reset("given up");
  signal?.addEventListener("abort", stop, { once: true });
  try {
    void stream.write(textBytes(text)).then(() => stream.end());
    return opened(await answered);
  } finally {
    signal?.removeEventListener("abort", stop);
    stream.over();
  }
}

/** Answers one question that came on a stream. */
export async function reply(stream: Stream, run: (question: unknown) => Promise<unknown>): Promise<void> {
  const body = new IncomingBody(stream);
  stream.handlers = {
    data: (bytes) => body.data(bytes),
    end: () => body.end(),
    reset: (reason) => body.fail(reason),
  };
  let answer: string;
  try {
    answer = encode({ ok: await run(await readJson(body)) } satisfies Envelope, "answer");
  } catch (error) {
    answer = envelopeText(error);
  }
  const written = stream.write(textBytes(answer));
  stream.finish();
  await written;
}

async function readJson(body: IncomingBody): Promise<unknown> {
  const parts: Uint8Array[] = [];
  for (let part = await body.next(); part !== null; part = await body.next()) parts.push(part);
  return decode(bytesText(joined(parts)));
}

/** What a program puts into an error may have no form: then it is a fault, as an answer without one is. */
function envelopeText(error: unknown): string {
  try {
    return encode(enveloped(error), "answer");
  } catch (formless) {
    return encode(enveloped(formless), "answer");
  }
}

/** A fault keeps its reason: this is a private hop, and the caller's side decides what is told further. */
function enveloped(error: unknown): Envelope {
  if (error instanceof UserError) {
    return { user: { message: error.message, code: error.code, metadata: error.metadata } };
  }
  if (error instanceof Refusal) {
    const { outcome, reason, group, code, message, metadata, retryAfter } = error;
    return { refusal: { outcome, reason, group, code, message, metadata, retryAfter } };
  }
  const reason = error instanceof Error ? error.name : "unknown";
  const refusal = { outcome: "fault", reason: `elsewhere.${reason}`, group: "byward", code: "internal_error" } as const;
  return { refusal: { ...refusal, message: "Internal error", metadata: undefined, retryAfter: undefined } };
}

function opened({ ok, refusal, user }: Envelope): unknown {
  if (user !== undefined) throw new UserError(user.message, { code: user.code, metadata: user.metadata });
  if (refusal === undefined) return ok;
  const { outcome, reason, group, code, message, metadata, retryAfter } = refusal;
  throw new Refusal(outcome, { reason, group, code, message, metadata, retryAfter });
}
