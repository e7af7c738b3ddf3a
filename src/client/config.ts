/** Owns the client's configuration after reading: one place for defaults, and what is refused at once. */
import type { Codec } from "../protocol/codec.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { clientError } from "./errors.ts";
import type { Dial } from "./open-socket.ts";
import type { Runtime } from "./runtime.ts";
import type { ClientOptions, TokenSource } from "./types.ts";

/** Where upstream's examples expect a local server. */
const DEFAULT_ENDPOINT = "http://127.0.0.1:6420";
const DEFAULT_MAX_BUFFERED = 1000;

export interface ClientConfig {
  /** Without trailing slash. */
  readonly endpoint: string;
  readonly token: TokenSource | undefined;
  readonly params: unknown;
  readonly getParams: (() => unknown) | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBuffered: number;
  readonly runtime: Runtime;
  /** Loads the encoding, the first time. */
  readonly codec: () => Codec | Promise<Codec>;
  /** How connections reach their actors where not over a socket each; loaded the first time. */
  readonly dial?: () => Promise<Dial>;
}

/** @throws ActorError `client/invalid_endpoint` */
export const readConfig = (options: ClientOptions, runtime: Runtime): ClientConfig => ({
  endpoint: readEndpoint(options.endpoint),
  token: options.token,
  params: options.params,
  getParams: options.getParams,
  headers: { ...options.headers },
  maxBuffered: options.maxBuffered ?? DEFAULT_MAX_BUFFERED,
  runtime,
  codec: options.encoding === "cbor" ? loadCbor : () => jsonCodec,
  ...sharing(options, runtime),
});

const sharing = ({ multiplex, endpoint }: ClientOptions, runtime: Runtime): Pick<ClientConfig, "dial"> => {
  if (!multiplex) return {};
  const { sockets = 1 } = multiplex === true ? {} : multiplex;
  let dial: Promise<Dial> | undefined;
  const load = async (): Promise<Dial> => {
    const { SharedSockets } = await import("./connection/shared-sockets.ts");
    return new SharedSockets(runtime, readEndpoint(endpoint), sockets).dial;
  };
  return {
    dial: () => {
      // A file that could not be loaded is asked for again with the next attempt.
      dial ??= load().catch((error: unknown) => {
        dial = undefined;
        throw error;
      });
      return dial;
    },
  };
};

const loadCbor = async (): Promise<Codec> => (await import("../protocol/cbor.ts")).cborCodec;

const readEndpoint = (endpoint = pageOrigin() ?? DEFAULT_ENDPOINT): string => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^(?:https?|wss?):$/.test(url.protocol)) {
    throw clientError("invalid_endpoint", "The endpoint is not an http or https URL.");
  }
  // What is in a URL is in logs, histories and referrers; `token` is the place for a credential.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw clientError("invalid_endpoint", "The endpoint must have no user, password, query or fragment.");
  }
  return `${url.protocol.replace("ws", "http")}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
};

const pageOrigin = (): string | undefined => {
  const origin = (globalThis as { readonly location?: { readonly origin?: unknown } }).location?.origin;
  return typeof origin === "string" && origin.startsWith("http") ? origin : undefined;
};
