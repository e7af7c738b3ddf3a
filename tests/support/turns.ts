/** Owns waiting for what is under way in this process, messages between threads and on the loopback included. */

const TURNS = 50;

/**
 * Waits `ms`, and then turns of the event loop. Where the whole process stood still, the timer is due before what came
 * meanwhile was read; each turn reads what is there, so what is under way arrives however slow the machine is.
 */
export async function turns(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
