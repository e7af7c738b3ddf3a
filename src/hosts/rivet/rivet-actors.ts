/**
 * Owns the two Rivet actors of this host: the generic one, which carries any Byward actor, and the directory. Both keep what
 * they have in `c.db` alone: `c.state` was seen to lose what was acknowledged.
 */

import { randomUUID } from "node:crypto";
import { Directory, type DirectoryOptions, migrateDirectory } from "./directory.ts";
import { ACTOR_TYPE, DIRECTORY_TYPE } from "./names.ts";
import type { RivetActorConfig, RivetContext, RivetKit, RivetLife } from "./platform.ts";
import type { Residents } from "./residents.ts";
import { migrate } from "./tables.ts";
import { MOVING } from "./tunnel/accept.ts";

/** ms without use until the engine puts an actor to sleep; one that is in memory is kept awake. */
const SLEEP_TIMEOUT = 5000;
/** ms an actor has to stop in order. */
const GRACE = 15_000;

const options = { sleepTimeout: SLEEP_TIMEOUT, sleepGracePeriod: GRACE } as const;

const createVars = (): RivetLife => ({ id: randomUUID() });

/** Nothing of ours comes this way: the gateway's HTTP does not stream. */
const onRequest = async (): Promise<Response> => new Response(null, { status: 404 });

export function rivetActors(
  kit: RivetKit,
  residents: Residents,
  directory: DirectoryOptions,
): Readonly<Record<string, unknown>> {
  return {
    [ACTOR_TYPE]: kit.actor(genericActor(kit, residents)),
    [DIRECTORY_TYPE]: kit.actor(directoryActor(kit, directory)),
  };
}

function genericActor(kit: RivetKit, residents: Residents): RivetActorConfig {
  return {
    db: kit.db({ onMigrate: migrate }),
    options,
    createVars,
    onWake: (c) => residents.arrive(c),
    onSleep: (c) => residents.depart(c),
    onDestroy: (c) => residents.depart(c),
    run: () => residents.alarm(),
    onRequest,
    onWebSocket: (c, socket) => residents.connect(c, socket),
  };
}

function directoryActor(kit: RivetKit, directory: DirectoryOptions): RivetActorConfig {
  const lives = new Map<string, Directory>();
  const leave = async ({ vars }: RivetContext): Promise<void> => {
    lives.get(vars.id)?.close();
    lives.delete(vars.id);
  };
  return {
    db: kit.db({ onMigrate: migrateDirectory }),
    options,
    createVars,
    onWake: async (c) => {
      const life = await Directory.open(c, directory);
      for (const [id, earlier] of lives) {
        earlier.close();
        lives.delete(id);
      }
      lives.set(c.vars.id, life);
    },
    onSleep: leave,
    onDestroy: leave,
    run: async () => {},
    onRequest,
    onWebSocket: (c, socket) => {
      const life = lives.get(c.vars.id);
      if (life === undefined) socket.close(MOVING, "moving");
      else life.connect(socket);
    },
  };
}
