/** A Worker that runs the cases of the store inside an object: all names without a query, else the one named. */
import { DurableObject } from "cloudflare:workers";
import type { ObjectNamespace } from "../../src/hosts/cloudflare/platform.ts";
import { collected, runCollected } from "./expect-shim.ts";
import "./store-cases.ts";
import { stand } from "./store-stand.ts";

export class BywardActor extends DurableObject {
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).searchParams.get("name");
    if (name === null) return Response.json(collected.map((one) => one.name));
    stand.reset(this.ctx.storage);
    return Response.json(await runCollected(name));
  }
}

interface Stub {
  fetch(request: Request): Promise<Response>;
}

export default {
  fetch(request: Request, env: { BYWARD_ACTOR: ObjectNamespace<Stub> }): Promise<Response> {
    return env.BYWARD_ACTOR.get(env.BYWARD_ACTOR.idFromName("suite")).fetch(request);
  },
};
