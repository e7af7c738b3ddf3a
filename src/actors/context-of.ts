/**
 * Owns the types of contexts by definition, for functions that take a `c`: `ActionContextOf<typeof chatRoom>`. No code.
 * Inside the definition itself such a type would refer to itself; there, name the members the function needs.
 */
import type { ActorDefinition, EarlyShape } from "./define.ts";
import type {
  ActionContext,
  AnyShape,
  BaseContext,
  ConnContext,
  ConnInitContext,
  RequestContext,
  RunContext,
  Shape,
  WebSocketContext,
} from "./types.ts";

type Defined = ActorDefinition<AnyShape, unknown, unknown>;
type TypesOf<Definition extends Defined> = NonNullable<Definition["~types"]>;
type ShapeOf<Definition extends Defined> = TypesOf<Definition>["shape"];
type EarlyOf<Definition extends Defined> =
  ShapeOf<Definition> extends Shape<infer State, infer Vars, unknown, unknown, unknown, infer Events, infer Queues>
    ? EarlyShape<State, Vars, Events, Queues>
    : never;
type CallerIn<Definition extends Defined> = TypesOf<Definition>["caller"];

/** What every hook of the actor has. */
export type ActorContextOf<Definition extends Defined> = BaseContext<ShapeOf<Definition>>;
/** What hooks with a connection have; its caller is any that may reach the actor. */
export type ConnContextOf<Definition extends Defined> = ConnContext<ShapeOf<Definition>, CallerIn<Definition>>;
/** What hooks have before there is a connection. */
export type ConnInitContextOf<Definition extends Defined> = ConnInitContext<EarlyOf<Definition>, CallerIn<Definition>>;
/** What an action has; its caller is any that may reach the actor, whatever its guard narrows. */
export type ActionContextOf<Definition extends Defined> = ActionContext<ShapeOf<Definition>, CallerIn<Definition>>;
export type RequestContextOf<Definition extends Defined> = RequestContext<ShapeOf<Definition>, CallerIn<Definition>>;
export type WebSocketContextOf<Definition extends Defined> = WebSocketContext<
  ShapeOf<Definition>,
  CallerIn<Definition>
>;
export type RunContextOf<Definition extends Defined> = RunContext<ShapeOf<Definition>>;

/** What hooks have before the first connection. */
export type CreateContextOf<Definition extends Defined> = BaseContext<EarlyOf<Definition>>;
export type CreateVarsContextOf<Definition extends Defined> = CreateContextOf<Definition>;
export type WakeContextOf<Definition extends Defined> = ActorContextOf<Definition>;
export type SleepContextOf<Definition extends Defined> = ActorContextOf<Definition>;
export type DestroyContextOf<Definition extends Defined> = ActorContextOf<Definition>;
export type StateChangeContextOf<Definition extends Defined> = ActorContextOf<Definition>;
export type DisconnectContextOf<Definition extends Defined> = ActorContextOf<Definition>;
export type BeforeActionResponseContextOf<Definition extends Defined> = ActorContextOf<Definition>;
export type BeforeConnectContextOf<Definition extends Defined> = ConnInitContextOf<Definition>;
export type CreateConnStateContextOf<Definition extends Defined> = ConnInitContextOf<Definition>;
export type ConnectContextOf<Definition extends Defined> = ConnContextOf<Definition>;
