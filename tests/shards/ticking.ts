/** What a test of a failed start serves: an actor, and a cron that runs each second. */
import { actor } from "../../src/actors/define.ts";
import { Visitor } from "../../src/boundary/party.ts";
import { setup } from "../../src/index.node.ts";
import { service } from "../../src/services/define.ts";

/** When the cron ran, in this thread. */
export const ticks: number[] = [];

const room = actor({ by: Visitor, state: {}, actions: { look: () => "room" } });

export const build = (more: Partial<Parameters<typeof setup>[0]> = {}) =>
  setup({
    use: { room },
    services: {
      jobs: service({ crons: { tick: { schedule: "* * * * * *", handle: () => void ticks.push(Date.now()) } } }),
    },
    ...more,
  });

export const registry = build();
