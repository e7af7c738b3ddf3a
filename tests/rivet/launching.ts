/** The child process of a launcher test: launches an engine and says its pid and endpoint; then somebody kills it. */
import { launchEngine } from "../../src/hosts/rivet/index.ts";
import { engineBinary } from "./kit.ts";

process.env["RUST_BACKTRACE"] = "1";
const { pid, endpoint } = await launchEngine({ dataDir: process.argv[2]!, port: 0, binary: engineBinary });
console.log(JSON.stringify({ pid, endpoint }));
setInterval(() => {}, 1000);
