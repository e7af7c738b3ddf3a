/** Owns what this host uses of the module that the Workers runtime brings along. */
declare module "cloudflare:workers" {
  /** Base of classes whose methods other Workers of the same account may call. */
  export class DurableObject {
    protected readonly ctx: import("./platform.ts").ObjectState;
    protected readonly env: import("./platform.ts").WorkerEnv;
    constructor(ctx: import("./platform.ts").ObjectState, env: import("./platform.ts").WorkerEnv);
  }
  /** Base of entrypoints that other Workers reach over a service binding, and nobody else. */
  export class WorkerEntrypoint {
    protected readonly ctx: import("./platform.ts").EntrypointContext;
    protected readonly env: import("./platform.ts").WorkerEnv;
    constructor(ctx: import("./platform.ts").EntrypointContext, env: import("./platform.ts").WorkerEnv);
  }
  /** Bindings of the running Worker. */
  export const env: import("./platform.ts").WorkerEnv;
  /** Keeps what is under way alive until `promise` settles, beyond the answer of the present request. */
  export function waitUntil(promise: Promise<unknown>): void;
}
