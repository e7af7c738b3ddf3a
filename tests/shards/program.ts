/** A program that serves by several threads, as one is written: no module is named. */
import { build } from "./world.ts";

console.log("before");
const { url, workers } = await build().serve({ port: 0, workers: 2, dataDir: process.env["BYWARD_TEST_DATA"]! });
console.log(JSON.stringify({ url, workers }));
