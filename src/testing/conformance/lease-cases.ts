/** Owns the cases of leases: what a credential's end, a renewal and a revocation do to what is open (G7). */
import { assertEqual, assertRefused, assertThat } from "./assert.ts";
import type { CaseDefinition } from "./suite.ts";

export const leaseCases: readonly CaseDefinition[] = [
  {
    name: "a connection ends with its credential, and hears nothing after",
    run: async ({ host, as, token, until }) => {
      // Made before: a host may take long for it, and the credential is short.
      await as("bob").subject.getOrCreate("a").words();
      const once = await token("ada", {}, 6);
      const client = host.createClient({ token: once });
      const connection = client.getOrCreate("subject", "a").connect();
      const heard: unknown[] = [];
      let failure = "";
      connection.on("said", (word) => void heard.push(word));
      connection.onError(({ code }) => {
        failure ||= code;
      });
      await connection.action({ name: "open" });
      await as("bob").subject.get("a").say("before");
      await until(() => heard.length === 1, "the word before came");
      await host.elapse(6500);
      await as("bob").subject.get("a").say("after");
      await until(() => failure !== "", "the connection was told");
      assertEqual(heard, ["before"], "what was heard");
      assertThat(["expired", "unauthenticated"].includes(failure), `The connection was told ${failure}`);
      await client.dispose();
    },
  },
  {
    name: "a client renews its credential and stays connected",
    run: async ({ host, as, token, until }) => {
      await as("bob").subject.getOrCreate("a").words();
      let asked = 0;
      const client = host.createClient({
        token: () => {
          asked += 1;
          return token("ada", {}, 6);
        },
      });
      const connection = client.getOrCreate("subject", "a").connect();
      await connection.action({ name: "open" });
      const { connId } = connection;
      await until(() => asked >= 3, "it asked for two more tokens");
      await connection.action({ name: "open" });
      assertEqual(connection.connId, connId, "the connection");
      await client.dispose();
    },
  },
  {
    name: "revocation closes what is open and refuses the token, also after a restart",
    run: async ({ host, as, token, until }) => {
      const once = await token("ada");
      const client = host.createClient({ token: once });
      const connection = client.getOrCreate("subject", "a").connect();
      let failure = "";
      connection.onError(({ code }) => {
        failure ||= code;
      });
      await connection.action({ name: "run" });
      await host.revoke({ party: "User", identity: "ada" });
      await until(() => failure !== "", "the connection was told");
      const call = (): Promise<unknown> => client.getOrCreate("subject", "a").action({ name: "run" });
      await assertRefused(call(), "auth/unauthenticated", "a call");
      await host.restart();
      await assertRefused(call(), "auth/unauthenticated", "a call after a restart");
      assertEqual(await as("bob").subject.get("a").open(), 1, "how often a handler ran");
      await client.dispose();
    },
  },
];
