#!/usr/bin/env node
/**
 * The `byward` command. Only checks the Node version before anything newer is loaded, so that an old Node gets a sentence
 * instead of a missing built-in, and ends the process when the command is done; everything else is in `program.ts`.
 */
const OLDEST = [24, 15] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `byward needs Node ${OLDEST.join(".")} or newer, and this is Node ${process.versions.node} (${process.execPath}). ` +
      "Update Node, or pin one for the project: npm install --save-dev node@24",
  );
  process.exitCode = 1;
} else {
  const { main } = await import("./program.ts");
  const { flushOutputs, outliveReaders } = await import("./terminal.ts");
  outliveReaders();
  const code = await main(process.argv.slice(2));
  await flushOutputs();
  // What the user's modules have left running, such as a timer or a pool, is no work of the command's.
  process.exit(code);
}

export {};
