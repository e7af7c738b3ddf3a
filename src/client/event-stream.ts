/**
 * Owns the iterator over one event (design §11.16). It holds nothing until it is asked for the first delivery, and the
 * code that reads streams is loaded only then.
 */
import { anySignal } from "./abort.ts";
import type { ClientConfig } from "./config.ts";
import { HttpRequestError } from "./errors.ts";
import type { Target } from "./target.ts";

/** Lists of arguments, as they come. Leaving the loop ends the request. */
export const eventStream = (
  config: ClientConfig,
  target: Target,
  name: string,
  signal?: AbortSignal,
): AsyncIterableIterator<unknown[]> => {
  const left = new AbortController();
  let deliveries: Promise<AsyncIterator<unknown[]>> | undefined;
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
  return {
    next: async () => {
      try {
        deliveries ??= load(config, target, name, anySignal(target.signal, signal, left.signal)!);
        return await (await deliveries).next();
      } catch (error) {
        if (left.signal.aborted) return end;
        throw error;
      }
    },
    return: async () => {
      // The request is ended, not the generator: that would wait for the next delivery first.
      left.abort();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};

const load = async (
  config: ClientConfig,
  target: Target,
  name: string,
  signal: AbortSignal,
): Promise<AsyncIterator<unknown[]>> => {
  try {
    const { deliver } = await import("./event-deliveries.ts");
    return deliver(config, target, name, signal);
  } catch (error) {
    throw new HttpRequestError("The code for event streams could not be loaded.", error);
  }
};
