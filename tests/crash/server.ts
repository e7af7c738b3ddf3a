/** The child process of the crash harness, served from the sources. */
import { setup } from "../../src/index.node.ts";
import { birth, ledger } from "./actors.ts";

const workers = Number(process.env["BYWARD_TEST_WORKERS"] ?? 1);
const served = await setup({ use: { ledger, birth } }).serve({ port: 0, dataDir: process.argv[2]!, workers });
if (served.workers !== workers) throw new Error(`asked for ${workers} threads of actors, got ${served.workers}`);
console.log(served.url);
