/** Owns the limits of a registry and their defaults (G12). `docs/limits.md` lists them with what happens past each. */

export interface RegistryLimits {
  /** Bytes of one action or queue body, or RPC frame. */
  readonly maxIncomingMessageSize: number;
  /** Bytes of one action output or event. */
  readonly maxOutgoingMessageSize: number;
  /** Bytes of a raw request body read by the gate (signatures). */
  readonly maxBodySize: number;
  /** Connections a host holds at once. */
  readonly maxConnections: number;
  /** Subscriptions of one connection. */
  readonly maxSubscriptions: number;
  /** Messages of one connection waiting for an earlier one's decision. */
  readonly maxPendingMessages: number;
  /** Calls of one connection under way: actions at work, and sends whose message or its completion is waited for. */
  readonly maxCallsUnderWay: number;
  /** Bytes a slow peer may leave unread before it is cut off with 1013. */
  readonly maxBufferedBytes: number;
  /** Connections that share one socket. */
  readonly maxChannels: number;
  /** Bytes a slow peer may leave unread on a socket that connections share, before all of them are cut off with 1013. */
  readonly maxSharedBufferedBytes: number;
  /** Sockets that have not said hello. */
  readonly maxPendingSockets: number;
  /** ms until a socket without a valid first frame is closed 3008. */
  readonly helloTimeout: number;
  /** Initial states held in memory to judge callers of missing actors. */
  readonly maxProvisional: number;
  /** Bytes of `params` and of `input`, encoded. */
  readonly maxParamsSize: number;
  /** ms a revocation is remembered at least; longer where a party's `maxLifetime` is. */
  readonly maxCredentialLifetime: number;
  /** Credentials that verify nowhere, per address and minute, before what it presents is refused unread; Infinity counts none. */
  readonly maxFailedAuthentications: number;
  /** ms `close()` waits for requests in flight. */
  readonly drainTimeout: number;
}

export const DEFAULT_LIMITS: RegistryLimits = Object.freeze({
  maxIncomingMessageSize: 65_536,
  maxOutgoingMessageSize: 1_048_576,
  maxBodySize: 10 * 1_048_576,
  maxConnections: 50_000,
  maxSubscriptions: 256,
  maxPendingMessages: 1024,
  maxCallsUnderWay: 4096,
  maxBufferedBytes: 4 * 1_048_576,
  maxChannels: 1024,
  maxSharedBufferedBytes: 16 * 1_048_576,
  maxPendingSockets: 1024,
  helloTimeout: 10_000,
  maxProvisional: 1024,
  maxParamsSize: 4096,
  maxCredentialLifetime: 24 * 60 * 60 * 1000 + 60_000,
  maxFailedAuthentications: 100,
  drainTimeout: 10_000,
});
