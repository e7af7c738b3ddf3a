/** Owns knowing which of the user's files a process has loaded: what a change of restarts it. */
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../version.ts";

const OWN = [`${packageRoot}src/`, `${packageRoot}dist/`];

/** Calls `report` with files as they are about to be loaded, a batch a turn; also with those that then fail to load. */
export function reportLoadedFiles(report: (files: readonly string[]) => void): void {
  let batch: string[] = [];
  registerHooks({
    load(url, context, nextLoad) {
      if (url.startsWith("file:") && isWatched(fileURLToPath(url))) {
        if (batch.length === 0) queueMicrotask(flush);
        batch.push(fileURLToPath(url));
      }
      return nextLoad(url, context);
    },
  });
  const flush = (): void => {
    report(batch);
    batch = [];
  };
}

function isWatched(path: string): boolean {
  return !path.includes("/node_modules/") && !OWN.some((folder) => path.startsWith(folder));
}
