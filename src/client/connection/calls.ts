/**
 * Owns the calls of a connection: which wait for the link, which are under way, and what becomes of them when it breaks.
 *
 * Invariants:
 * - A call is in one place: waiting, under way, or settled. Settling takes it out, so nothing rejected is ever sent.
 * - What may have left is never sent again, but for queue sends, which carry an idempotency id.
 * - Waiting is bounded; more is refused at once.
 * - Ids are never used twice, and start at 1.
 */
import { type Codec, jsonCodec } from "../../protocol/codec.ts";
import { writeActionText } from "../../protocol/json-shortcuts.ts";
import {
  type ActionMessage,
  type ClientMessage,
  FIRST_MESSAGE_ID,
  type RenewMessage,
  type ResultMessage,
  type SendMessage,
  type SubscribeMessage,
  type UnsubscribeMessage,
} from "../../protocol/messages.ts";
import { type ActorError, clientError, encoding } from "../errors.ts";

type Frame = string | Uint8Array<ArrayBuffer>;
/** What users ask for. */
type UserMessage = ActionMessage | SendMessage;
/** What belongs to one link: it is made anew on the next. */
type LinkMessage = SubscribeMessage | RenewMessage;
type Unnumbered = WithoutId<UserMessage | LinkMessage> | UnsubscribeMessage;
type WithoutId<Message> = Message extends unknown ? Omit<Message, "id"> : never;

interface Call {
  /** Undefined where no answer comes. */
  readonly id: number | undefined;
  readonly message: ClientMessage;
  readonly answer: Promise<unknown>;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Written when the call is made: it says what was true then. Undefined until the encoding is loaded. */
  part: Frame | undefined;
}

/** Bytes or characters of a frame of several messages; a larger message goes alone. */
const MAX_FRAME = 32 * 1024;
const MAX_MESSAGES = 64;

export class Calls {
  readonly #maxWaiting: number;
  /** Sent before anything else: subscriptions precede the actions that make their events. */
  #ofLink: Call[] = [];
  #waiting: Call[] = [];
  readonly #underWay = new Map<number, Call>();
  #nextId = FIRST_MESSAGE_ID;
  #codec: Codec | undefined;

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Set once it is loaded; what was asked for before is written now. */
  setCodec(codec: Codec): void {
    if (this.#codec) return;
    this.#codec = codec;
    for (const call of [...this.#waiting]) this.#write(call);
  }

  /** Resolves with the output. Rejects at once when the message cannot be written or too many wait. */
  add(message: WithoutId<UserMessage>, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length >= this.#maxWaiting) {
      const advice = "await some before making more, or raise maxBuffered";
      return Promise.reject(clientError("buffer_full", `${this.#maxWaiting} calls wait for the link; ${advice}.`));
    }
    const call = this.#create(message, this.#nextId++);
    this.#waiting.push(call);
    if (this.#codec) this.#write(call);
    if (signal) this.#abortWith(signal, call);
    return call.answer;
  }

  /** For a link that stands. Rejects when that link breaks. */
  addOfLink(message: WithoutId<LinkMessage>): Promise<unknown> {
    const call = this.#create(message, this.#nextId++);
    this.#ofLink.push(call);
    this.#write(call);
    return call.answer;
  }

  /** For a link that stands; it has no answer. */
  tell(message: UnsubscribeMessage): void {
    const call = this.#create(message, undefined);
    // Lost with the link, it is nobody's rejection.
    call.answer.catch(() => {});
    this.#ofLink.push(call);
    this.#write(call);
  }

  /** Everything that waits, as frames; from here on it may have left. */
  takeFrames(): Frame[] {
    const calls = this.#ofLink.length === 0 ? this.#waiting : [...this.#ofLink, ...this.#waiting];
    this.#ofLink = [];
    this.#waiting = [];
    for (const call of calls) if (call.id !== undefined) this.#underWay.set(call.id, call);
    return this.#codec === undefined ? [] : batch(this.#codec, calls);
  }

  resolve({ id, output }: ResultMessage): void {
    this.#take(id)?.resolve(output);
  }

  reject(id: number, error: ActorError): void {
    this.#take(id)?.reject(error);
  }

  /**
   * The link broke. Sends go back to the front, in order; of actions nobody can know whether they ran.
   * @param repeat false where a send would only break the next link too
   */
  linkLost(cause: ActorError, repeat: boolean): void {
    const lost = [...this.#underWay.values(), ...this.#ofLink];
    this.#underWay.clear();
    this.#ofLink = [];
    const repeated = lost.filter((call) => repeat && call.message.t === "send");
    this.#waiting = [...repeated, ...this.#waiting];
    for (const call of lost) {
      if (repeated.includes(call)) continue;
      call.reject(clientError("connection_lost", "The link broke before the answer came; it may have run.", cause));
    }
  }

  /**
   * The connection ended for good.
   * @param quietly the user ended it: calls that nobody awaits are no unhandled rejections
   */
  rejectAll(error: unknown, quietly: boolean): void {
    const calls = [...this.#underWay.values(), ...this.#ofLink, ...this.#waiting];
    this.#underWay.clear();
    this.#ofLink = [];
    this.#waiting = [];
    for (const call of calls) {
      if (quietly) call.answer.catch(() => {});
      call.reject(error);
    }
  }

  #create(message: Unnumbered, id: number | undefined): Call {
    const { promise: answer, resolve, reject } = Promise.withResolvers<unknown>();
    return { id, message: numbered(message, id), answer, resolve, reject, part: undefined };
  }

  #take(id: number): Call | undefined {
    const call = this.#underWay.get(id);
    this.#underWay.delete(id);
    return call;
  }

  #drop(call: Call): void {
    this.#waiting = this.#waiting.filter((other) => other !== call);
    this.#ofLink = this.#ofLink.filter((other) => other !== call);
    if (call.id !== undefined) this.#underWay.delete(call.id);
  }

  #write(call: Call): void {
    const { message } = call;
    const isPlain = message.t === "action" && this.#codec === jsonCodec;
    try {
      call.part =
        (isPlain ? writeActionText(message.id, message.name, message.args) : null) ??
        encoding(() => this.#codec!.encode(message, message.t));
    } catch (error) {
      this.#drop(call);
      call.reject(error);
    }
  }

  #abortWith(signal: AbortSignal, call: Call): void {
    const abort = (): void => {
      this.#drop(call);
      call.reject(signal.reason);
    };
    const forget = (): void => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort, { once: true });
    call.answer.then(forget, forget);
  }
}

const numbered = (message: Unnumbered, id: number | undefined): ClientMessage => {
  if (id === undefined) return message as UnsubscribeMessage;
  // Written out, not spread: this is the message nearly all are.
  if (message.t === "action") return { t: "action", id, name: message.name, args: message.args };
  // Each shape without its id is that of a message again once it has one.
  return { ...message, id } as ClientMessage;
};

/** Messages in order, in as few frames as the bounds allow. */
const batch = (codec: Codec, calls: readonly Call[]): Frame[] => {
  const frames: Frame[] = [];
  let parts: Frame[] = [];
  let size = 0;
  const close = (): void => {
    if (parts.length > 0) frames.push(parts.length === 1 ? parts[0]! : codec.list(parts));
    parts = [];
    size = 0;
  };
  for (const { part } of calls) {
    if (part === undefined) continue;
    if (parts.length === MAX_MESSAGES || size + part.length > MAX_FRAME) close();
    parts.push(part);
    size += part.length;
  }
  close();
  return frames;
};
