/** Owns waiting for the wish to stop: Ctrl+C and SIGTERM. A second one ends the process at once. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function waitForStop(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) {
        process.off(signal, stop);
        process.once(signal, () => process.exit(1));
      }
      clearInterval(alive);
      resolve();
    };
    // Nothing else need keep the process up, such as when the last socket has closed.
    const alive = setInterval(() => {}, 2 ** 30);
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}
