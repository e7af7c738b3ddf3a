import { expect, test } from "vitest";
import type { LeaseEnd } from "../boundary/lease.ts";
import { VirtualClock } from "../hosts/memory/clock.ts";
import { leasedStream } from "./leased-stream.ts";

const UTF8 = new TextEncoder();

function open(isEventStream: boolean) {
  const clock = new VirtualClock();
  const lease = { end: null as LeaseEnd | null, read: 0 };
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(UTF8.encode(`data: ${++lease.read}\n\n`)) },
    { highWaterMark: 0 },
  );
  const expiresAt = clock.now() + 1000;
  const stream = leasedStream(body, { clock, expiresAt, leaseEnd: () => lease.end, correlationId: "0" }, isEventStream);
  return { clock, lease, reader: stream.getReader() };
}

test("nothing is read ahead of a peer that does not read: it could outlive the credential", async () => {
  const { lease, reader } = open(false);
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(lease.read).toBe(1);
  lease.end = "revoked";
  await expect(reader.read()).rejects.toThrow(/revoked/);
});

test("a revoked reader of events is told so and given nothing else", async () => {
  const { lease, reader } = open(true);
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 5));
  lease.end = "revoked";
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toMatch(/^event: expired\n/);
  expect((await reader.read()).done).toBe(true);
});

test("an expired reader of events that was slow is told so and given nothing else", async () => {
  const { clock, lease, reader } = open(true);
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await clock.advance(1000);
  lease.end = "expired";
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toMatch(/^event: expired\n/);
  expect((await reader.read()).done).toBe(true);
});
