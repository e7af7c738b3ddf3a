/** The child process of the crash harness, served from the sources. */
import { setup } from "../../src/index.node.ts";
import { birth, ledger } from "./actors.ts";

const { url } = await setup({ use: { ledger, birth } }).serve({ port: 0, dataDir: process.argv[2]! });
console.log(url);
