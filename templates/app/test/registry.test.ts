import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { registry } from "../src/registry.ts";

process.env["AUTH_JWT_SECRET"] ??= randomBytes(48).toString("base64url");
const dataDir = await mkdtemp(join(tmpdir(), "__NAME__-"));
let served: Awaited<ReturnType<typeof registry.serve>>;

before(async () => {
  served = await registry.serve({ port: 0, dataDir });
});
after(async () => {
  await served.close();
  await rm(dataDir, { recursive: true });
});

const call = (action: string, args: unknown[], token?: string): Promise<Response> =>
  fetch(`${served.url}/actors/board/test/actions/${action}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(args),
  });

test("everybody reads", async () => {
  const response = await call("list", []);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { output: [] });
});

test("nobody writes without a token, or with one that is none", async () => {
  assert.equal((await call("add", ["hello"])).status, 401);
  assert.equal((await call("add", ["hello"], "not-a-token")).status, 401);
  assert.deepEqual(await (await call("list", [])).json(), { output: [] });
});
