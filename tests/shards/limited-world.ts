/** The same world with the limits of one test. */
import { build } from "./world.ts";

export const registry = build({
  limits: { rate: [{ per: "identity", limit: 5, window: 600 }], maxFailedAuthentications: 6 },
});
