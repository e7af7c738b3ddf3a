/** No reply, and no byte of a stream, under a credential that died meanwhile (G7, ruling 16). */
import { anyOf, bearer, party, service, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { closing, createRig, get, show } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const UTF8 = new TextEncoder();

function createSetting() {
  const rig = createRig();
  const ran: string[] = [];
  let cancelled = false;
  const stream = (type: string): Response => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent > 0) await new Promise<void>((resolve) => rig.clock.after(60_000, resolve));
        controller.enqueue(UTF8.encode(`data: ${sent++}\n\n`));
      },
      cancel() {
        cancelled = true;
      },
    });
    return new Response(body, { headers: { "content-type": type } });
  };
  const api = service({
    by: anyOf(User, Visitor),
    routes: {
      "GET /slow": {
        handle: async () => {
          ran.push("started");
          await new Promise<void>((resolve) => rig.clock.after(30_000, resolve));
          ran.push("ended");
          return "secret";
        },
      },
      "GET /text": { handle: () => stream("text/plain") },
      "GET /events": { handle: () => stream("text/event-stream; charset=utf-8") },
    },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  return { rig, registry, ran, wasCancelled: () => cancelled };
}

async function readAll(response: Response): Promise<{ text: string; broke: boolean }> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body!) text += decoder.decode(chunk);
  } catch {
    return { text, broke: true };
  }
  return { text, broke: false };
}

test("a reply that comes after its caller's credential has ended is `expired`; the handler finished", async () => {
  const { rig, registry, ran } = createSetting();
  await registry.edge();
  const now = Math.floor(rig.clock.now() / 1000);
  const asking = registry.fetch(get("/slow", rig.bearer("ann", { exp: now + 10 })));
  await rig.clock.advance(30_000);
  const answer = await asking;
  expect(await show(answer)).toBe("401 auth/expired");
  expect(ran).toEqual(["started", "ended"]);
});

test("a reply to a caller revoked meanwhile is `expired`: it ran, and no client takes that for leave to send it again", async () => {
  const { rig, registry, ran } = createSetting();
  await registry.edge();
  const asking = registry.fetch(get("/slow", rig.bearer("ann")));
  await rig.clock.advance(10_000);
  await registry.revoke({ party: "User", identity: "ann" });
  await rig.clock.advance(20_000);
  expect(await show(await asking)).toBe("401 auth/expired");
  expect(ran).toEqual(["started", "ended"]);
});

