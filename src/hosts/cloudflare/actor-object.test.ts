/** An object whose tables a newer version wrote serves nobody, loses nothing, and goes on by itself when that version is back. */
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { actor, setup, Visitor } from "../../index.ts";
import type { Registry } from "../../registry/registry.ts";
import { ActorObject } from "./actor-object.ts";
import { DirectoryView } from "./directory-view.ts";
import type { ObjectState, SqlCursor } from "./platform.ts";
import { openSchema } from "./schema.ts";
import { Sql } from "./sql.ts";

function stateOver(database: DatabaseSync) {
  const alarms: number[] = [];
  const state = {
    id: { name: "room/a", toString: () => "0".repeat(64) },
    storage: {
      sql: {
        exec: (query: string, ...bindings: unknown[]) => {
          const rows = database.prepare(query).all(...(bindings as never[]));
          return { toArray: () => rows } as unknown as SqlCursor<never>;
        },
      },
      transactionSync: <T>(run: () => T): T => run(),
      setAlarm: async (at: number) => void alarms.push(at),
    },
    getWebSockets: () => [],
  } as unknown as ObjectState;
  return { state, alarms };
}

test("its alarm is not given up, and a call learns that it failed, not why", async () => {
  const registry = setup({ use: { room: actor({ by: Visitor, state: {}, actions: { go: () => 1 } }) } });
  const database = new DatabaseSync(":memory:");
  const { state, alarms } = stateOver(database);
  openSchema(new Sql(state.storage));
  database.exec("UPDATE setting SET value = 2 WHERE name = 'schema'");
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());

  const env = { BYWARD_ACTOR: { idFromName: () => state.id, get: () => ({}) } };
  const object = new ActorObject(registry as unknown as Registry, new DirectoryView(), null, state, env);
  const before = Date.now();
  await object.alarm();
  expect(alarms.at(-1)).toBeGreaterThan(before);
  expect(logged.mock.calls.join()).toContain("written by another version");

  const url = "http://localhost/actors/room/a/actions/go";
  const answer = await object.fetch(
    new Request(url, { method: "POST", headers: { "content-type": "application/json" }, body: "[]" }),
  );
  expect(answer.status).toBe(500);
  expect(Object.keys((await answer.json()) as object).sort()).toEqual(["code", "correlationId", "group", "message"]);
});
