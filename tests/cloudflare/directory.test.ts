/** What an isolate knows of revocations has no gaps, wherever the objects in it were before. */
import { expect, test } from "vitest";
import type { Knowledge } from "../../src/hosts/cloudflare/directory.ts";
import { DirectoryView, Learner } from "../../src/hosts/cloudflare/directory-view.ts";
import type { Stubs } from "../../src/hosts/cloudflare/stubs.ts";
import type { RevocationRow } from "../../src/hosts/port.ts";
import { encode } from "../../src/protocol/json.ts";

const NOW = 1_800_000_000_000;

function row(id: string): RevocationRow {
  const keepUntil = NOW + 1_000_000;
  return { id, party: null, identity: id, claim: null, tokenId: null, issuedBefore: NOW, revokedAt: NOW, keepUntil };
}

const ALL = Array.from({ length: 6 }, (_, at) => ({ version: at + 1, row: row(`r${at + 1}`) }));

function since(version: number): Knowledge {
  return { after: version, version: ALL.length, epoch: 1, rows: ALL.filter((found) => found.version > version) };
}

/** The directory, as an isolate reaches it. */
function stubs(asked: number[]): Stubs {
  const answer = async (_operation: string, text: string): Promise<string> => {
    const [version] = JSON.parse(text) as [number];
    asked.push(version);
    return encode({ ok: since(version) }, "answer");
  };
  return { ofName: () => ({ call: answer }) } as unknown as Stubs;
}

test("an object that moved to another isolate is told the last revocation: the isolate still learns those before it", async () => {
  const view = new DirectoryView();
  // The object had heard of five in the isolate it was in; the directory tells it the sixth alone.
  expect(view.learn(since(5), NOW)).toBe(false);
  expect(view.version).toBe(0);
  expect(view.isFresh(NOW)).toBe(false);
  const asked: number[] = [];
  await view.update(stubs(asked), () => NOW);
  expect(asked).toEqual([0]);
  expect(view.after(0).rows.map(({ id }) => id)).toEqual(["r1", "r2", "r3", "r4", "r5", "r6"]);
});

test("what follows on what is known is taken in without a question", () => {
  const view = new DirectoryView();
  expect(view.learn({ ...since(0), version: 5, rows: ALL.slice(0, 5) }, NOW)).toBe(true);
  expect(view.learn(since(3), NOW)).toBe(true);
  expect(view.after(0).rows).toHaveLength(6);
});

test("a runtime learns each revocation once, and those before it began", () => {
  const view = new DirectoryView();
  view.learn(since(0), NOW);
  const learnt: string[] = [];
  const runtime = {
    learn: (rows: readonly RevocationRow[]) => {
      learnt.push(...rows.map(({ id }) => id));
      return [];
    },
  };
  const learner = new Learner(view);
  learner.apply(runtime as never);
  learner.apply(runtime as never);
  expect(learnt).toEqual(["r1", "r2", "r3", "r4", "r5", "r6"]);
});
