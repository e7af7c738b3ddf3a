/**
 * Sends the newest of many values: one is under way at a time, and what came meanwhile replaces what waited. A slow link
 * then sends fewer moves instead of old ones.
 */
export function sendLatest<Value>(send: (value: Value) => Promise<unknown>): (value: Value) => void {
  let next: { readonly value: Value } | null = null;
  let underWay = false;
  const go = async (): Promise<void> => {
    underWay = true;
    while (next !== null) {
      const { value } = next;
      next = null;
      // One move more or less: the next tells where we are.
      await send(value).catch(() => {});
    }
    underWay = false;
  };
  return (value) => {
    next = { value };
    if (!underWay) void go();
  };
}
