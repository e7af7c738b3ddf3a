/**
 * The portable root of `byward`: everything but listening. Node and Workers have roots of their own that add their
 * platform; this one is what any other runtime gets.
 */

export type {
  ActionContextOf,
  ActorContextOf,
  BeforeActionResponseContextOf,
  BeforeConnectContextOf,
  ConnContextOf,
  ConnectContextOf,
  ConnInitContextOf,
  CreateConnStateContextOf,
  CreateContextOf,
  CreateVarsContextOf,
  DestroyContextOf,
  DisconnectContextOf,
  RequestContextOf,
  RunContextOf,
  SleepContextOf,
  StateChangeContextOf,
  WakeContextOf,
  WebSocketContextOf,
} from "./actors/context-of.ts";
export type { Decision, DecisionSink, DecisionSinkContext } from "./actors/decisions.ts";
export { type ActorConfig, type ActorDefinition, actor } from "./actors/define.ts";
export type { RegistryLimits } from "./actors/limits.ts";
export type { RevokeReceipt } from "./actors/runtime.ts";
export type { CallRef, QueueRef, ServiceReceipt, ServiceSendOptions } from "./actors/service-link.ts";
export { type EventToken, event, type QueueOptions, type QueueToken, queue } from "./actors/tokens.ts";
export type {
  ActionContext,
  ActorOptions,
  AnyCallerOf,
  BaseContext,
  Conn,
  ConnContext,
  ConnInitContext,
  InvokeTarget,
  RawSocket,
  RequestContext,
  RunContext,
  Shape,
  WebSocketContext,
} from "./actors/types.ts";
export { type ClaimPredicate, claimEquals, hasClaim } from "./boundary/claims.ts";
export { ConfigurationError, UserError } from "./boundary/errors.ts";
export type { RevokeQuery } from "./boundary/lease.ts";
export {
  type AnyOf,
  anyOf,
  type By,
  Caller,
  type CallerBase,
  type CallerOf,
  match,
  type Party,
  Producer,
  party,
  type Refinement,
  refine,
  Scheduler,
  Visitor,
} from "./boundary/party.ts";
export { type PureCaller, type PureContext, type PureDecision, type PureInvoke, pure } from "./boundary/pure.ts";
export type { RateRule } from "./boundary/rate.ts";
export type { CallerRecord } from "./boundary/scheme.ts";
export { bearer } from "./boundary/schemes/bearer.ts";
export { internal } from "./boundary/schemes/internal.ts";
export { none } from "./boundary/schemes/none.ts";
export { type OidcOptions, oidc } from "./boundary/schemes/oidc.ts";
export { type DeliveryOptions, type SignatureOptions, signature } from "./boundary/schemes/signature.ts";
export type { WebhookFormat } from "./boundary/webhooks/format.ts";
export { webhook } from "./boundary/webhooks/webhook.ts";
export { memory } from "./hosts/memory/host.ts";
export { Registry, type Served, type ServeOptions } from "./registry/registry.ts";
export { type GuardedHandler, type GuardOptions, guard } from "./registry/services-guard.ts";
export { type ServiceModule, type ServiceModuleOptions, serviceModule } from "./registry/services-module.ts";
export { type SetupOptions, setup } from "./registry/setup.ts";
export { type ServiceConfig, type ServiceDefinition, service } from "./services/define.ts";
export { ack, retry } from "./services/queue-result.ts";
export type {
  CallContext,
  CorsPolicy,
  CronContext,
  MessageContext,
  PayloadProblem,
  QueueResult,
  RouteContext,
  ServiceContext,
  ServiceMessage,
} from "./services/types.ts";
