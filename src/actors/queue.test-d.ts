/** Compile-only: what `c.queue` yields and demands by declaration. Checked by `tsc` alone. */
import { z } from "zod";
import type { ActorQueue, CompletableMessage, QueueMessage } from "./queue.ts";
import { queue } from "./tokens.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const assertType = <_T extends true>(): void => {};

const declared = {
  jobs: queue<{ kind: "scan" }, { ok: boolean }>(),
  mail: z.object({ to: z.string() }),
  quiet: queue<number>(),
};

export async function declaredNames(c: { readonly queue: ActorQueue<typeof declared> }): Promise<void> {
  const any = await c.queue.next();
  if (any?.name === "jobs") assertType<Equal<typeof any.body, { kind: "scan" }>>();
  if (any?.name === "mail") assertType<Equal<typeof any.body, { to: string }>>();
  const job = await c.queue.tryNext({ names: ["jobs"], completable: true });
  assertType<Equal<typeof job, CompletableMessage<"jobs", { kind: "scan" }, { ok: boolean }> | undefined>>();
  await job?.complete({ ok: true });
  // @ts-expect-error the declared reply is required
  await job?.complete();
  // @ts-expect-error not the declared reply
  await job?.complete("yes");
  const quiet = await c.queue.next({ names: ["quiet"], completable: true });
  await quiet?.complete();
  // @ts-expect-error this queue has no reply
  await quiet?.complete(1);
  const plain = await c.queue.next({ names: ["quiet"] });
  assertType<Equal<typeof plain, QueueMessage<"quiet", number> | undefined>>();
  // @ts-expect-error only completable messages are completed
  void plain?.complete;
  // @ts-expect-error nobody declared it
  await c.queue.next({ names: ["absent"] });
  for await (const message of c.queue.iter({ names: ["mail"] })) assertType<Equal<typeof message.body.to, string>>();
  const batch = await c.queue.nextBatch({ names: ["jobs"], count: 5 });
  assertType<Equal<(typeof batch)[number]["name"], "jobs">>();
  await c.queue.send("mail", { to: "x" }, { id: "once" });
  // @ts-expect-error not the declared body
  await c.queue.send("mail", { from: "x" });
  // @ts-expect-error nobody declared it
  await c.queue.send("absent", 1);
  assertType<Equal<Awaited<ReturnType<typeof c.queue.redrive>>, number>>();
}

export async function openNames(c: { readonly queue: ActorQueue<Record<never, never>> }): Promise<void> {
  const message = await c.queue.next({ names: ["anything"], completable: true });
  assertType<Equal<NonNullable<typeof message>["body"], unknown>>();
  await message?.complete("any reply");
  await message?.complete();
  await c.queue.send("whatever", { any: "body" });
}