test("where a stream's own `cancel` throws when it is dropped, nothing goes uncaught", async () => {
  const seen: unknown[] = [];
  const note = (error: unknown): void => void seen.push(error);
  process.on("unhandledRejection", note);
  const rig = createRig();
  let cancelled = 0;
  const stream = (headers: Record<string, string> = {}): Response =>
    new Response(
      new ReadableStream({
        cancel() {
          cancelled += 1;
          throw new Error("cannot cancel");
        },
      }),
      { headers },
    );
  const later = () => new Promise<void>((resolve) => rig.clock.after(30_000, resolve));
  const api = service({
    by: anyOf(User, Visitor),
    routes: {
      "GET /cut": { handle: () => stream() },
      "GET /dead": { handle: () => later().then(() => stream()) },
      "GET /late": { limits: { timeout: 10_000 }, handle: () => later().then(() => stream()) },
      "GET /kept": { handle: () => stream({ etag: '"1"' }) },
    },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  await registry.edge();
  const now = Math.floor(rig.clock.now() / 1000);
  const short = () => rig.bearer("ann", { exp: now + 20 });
  const cut = await registry.fetch(get("/cut", short()));
  const reading = expect(cut.text()).rejects.toThrow(/expired/);
  const dead = registry.fetch(get("/dead", short()));
  const late = registry.fetch(get("/late"));
  expect((await registry.fetch(get("/kept", { "if-none-match": '"1"' }))).status).toBe(304);
  expect((await registry.fetch(new Request("http://x/kept", { method: "HEAD" }))).status).toBe(200);
  await rig.clock.advance(30_000);
  await reading;
  expect(await show(await dead)).toBe("401 auth/expired");
  expect((await late).status).toBe(504);
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", note);
  expect(cancelled).toBe(5);
  expect(seen).toEqual([]);
});

test("a revoked caller is refused at once, others are not", async () => {
  const { rig, registry } = createSetting();
  const early = rig.bearer("ann");
  await rig.clock.advance(2000);
  await registry.revoke({ party: "User", identity: "ann" });
  expect((await registry.fetch(get("/text", early))).status).toBe(401);
  expect((await registry.fetch(get("/text", rig.bearer("bob")))).status).toBe(200);
  await rig.clock.advance(2000);
  expect((await registry.fetch(get("/text", rig.bearer("ann")))).status).toBe(200);
});

test("a call on behalf of a caller who was revoked meanwhile is forbidden", async () => {
  const rig = createRig();
  let ran = 0;
  const books = service({ calls: { count: { handle: () => ++ran } } });
  const front = service({
    by: User,
    routes: {
      "POST /count": {
        handle: async (c) => {
          await registry.revoke({ party: "User", identity: c.caller.identity });
          return c.call(books.calls.count)();
        },
      },
    },
  });
  const registry = closing(setup({ services: { books, front }, host: rig.host }));
  const before = (await rig.decisions(registry)).length;
  const request = new Request("http://x/count", { method: "POST", headers: rig.bearer("ann") });
  expect(await show(await registry.fetch(request))).toBe("403 auth/forbidden");
  expect((await rig.decisions(registry)).slice(before)).toContain("call count Caller forbidden on_behalf_of.revoked");
  expect(ran).toBe(0);
});

test("a stream is cut off at the end of its lease, also while it is silent", async () => {
  const { rig, registry, wasCancelled } = createSetting();
  const now = Math.floor(rig.clock.now() / 1000);
  const answer = await registry.fetch(get("/text", rig.bearer("ann", { exp: now + 90 })));
  const reading = readAll(answer);
  await rig.clock.advance(600_000);
  expect(await reading).toEqual({ text: "data: 0\n\ndata: 1\n\n", broke: true });
  expect(wasCancelled()).toBe(true);
});

test("an event stream ends with an `expired` event", async () => {
  const { rig, registry } = createSetting();
  const now = Math.floor(rig.clock.now() / 1000);
  const answer = await registry.fetch(get("/events", rig.bearer("ann", { exp: now + 90 })));
  const reading = readAll(answer);
  await rig.clock.advance(600_000);
  const { text, broke } = await reading;
  expect(broke).toBe(false);
  expect(text).toMatch(/^data: 0\n\ndata: 1\n\nevent: expired\ndata: \{"group":"auth","code":"expired",.*\}\n\n$/);
});

test("no byte of a stream follows a revocation", async () => {
  const { rig, registry } = createSetting();
  const answer = await registry.fetch(get("/text", rig.bearer("ann")));
  const reading = readAll(answer);
  await rig.clock.advance(90_000);
  await registry.revoke({ party: "User", identity: "ann" });
  await rig.clock.advance(300_000);
  expect(await reading).toEqual({ text: "data: 0\n\ndata: 1\n\n", broke: true });
});

test("a visitor's stream has no lease to end", async () => {
  const { rig, registry } = createSetting();
  const answer = await registry.fetch(get("/text"));
  const reader = answer.body!.getReader();
  for (let part = 0; part < 20; part++) {
    const reading = reader.read();
    await rig.clock.advance(60_000);
    expect((await reading).done).toBe(false);
  }
  await reader.cancel();
});

test("a payload whose schema takes longer than the credential lives runs nothing", async () => {
  for (const death of ["expired", "revoked"]) {
    const rig = createRig();
    let ran = 0;
    const validate = (value: unknown) =>
      new Promise<{ value: unknown }>((resolve) => void rig.clock.after(4_000, () => resolve({ value })));
    const body = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const api = service({ by: User, routes: { "POST /slow": { body: body as never, handle: () => ++ran } } });
    const registry = closing(setup({ services: { api }, host: rig.host }));
    await registry.edge();
    const claims = death === "expired" ? { exp: Math.floor(rig.clock.now() / 1000) + 2 } : {};
    const asking = registry.fetch(
      new Request("http://localhost/slow", {
        method: "POST",
        headers: { ...rig.bearer("ann", claims), "content-type": "application/json" },
        body: "{}",
      }),
    );
    // Reading a body takes turns of the event loop.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
    await rig.clock.advance(2_000);
    if (death === "revoked") await registry.revoke({ party: "User", identity: "ann" });
    await rig.clock.advance(4_000);
    const answer = await asking;
    expect(await show(answer)).toBe(death === "expired" ? "401 auth/expired" : "401 auth/unauthenticated");
    expect(ran).toBe(0);
  }
});
