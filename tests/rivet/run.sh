#!/usr/bin/env bash
# Installs the pinned Rivet packages into this folder and runs the tests of the Rivet host; bounded to half an hour in all.
# The last line is "N passed, N failed". Needs Linux on x64 and the repository's own `npm ci` before it.
set -u
cd "$(dirname "$0")" || exit 1
root="$(cd ../.. && pwd)"
report="$(mktemp)"
trap 'rm -f "$report"' EXIT

# Scripts of packages are not run: what this host uses of them is prebuilt.
if ! timeout 400 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; then
  echo "0 passed, 1 failed"
  exit 1
fi
# RUST_BACKTRACE makes the engine walk its stack for every message.
PATH="$root/node_modules/.bin:$PATH" NO_COLOR=1 RIVET_LOG_LEVEL=off \
  timeout 1400 env -u RUST_BACKTRACE "$root/node_modules/.bin/vitest" run --root "$root" --config "$root/vitest.rivet.config.ts" \
  --reporter=default --reporter=json --outputFile.json="$report"
status=$?
"$root/node_modules/.bin/node" -e '
  const text = require("node:fs").readFileSync(process.argv[1], "utf8");
  const { numPassedTests = 0, numFailedTests = 0 } = text === "" ? {} : JSON.parse(text);
  const failed = numFailedTests === 0 && process.argv[2] !== "0" ? 1 : numFailedTests;
  console.log(`${numPassedTests} passed, ${failed} failed`);' "$report" "$status"
exit "$status"
