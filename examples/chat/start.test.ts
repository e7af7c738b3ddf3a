import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { listen, paste, start } from "../../tests/cli/process.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

test("the three printed commands do what they say", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-chat-"));
  const chat = start("examples/chat/main.ts", ["--port", "0", "--data-dir", dataDir]);
  try {
    await chat.waitFor(/Ctrl\+C/);
    const [post = "", refused = "", subscribe = ""] = chat.stdout.match(/^ {2}curl .*$/gm) ?? [];

    expect((await paste(post)).stdout).toMatch(/^\{"output":\{"id":1,"author":"alice","text":"hello",.*\} 200\n$/);

    const refusal = await paste(refused);
    expect(refusal.stdout).toMatch(/^\{"group":"auth","code":"unauthenticated",.*\} 401\n$/);

    const stream = listen(subscribe);
    try {
      await stream.waitFor(/event: ready/);
      await paste(post);
      const [event] = await stream.waitFor(/data: \[\{.*\n/);
      // The second message of alice; the visitor's was never one.
      expect(event).toMatch(/data: \[\{"id":2,"author":"alice","text":"hello",/);
    } finally {
      await stream.stop();
    }
  } finally {
    expect((await chat.stop()).code).toBe(0);
    await rm(dataDir, { recursive: true });
  }
});
