/** A child process of `durable.test.ts`: one counter, served from the sources. */
import { actor } from "../../src/actors/define.ts";
import { Visitor } from "../../src/boundary/party.ts";
import { setup } from "../../src/index.node.ts";

const counter = actor({
  by: Visitor,
  state: { count: 0 },
  actions: {
    add: (c, by: number) => {
      c.state.count += by;
      return c.state.count;
    },
  },
});
const { url } = await setup({ use: { counter } }).serve({ port: 0, dataDir: process.argv[2]! });
console.log(url);
