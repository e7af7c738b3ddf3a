/**
 * Owns an RPC connection as text, and back: for hosts whose sockets outlive the memory of the process that serves them. What
 * comes back is an open connection of a sleeping actor; its lease, its subscriptions' decisions and what was denied are as
 * they were, and are checked before anything is delivered, as on every host (G7).
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { Lease } from "../boundary/lease.ts";
import { Credentials, type CredentialsRecord } from "../boundary/verify.ts";
import type { ActorRef } from "../hosts/port.ts";
import { decode, encode } from "../protocol/json.ts";
import { Connection, type ConnectionOwner, type Subscription } from "./connection.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { KeptDecisions } from "./kept-decisions.ts";
import type { Runtime } from "./runtime.ts";

/** Raised when texts of before cannot be read any more: such connections are closed, and come again. */
const VERSION = 1;

interface DormantRecord {
  readonly v: number;
  readonly id: string;
  readonly actor: string;
  readonly key: string;
  readonly codec: string;
  readonly url: string;
  readonly address: string;
  readonly party: string;
  readonly params: unknown;
  readonly state: readonly unknown[];
  /** Name, whether decided under the present lease, epoch of the decision. */
  readonly subscriptions: readonly (readonly [string, boolean, number])[];
  readonly denied: readonly string[];
  readonly credentials: CredentialsRecord;
}

/** What a connection is resumed from. @throws EncodeError when its state, parameters or identity have no encoding */
export function describeConnection(
  connection: Connection,
  transport: { readonly codec: string; readonly url: string; readonly address?: string },
): string {
  const { lease } = connection;
  const record: DormantRecord = {
    v: VERSION,
    id: connection.id,
    actor: connection.actorName,
    key: connection.actorKey,
    codec: transport.codec,
    url: transport.url,
    address: transport.address ?? "",
    party: connection.caller.party,
    params: connection.sentParams,
    state: connection.hasState ? [connection.state] : [],
    subscriptions: [...connection.subscriptions.values()].map(({ name, generation, epoch }) => [
      name,
      generation === lease.generation,
      epoch,
    ]),
    denied: [...(connection.deniedEvents ?? [])],
    credentials: lease.credentials.toRecord(),
  };
  return encode(record, "connection");
}

export interface DormantConnection {
  readonly connection: Connection;
  readonly compiled: CompiledActor;
  readonly ref: ActorRef;
  readonly codec: string;
  readonly url: string;
  readonly address: string;
}

/** The connection a text describes, asleep; null when this program cannot resume it. Its link and its lease are the caller's. */
export function reviveConnection(runtime: Runtime, text: string): DormantConnection | null {
  const record = decode(text) as DormantRecord;
  if (record.v !== VERSION) return null;
  const compiled = runtime.actors.get(record.actor);
  const credentials = Credentials.restore(record.credentials, (name) => runtime.partyNamed(name));
  if (compiled === undefined || credentials === null) return null;
  const caller = callerOf(compiled, credentials, record.party);
  if (caller === null) return null;
  const lease = new Lease(credentials);
  const ref = { name: record.actor, key: record.key };
  const make = (owner: ConnectionOwner): Connection =>
    new Connection(owner, {
      newId: () => record.id,
      actorName: ref.name,
      actorKey: ref.key,
      kind: "rpc",
      params: record.params,
      lease,
      caller,
      // The upgrade request is gone with the process that read it.
      request: null,
    });
  const connection = runtime.hibernation.restore(ref, make);
  runtime.connections.add(connection);
  if (compiled.isPure) connection.kept = new KeptDecisions(lease, record.params);
  connection.hasState = record.state.length > 0;
  connection.state = record.state[0];
  for (const name of record.denied) connection.denyEvent(name);
  for (const [name, isDecided, epoch] of record.subscriptions) {
    const generation = isDecided ? lease.generation : 0;
    const subscription: Subscription = { name, generation, epoch, since: 0, held: null };
    connection.addSubscription(subscription);
  }
  const { codec, url, address } = record;
  return { connection, compiled, ref, codec, url, address };
}

/** Who it was: resolved anew from what was proved, as the party it was then. */
function callerOf(compiled: CompiledActor, credentials: Credentials, party: string): SealedCaller | null {
  for (const by of [compiled.by, ...compiled.allBy]) {
    const { caller } = credentials.resolve(by);
    if (caller !== null && caller.party === party) return caller;
  }
  return null;
}
