import { metrics, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { actor, anyOf, bearer, event, hasClaim, party, queue, refine, setup, Visitor } from "byward";
import { telemetry } from "byward/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { DecisionRing } from "../../src/actors/decisions.ts";
import { exposition } from "../../src/telemetry/exposition.ts";
import { spanContextOf } from "../../src/telemetry/spans.ts";
import { MAX_SHAPES, MAX_USER_CODES, Tally } from "../../src/telemetry/tally.ts";
import { get, post, provideSecret, SECRET, serve, token, WireSocket } from "../gate/server.ts";

provideSecret();
provideSecret("SCRAPER_SECRET", `${SECRET}-of-the-scraper`);

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Scraper = party("Scraper", { auth: bearer({ secret: "SCRAPER_SECRET" }) });

const desk = actor({
  by: anyOf(User, Visitor),
  queues: { jobs: queue() },
  events: { news: event<string>() },
  guards: { actions: { close: { by: Admin } } },
  canInvoke: (_c, invoke) => invoke.kind !== "action" || invoke.name !== "never",
  actions: {
    open: () => 1,
    close: () => 1,
    never: () => 1,
    break: () => {
      throw new Error("on purpose");
    },
  },
});

interface Options {
  readonly spans?: "all" | "refused" | "none";
  readonly traceContext?: "link" | "parent" | "ignore";
}

/** A served registry whose metrics and spans are read back. */
async function start(options: Options = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const counted = telemetry({ meter: meters.getMeter("byward"), tracer: tracers.getTracer("byward"), ...options });
  const registry = setup({
    use: { desk },
    services: { metrics: counted.endpoint({ by: Scraper }) },
    decisions: counted,
  });
  const server = await serve(registry);
  onTestFinished(() => meters.shutdown());
  const collect = async () => {
    await meters.forceFlush();
    const [batch] = exporter.getMetrics().slice(-1);
    const points = batch!.scopeMetrics.flatMap((scope) => scope.metrics);
    return (name: string, wanted: Record<string, string>) => {
      const metric = points.find(({ descriptor }) => descriptor.name === name);
      const fits = metric?.dataPoints.filter(({ attributes }) =>
        Object.entries(wanted).every(([key, value]) => attributes[`byward.${key}`] === value),
      );
      return (fits ?? []).map(({ value }) => value);
    };
  };
  return { registry, server, spans, collect };
}

const scrape = async (url: string): Promise<string> => {
  const scraper = await token("prometheus", {}, `${SECRET}-of-the-scraper`);
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${scraper}` } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return answer.text();
};

test("decisions are counted by outcome, entrypoint and party, for OpenTelemetry and Prometheus alike", async () => {
  const { server, collect } = await start();
  const url = `${server.url}/actors/desk/a/actions`;
  const alice = await token("alice");
  await post(`${url}/open`, []);
  await post(`${url}/open`, [], alice);
  await post(`${url}/open`, [], alice);
  await post(`${url}/close`, [], alice);
  await post(`${url}/close`, []);
  await post(`${url}/never`, [], alice);

  const read = await collect();
  const decided = (name: string, outcome: string, party: string) =>
    read("byward.decisions", { target: "desk", kind: "action", name, outcome, party });
  expect(decided("open", "ok", "Visitor")).toEqual([1]);
  expect(decided("open", "ok", "User")).toEqual([2]);
  expect(decided("close", "forbidden", "")).toEqual([1]);
  expect(decided("close", "unauthenticated", "")).toEqual([1]);
  expect(decided("never", "forbidden", "User")).toEqual([1]);
  expect(read("byward.decision.duration", { kind: "action", outcome: "ok" })).toMatchObject([{ count: 3 }]);

  const page = await scrape(server.url);
  expect(page).toContain(
    'byward_decisions_total{target="desk",kind="action",name="open",party="User",outcome="ok",reason=""} 2\n',
  );
  expect(page).toMatch(/byward_decision_duration_seconds_bucket\{kind="action",outcome="ok",le="\+Inf"\} 3\n/);
  expect(page).toMatch(/byward_decision_duration_seconds_count\{kind="action",outcome="ok"\} 3\n/);
});

test("who is not the named party reads no metrics", async () => {
  const { server } = await start();
  const nobody = await get(`${server.url}/metrics`);
  expect(nobody.status).toBe(401);
  const alice = await get(`${server.url}/metrics`, await token("alice"));
  expect(alice.status).toBe(401);
  expect(JSON.stringify([nobody.body, alice.body])).not.toContain("byward_");
});

test("an endpoint without a party is refused", () => {
  expect(() => telemetry().endpoint({} as never)).toThrow(expect.objectContaining({ code: "telemetry.by" }));
});

test("names that a peer makes up are counted as one, and cannot begin a line", async () => {
  const { server } = await start();
  for (const name of ["x1", "x2", "toString", "a%0Abyward_decisions_total%7B%7D%2099"]) {
    await post(`${server.url}/actors/desk/a/actions/${name}`, []);
  }
  const page = await scrape(server.url);
  expect(page).toContain('name="(undeclared)"');
  expect(page).not.toMatch(/x1|x2|toString/);
  expect(page).not.toMatch(/^byward_decisions_total\{\} 99/m);
});

test("connections, leases, subscriptions, actors and queues are levels; ends of leases are counted", async () => {
  const { server, registry, collect } = await start();
  const peer = await WireSocket.rpc(`${server.url}/actors/desk/a`, { token: await token("alice") });
  await peer.next(({ t }) => t === "ready");
  peer.send({ t: "subscribe", id: 1, name: "news" });
  peer.send({ t: "send", id: 2, name: "jobs", body: 1 });
  await peer.next(({ id }) => id === 1);
  await peer.next(({ id }) => id === 2);
  const before = await collect();
  const mine = { target: "desk", party: "User" };
  expect(before("byward.connections", mine)).toEqual([1]);
  expect(before("byward.leases", mine)).toEqual([1]);
  expect(before("byward.subscriptions", mine)).toEqual([1]);
  expect(before("byward.actors", { target: "desk" })).toEqual([1]);
  expect(before("byward.queue.messages", { target: "desk", status: "queued" })).toEqual([1]);

  await registry.revoke({ party: "User", identity: "alice" });
  await peer.closed;
  const after = await collect();
  expect(after("byward.connections", mine)).toEqual([0]);
  expect(after("byward.leases.ended", { cause: "revoked" })).toEqual([1]);
  expect(await scrape(server.url)).toContain('byward_leases_ended_total{cause="revoked"} 1\n');
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test("a refusal is a span that names what the peer was told, and links the caller's trace without joining it", async () => {
  const { server, spans } = await start();
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  const told = await post(`${server.url}/actors/desk/a/actions/close`, [], undefined, { traceparent });
  expect(told.status).toBe(401);
  const [span, ...rest] = spans.getFinishedSpans();
  expect(rest).toEqual([]);
  expect(span).toMatchObject({ name: "gate desk.close", links: [{ context: { traceId: TRACE, spanId: SPAN } }] });
  expect(span!.spanContext().traceId).not.toBe(TRACE);
  expect(span!.attributes).toMatchObject({
    "byward.outcome": "unauthenticated",
    "byward.correlation_id": told.body.correlationId,
  });
  expect(JSON.stringify(span!.attributes)).not.toContain("alice");
});

test("behind a proxy that sets it, the caller's span is the parent", async () => {
  const { server, spans } = await start({ spans: "all", traceContext: "parent" });
  await post(`${server.url}/actors/desk/a/actions/open`, [], undefined, { traceparent: `00-${TRACE}-${SPAN}-01` });
  const [span] = spans.getFinishedSpans();
  expect(span!.spanContext().traceId).toBe(TRACE);
  expect(span!.parentSpanContext).toMatchObject({ spanId: SPAN });
});

test("what is allowed, and what is ignored, leaves no trace", async () => {
  const { server, spans } = await start({ traceContext: "ignore" });
  await post(`${server.url}/actors/desk/a/actions/open`, []);
  expect(spans.getFinishedSpans()).toEqual([]);
  await post(`${server.url}/actors/desk/a/actions/close`, [], undefined, { traceparent: `00-${TRACE}-${SPAN}-01` });
  expect(spans.getFinishedSpans()).toMatchObject([{ links: [] }]);
});

test("only what W3C Trace Context allows is a trace", () => {
  expect(spanContextOf(`00-${TRACE}-${SPAN}-01`)).toEqual({
    traceId: TRACE,
    spanId: SPAN,
    traceFlags: 1,
    isRemote: true,
  });
  for (const bad of [
    null,
    "",
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
  ]) {
    expect(spanContextOf(bad), String(bad)).toBeNull();
  }
});

test("shapes are bounded: past the bound they are counted as one", () => {
  const tally = new Tally([1]);
  tally.start({
    isDeclared: () => true,
    levels: () => ({ actors: [], connections: [], leaseEnds: { expired: 0, revoked: 0 } }),
  });
  const ring = new DecisionRing(1);
  ring.subscribe((decision) => tally.add(decision));
  for (let index = 0; index < MAX_SHAPES + 50; index++) {
    ring.record(0, "desk", "a", "action", `name${index}`, null, "forbidden", "", null, 1);
  }
  expect([...tally.counts()]).toHaveLength(MAX_SHAPES + 1);
  expect(exposition(tally)).toContain(
    'target="(other)",kind="action",name="",party="",outcome="forbidden",reason=""} 50\n',
  );
});

test("codes that a program makes up without end are counted as one, and leave room for the rest", () => {
  const tally = new Tally([1]);
  const ring = new DecisionRing(1);
  ring.subscribe((decision) => tally.add(decision));
  const deny = (reason: string): void =>
    ring.record(0, "desk", "a", "action", "open", null, "forbidden", reason, null, 1);
  for (let index = 0; index < MAX_USER_CODES + 500; index++) deny(`user:banned_${index}`);
  deny("user:banned_0");
  deny("can_invoke.false");
  const reasons = new Map([...tally.counts()].map(({ shape, count }) => [shape.reason, count]));
  expect(reasons.size).toBe(MAX_USER_CODES + 2);
  expect(reasons.get("user:(other)")).toBe(500);
  expect(reasons.get("user:banned_0")).toBe(2);
  expect(reasons.get("can_invoke.false")).toBe(1);
});

test("without a provider of the program's it counts for Prometheus alone", async () => {
  expect(metrics.getMeterProvider().constructor.name).toMatch(/Noop/);
  expect(trace.getTracer("any").startSpan("any").isRecording()).toBe(false);
  const counted = telemetry();
  const registry = setup({
    use: { desk },
    services: { m: counted.endpoint({ by: Scraper, path: "/m" }) },
    decisions: [counted],
  });
  const server = await serve(registry);
  await post(`${server.url}/actors/desk/a/actions/open`, []);
  const scraper = await token("prometheus", {}, `${SECRET}-of-the-scraper`);
  const page = await fetch(`${server.url}/m`, { headers: { authorization: `Bearer ${scraper}` } });
  expect(await page.text()).toContain('name="open",party="Visitor",outcome="ok"');
});

test("a sink that is none, an option that is none and a second registry are refused", async () => {
  expect(() => setup({ use: { desk }, decisions: [{} as never] })).toThrow(/is a sink/);
  expect(() => telemetry({ spans: "some" as never })).toThrow(expect.objectContaining({ code: "telemetry.option" }));
  expect(() => telemetry({ bucket: [1] } as never)).toThrow(/unknown option/);
  expect(() => telemetry({ buckets: [2, 1] })).toThrow(/ascending/);
  expect(() => telemetry({ buckets: [1, Number.POSITIVE_INFINITY] })).toThrow(/ascending/);
  const counted = telemetry();
  await serve(setup({ use: { desk }, decisions: counted }));
  await expect(serve(setup({ use: { desk }, decisions: counted }))).rejects.toMatchObject({ code: "telemetry.busy" });
});
