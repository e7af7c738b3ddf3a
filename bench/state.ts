/**
 * What tracked state costs: reads, scans, writes, a write with its encoding, an atomic stage. Does not measure the
 * outbox, the store or the disk. Run: `node bench/state.ts`.
 */
import { StateCell } from "../src/actors/state.ts";

interface Item {
  id: string;
  text: string;
  at: number;
  tags: string[];
}

const item = (index: number): Item => ({ id: `item-${index}`, text: "x".repeat(40), at: index, tags: ["a", "b"] });
const plant = (items: number) => ({
  count: 0,
  owner: { name: "n", settings: { theme: "dark" } },
  items: Array.from({ length: items }, (_, i) => item(i)),
});
type State = ReturnType<typeof plant>;

function median(run: () => void, rounds: number): string {
  for (let warm = 0; warm < rounds; warm++) run();
  const times: number[] = [];
  for (let sample = 0; sample < 7; sample++) {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) run();
    times.push(((performance.now() - start) * 1000) / rounds);
  }
  times.sort((a, b) => a - b);
  return `${times[3]!.toFixed(3)} µs`;
}

let sink = 0;
const readTen = (state: State): void => {
  sink += state.count + state.owner.name.length + state.owner.settings.theme.length + state.items.length;
  sink += state.items[0]!.at + state.items[0]!.tags.length + state.items.at(-1)!.at;
};
const scan = (state: State): void => {
  for (const one of state.items) sink += one.at;
};

const bump = (cell: StateCell<State>): void => {
  cell.value.count += 1;
};

for (const [name, items] of [
  ["200 B", 1],
  ["1 KB", 8],
  ["100 KB", 900],
] as const) {
  const cell = new StateCell<State>(plant(items));
  const rounds = items > 100 ? 200 : 20_000;
  console.log(`state ${name}: ${cell.encode().length} bytes`);
  console.log(`  read 10 members, plain    ${median(() => readTen(cell.raw), rounds)}`);
  console.log(`  read 10 members, tracked  ${median(() => readTen(cell.value), rounds)}`);
  console.log(`  scan all items, plain     ${median(() => scan(cell.raw), rounds)}`);
  console.log(`  scan all items, tracked   ${median(() => scan(cell.value), rounds)}`);
  console.log(`  write one member          ${median(() => bump(cell), rounds)}`);
  const store = (): void => {
    bump(cell);
    sink += cell.encode().length;
  };
  console.log(`  write and encode          ${median(store, rounds)}`);
  const push = (): void => {
    cell.value.items.push(item(1));
    cell.value.items.pop();
  };
  console.log(`  push and pop an item      ${median(push, rounds)}`);
  const atomic = (): void => {
    const stage = cell.stage();
    stage.value.count += 1;
    stage.commit();
  };
  console.log(`  write one member, atomic  ${median(atomic, rounds)}`);
}
if (sink === 0) throw new Error("nothing was read");
