/**
 * Owns one timed round: `window` calls in flight, each followed by the next as soon as it is answered, and what each took.
 * The same loop drives every side of every pair, so that what it costs is in both.
 */

/** Begins one call and tells when it is answered. */
export type Begin = (done: (error?: unknown) => void) => void;

export interface Round {
  /** Calls answered a second. */
  readonly rate: number;
  /** ms, of single calls. */
  readonly p50: number;
  readonly p99: number;
  /** µs of processor time of this process per call. */
  readonly cpu: number;
  readonly calls: number;
}

const MAX_SAMPLES = 1_000_000;
const samples = new Float64Array(MAX_SAMPLES);

export function runRound(begin: Begin, window: number, ms: number): Promise<Round> {
  return new Promise((resolve, reject) => {
    const cpu = process.cpuUsage();
    const started = performance.now();
    let calls = 0;
    let inFlight = 0;
    const one = (): void => {
      const at = performance.now();
      inFlight += 1;
      begin((error) => {
        inFlight -= 1;
        if (error !== undefined) {
          reject(error);
          return;
        }
        const now = performance.now();
        if (calls < MAX_SAMPLES) samples[calls] = now - at;
        calls += 1;
        if (now - started < ms) one();
        else if (inFlight === 0) resolve(roundOf(calls, now - started, process.cpuUsage(cpu)));
      });
    };
    for (let count = 0; count < window; count++) one();
  });
}

function roundOf(calls: number, ms: number, cpu: NodeJS.CpuUsage): Round {
  const taken = samples.slice(0, Math.min(calls, MAX_SAMPLES)).sort();
  const at = (part: number): number => taken[Math.floor((taken.length - 1) * part)]!;
  return { rate: (calls * 1000) / ms, p50: at(0.5), p99: at(0.99), cpu: (cpu.user + cpu.system) / calls, calls };
}
