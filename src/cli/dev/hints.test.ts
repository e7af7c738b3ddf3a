import { actor, event, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { curlHints } from "./hints.ts";

test("a line can be pasted into a shell, whatever the names in it", () => {
  const room = actor({ by: Visitor, actions: { "it's $(x) & ü!": () => 1 }, events: { "a'b c": event<number>() } });
  const commands = curlHints("http://127.0.0.1:1", setup({ use: { room } }).config, []).map(({ command }) => command);
  expect(commands).toEqual([
    "curl -s http://127.0.0.1:1/actors/room/demo/actions/it%27s%20%24%28x%29%20%26%20%C3%BC%21 -H 'Content-Type: application/json' -d '[]'",
    "curl -sN http://127.0.0.1:1/actors/room/demo/events/a%27b%20c",
  ]);
});
