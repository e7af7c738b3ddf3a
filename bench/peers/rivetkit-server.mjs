/** RivetKit 2.0.33 in this process: the token comes as a parameter and is verified in `createConnState`. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { actor, createFileSystemDriver, setup } from "rivetkit";
import { freePort, mayEcho, subjectOf } from "./verify.mjs";

const bench = actor({
  state: { calls: 0 },
  createConnState: async (_c, params) => ({ subject: await subjectOf(params.token) }),
  actions: {
    echo: (c, text) => {
      if (!mayEcho("echo", c.conn.state.subject)) throw new Error("forbidden");
      return text;
    },
  },
});

export async function serve() {
  const port = await freePort();
  setup({ use: { bench } }).start({
    driver: createFileSystemDriver({ path: mkdtempSync(`${tmpdir()}/rivetkit-bench-`) }),
    defaultServerPort: port,
    noWelcome: true,
    inspector: { enabled: false },
    logging: { level: "error" },
  });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return { url };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("rivetkit did not come up");
}
