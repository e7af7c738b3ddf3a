/** Prints, as JSON, the URLs of all that importing its argument loads. */
import { registerHooks } from "node:module";

const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});
await import(process.argv[2]!);
console.log(JSON.stringify(loaded));
