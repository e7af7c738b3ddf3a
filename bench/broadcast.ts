/**
 * One event to 1,000 subscribers, each delivery under a live lease, against a bare `ws` loop that sends a prepared buffer.
 * Two events are under way at a time, so that neither side waits for its publisher.
 * Not measured: subscribers that read slowly (`tests/gate/limits.test.ts` has them).
 *
 * Run: npm run bench -- broadcast
 */
import { comparePair } from "./harness/compare.ts";
import { mintToken } from "./harness/credentials.ts";
import { writeResults } from "./harness/results.ts";

const SUBSCRIBERS = 1000;
const token = await mintToken();
const load = "loads/subscribers.ts";
writeResults("broadcast", [
  await comparePair({
    id: "broadcast",
    title: `Broadcast to ${SUBSCRIBERS} subscribers, against a bare ws loop over a prepared buffer`,
    unit: "deliveries/s",
    window: 2,
    worth: SUBSCRIBERS,
    ms: 1500,
    ours: { label: "Byward", server: "servers/byward.ts", load, loadOptions: { token, subscribers: SUBSCRIBERS } },
    theirs: {
      label: "ws, prepared buffer",
      server: "servers/ws-broadcast.ts",
      load,
      loadOptions: { subscribers: SUBSCRIBERS },
    },
    target: 0.9,
  }),
]);
