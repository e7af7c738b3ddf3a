/** Owns noticing changes of a project's sources: files that change, come and go below its root. */
import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";

/** One save is often several events. */
const SETTLE_MS = 60;

/** Calls `onChange` after sources below `root` have changed; gives what ends it. */
export function watchSources(root: string, onChange: () => void): { close(): void } {
  let settling: NodeJS.Timeout | undefined;
  const watcher: FSWatcher = watch(root, { recursive: true }, (_event, name) => {
    if (name === null || !isSource(name)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
  });
  return {
    close() {
      clearTimeout(settling);
      watcher.close();
    },
  };
}

function isSource(name: string): boolean {
  if (/(^|[\\/])(node_modules|\.[^\\/]+)[\\/]/.test(name)) return false;
  return name.endsWith(".bynk") || basename(name) === "bynk.toml";
}
