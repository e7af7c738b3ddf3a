/**
 * Owns what a decision changes beside the state (ruling 10): it is kept apart, seen by nobody else, joins the admitted
 * invocation, and is dropped on denial. The state has stages of its own.
 */

/** Changes of one decision. After `keep`, its `value` changes what everybody sees; after `drop`, changes through it throw. */
export interface Aside<T> {
  readonly value: T;
  /** Asked before anything of the decision is kept. @throws Refusal where what others did meanwhile leaves no room for it */
  assertRoom?(): void;
  keep(): void;
  drop(): void;
}

/** What a decision that was denied, and goes on, gets for its changes. */
export function deniedAlready(): Error {
  return new Error("This decision was denied, perhaps by its deadline; it changes nothing any more. [decision/denied]");
}

/** What cannot be kept apart is refused, so that none of it outlives a denial. */
export function notInDecision(what: string): Error {
  return new Error(
    `${what} is refused in canInvoke: it could not be taken back if the call is denied. Do it in the handler. [decision/queue]`,
  );
}
