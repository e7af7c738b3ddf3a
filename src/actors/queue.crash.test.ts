/** Queues under random crashes, retries, failing handlers and late commits, against what senders were told. */
import { expect, test } from "vitest";
import { REF, Rig, type RigOptions } from "../../tests/support/actor-rig.ts";
import type { CompletableMessage, QueueContext, QueueMessage } from "./queue.ts";
import type { StagedState } from "./state.ts";

/** How often the effect of each message is in the state. */
interface Effects {
  counts: Record<string, number>;
}

interface Tally {
  readonly told: Set<number>;
  crashes: number;
  redelivered: number;
  failures: number;
}

/** mulberry32: small, seeded, good enough to choose with. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const QUEUES: RigOptions["queues"] = {
  plain: { maxAttempts: 100_000 },
  held: { maxAttempts: 100_000, visibilityTimeout: 3000 },
};

/** A context as an actor has it: while it holds messages, its state is a stage that their acknowledgement commits. */
class Context {
  readonly rig: Rig<Effects>;
  readonly queue: QueueContext;
  #stage: StagedState<Effects> | null = null;

  constructor(rig: Rig<Effects>) {
    this.rig = rig;
    this.queue = rig.queues.forContext({
      keep: () => this.#end((stage) => stage.commit()),
      drop: () => this.#end((stage) => stage.rollback()),
    });
  }

  get state(): Effects {
    if (!this.queue.isHolding) return this.rig.state;
    this.#stage ??= this.rig.cell.stage();
    return this.#stage.value;
  }

  #end(how: (stage: StagedState<Effects>) => void): void {
    const stage = this.#stage;
    this.#stage = null;
    if (stage !== null) how(stage);
  }
}

class Simulation {
  readonly tally: Tally = { told: new Set(), crashes: 0, redelivered: 0, failures: 0 };
  readonly #random: () => number;
  readonly #options: RigOptions;
  readonly #open = new Set<number>();
  #next = 0;
  #rig!: Rig<Effects>;

  private constructor(seed: number, options: RigOptions) {
    this.#random = createRandom(seed);
    this.#options = { queues: QUEUES, limits: { maxQueueSize: 100_000 }, ...options };
  }

  static async run(
    seed: number,
    steps: number,
  ): Promise<{ tally: Tally; sent: number; counts: Record<string, number> }> {
    const simulation = new Simulation(seed, {});
    simulation.#rig = await Rig.open<Effects>({ counts: {} }, simulation.#options);
    simulation.#rig.late.isPrompt = false;
    simulation.#startConsumers();
    for (let step = 0; step < steps; step++) await simulation.#step();
    await simulation.#settleDown();
    return { tally: simulation.tally, sent: simulation.#next, counts: { ...simulation.#rig.cell.raw.counts } };
  }

  async #step(): Promise<void> {
    const choice = this.#random();
    if (choice < 0.4) this.#send(this.#next++);
    else if (choice < 0.5) this.#resend();
    else if (choice < 0.85) this.#rig.late.applyNext();
    else if (choice < 0.97) await this.#rig.advance(Math.floor(this.#random() * 1500));
    else await this.#crash();
    await this.#rig.clock.drain();
  }

  /** Every message carries its number; a sender that was told nothing sends it again with the same id. */
  #send(body: number): void {
    const name = body % 2 === 0 ? "plain" : "held";
    this.#open.add(body);
    this.#rig.queues.enqueue({ name, body, caller: null, id: `m${body}` }).then(
      () => {
        this.#open.delete(body);
        this.tally.told.add(body);
      },
      () => {},
    );
  }

  #resend(): void {
    const open = [...this.#open];
    if (open.length > 0) this.#send(open[Math.floor(this.#random() * open.length)]!);
  }

  async #crash(): Promise<void> {
    this.tally.crashes += 1;
    this.#rig.crash();
    this.#rig = await Rig.open<Effects>(
      { counts: {} },
      { ...this.#options, store: this.#rig.late, clock: this.#rig.clock },
    );
    this.#startConsumers();
  }

  #startConsumers(): void {
    const rig = this.#rig;
    void this.#consume(rig, (context) => this.#plainLoop(context));
    void this.#consume(rig, (context) => this.#heldLoop(context));
  }

  /** As an instance runs `run`: what fails gives its messages back and starts again. */
  async #consume(rig: Rig<Effects>, body: (context: Context) => Promise<void>): Promise<void> {
    for (;;) {
      const context = new Context(rig);
      try {
        await body(context);
        rig.queues.acknowledgeHeld(context.queue);
        return;
      } catch {
        this.tally.failures += 1;
        rig.queues.releaseHeld(context.queue);
        await new Promise<void>((resolve) => void rig.clock.after(100, resolve));
      }
    }
  }

  async #plainLoop(context: Context): Promise<void> {
    for await (const message of context.queue.iter({ names: ["plain"] })) await this.#handle(context, message);
  }

  async #heldLoop(context: Context): Promise<void> {
    for await (const message of context.queue.iter({ names: ["held"], completable: true })) {
      await this.#handle(context, message);
      await (message as CompletableMessage).complete();
    }
  }

  /** Takes effect in two steps with work between them, and fails now and then anywhere. */
  async #handle(context: Context, message: QueueMessage): Promise<void> {
    if (message.attempt > 1) this.tally.redelivered += 1;
    const key = String(message.body);
    await this.#work(context);
    context.state.counts[key] = (context.state.counts[key] ?? 0) + 0.5;
    await this.#work(context);
    context.state.counts[key] = (context.state.counts[key] ?? 0) + 0.5;
  }

  async #work({ rig }: Context): Promise<void> {
    const turns = Math.floor(this.#random() * 4);
    for (let turn = 0; turn < turns; turn++) await null;
    if (this.#random() < 0.06) throw new Error("handler fails");
    if (this.#random() < 0.1) await new Promise<void>((resolve) => void rig.clock.after(50, resolve));
  }

  /** No more crashes: everything that was accepted is handled. */
  async #settleDown(): Promise<void> {
    this.#rig.late.isPrompt = true;
    for (let round = 0; round < 200; round++) {
      while (this.#rig.late.queued > 0) this.#rig.late.applyNext();
      await this.#rig.advance(5000);
      for (const body of [...this.#open]) this.#send(body);
      if (this.#rig.queues.size === 0 && this.#open.size === 0) break;
    }
    await this.#rig.outbox.durable();
    expect(this.#rig.failed).toBeNull();
    expect(this.#rig.late.inner.load(REF)?.queues).toEqual({});
  }
}

test("every accepted message takes effect exactly once, whatever crashes in between", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.log(`queue crash seed ${seed}`);
  const runs = Number(process.env["RUNS"] ?? 6);
  const total = { crashes: 0, redelivered: 0, failures: 0 };
  for (let run = 0; run < runs; run++) {
    const { tally, sent, counts } = await Simulation.run(seed + run, 600);
    for (let body = 0; body < sent; body++) {
      if (counts[body] !== 1)
        throw new Error(`seed ${seed + run}: message ${body} took effect ${counts[body] ?? 0} times`);
    }
    expect(Object.keys(counts).length).toBe(sent);
    expect(tally.told.size).toBe(sent);
    total.crashes += tally.crashes;
    total.redelivered += tally.redelivered;
    total.failures += tally.failures;
  }
  console.log(`crashes ${total.crashes}, redeliveries ${total.redelivered}, failures ${total.failures}`);
  expect(Math.min(total.crashes, total.redelivered, total.failures)).toBeGreaterThan(0);
});
