/** Owns what tests need of an operator: a Worker whose own paths revoke and raise the epoch. Nothing like it is published. */
import type { RevokeQuery } from "../../src/boundary/lease.ts";
import type { Registry, WorkerHandler } from "../../src/registry/registry.ts";

/** The registry's handler, with `POST /operator/revoke` and `POST /operator/epoch` before it. */
export function operated(registry: Registry): WorkerHandler {
  const { handler } = registry.worker();
  return {
    ...handler,
    async fetch(request, env, context) {
      const { pathname } = new URL(request.url);
      if (pathname === "/operator/revoke") {
        return Response.json(await registry.revoke((await request.json()) as RevokeQuery));
      }
      if (pathname === "/operator/epoch") return Response.json(await registry.bumpEpoch());
      return handler.fetch(request, env, context);
    },
  };
}
