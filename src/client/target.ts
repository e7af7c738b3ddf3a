/**
 * Owns which actor a handle means, and what is asked of the user before each call to it: the token and the parameters.
 * Both may come from user code, which may throw or never answer; neither may hang a call for ever.
 */
import type { HelloMessage } from "../protocol/messages.ts";
import { type ActorAddress, type ActorRoute, actorPath } from "../protocol/paths.ts";
import type { ClientConfig } from "./config.ts";
import { type ClientErrorCode, clientError, encoding } from "./errors.ts";

export interface Target {
  readonly name: string;
  readonly address: ActorAddress;
  readonly mode: "get" | "getOrCreate";
  readonly input?: unknown;
  readonly params?: unknown;
  readonly getParams?: (() => unknown) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How long `token()` and `getParams()` may take, ms. */
const ASK_TIMEOUT = 30_000;

/** The token to present now. @throws ActorError `client/token_failed` */
export const askToken = async (config: ClientConfig, fresh: boolean): Promise<string | undefined> => {
  const source = config.token;
  if (typeof source !== "function") return source;
  const token = await ask(config, "token_failed", "token()", () => source({ fresh }));
  if (token !== null && token !== undefined && typeof token !== "string") {
    throw clientError("token_failed", `token() returned a ${typeof token}, not a string.`);
  }
  return token ?? undefined;
};

/** The parameters to send now; the handle's before the client's. @throws ActorError `client/params_failed` */
export const askParams = (config: ClientConfig, target: Target): Promise<unknown> => {
  const own = target.getParams !== undefined || target.params !== undefined ? target : config;
  const { getParams } = own;
  return getParams === undefined
    ? Promise.resolve(own.params)
    : ask(config, "params_failed", "getParams()", () => getParams());
};

/** The first message of a connection. */
export const helloOf = (target: Target, token: string | undefined, params: unknown): HelloMessage => ({
  t: "hello",
  ...(token === undefined ? {} : { token }),
  ...(params === undefined ? {} : { params }),
  ...(target.input === undefined ? {} : { input: target.input }),
  ...(target.mode === "get" ? { mode: "get" } : {}),
});

/** @throws ActorError `client/not_encodable` for names and keys that have no path */
export const pathOf = (target: Target, route: ActorRoute): string =>
  encoding(() => actorPath(target.name, target.address, route));

/** @throws ActorError `client/not_encodable` */
export const urlOf = (config: ClientConfig, target: Target, route: ActorRoute): string =>
  config.endpoint + pathOf(target, route);

/** The same for WebSockets. */
export const socketUrlOf = (config: ClientConfig, target: Target, route: ActorRoute): string =>
  urlOf(config, target, route).replace(/^http/, "ws");

const ask = async <T>(
  config: ClientConfig,
  code: ClientErrorCode,
  what: string,
  question: () => T | Promise<T>,
): Promise<T> => {
  let cancel = (): void => {};
  const deadline = new Promise<never>((_, reject) => {
    cancel = config.runtime.later(ASK_TIMEOUT, () => reject(new Error(`no answer in ${ASK_TIMEOUT} ms`)));
  });
  try {
    return await Promise.race([call(question), deadline]);
  } catch (error) {
    throw clientError(code, `${what} failed: ${error instanceof Error ? error.message : String(error)}`, error);
  } finally {
    cancel();
  }
};

/** A synchronous throw becomes a rejection like any other. */
const call = async <T>(question: () => T | Promise<T>): Promise<T> => question();
