/** Names that no path can carry as they are: the attack encodes them, and reaches what they name. */
import { actor, event, queue, service, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { attackRegistry } from "../../src/attack/attack.ts";

test("entrypoints with odd names are attacked like all others", async () => {
  const by = Visitor;
  const reached = new Set<string>();
  const handle = (name: string) => () => {
    reached.add(name);
    return { ok: true };
  };
  const room = actor({
    by,
    actions: { "héllo wörld": handle("action"), "a/b?c#d": () => 1, "new\nline": () => 2 },
    queues: { "q%41 ü": queue<unknown>() },
    events: { "e v": event<unknown>() },
  });
  const routes = {
    "POST /größe/:id": { by, handle: handle("größe") },
    "GET /a:b/:id": { by, handle: handle("a:b") },
    "GET /files/*": { by, handle: handle("files") },
  };
  const registry = setup({ use: { room }, services: { api: service({ routes }) } });
  const only = ["names", "bodies", "floods"] as const;
  const { findings, coverage, stopped } = await attackRegistry("odd", registry, { only });
  expect(findings).toEqual([]);
  expect(stopped).toBeNull();
  expect(coverage.missing).toEqual([]);
  expect(reached).toEqual(new Set(["action", "größe", "a:b", "files"]));
}, 60_000);
