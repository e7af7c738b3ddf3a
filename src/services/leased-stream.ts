/**
 * Owns streamed bodies that end with their caller's credential (G7, ruling 16): no byte is delivered under one that is dead at
 * that instant. An event stream ends with an `expired` event; any other is cut off, so that nobody takes its part for the whole.
 */
import type { LeaseEnd } from "../boundary/lease.ts";
import type { Clock } from "../hosts/port.ts";
import { encode } from "../protocol/json.ts";

export interface StreamLease {
  readonly clock: Clock;
  /** Epoch ms at which it ends by itself; null = never. */
  readonly expiresAt: number | null;
  leaseEnd(): LeaseEnd | null;
  readonly correlationId: string;
}

export function leasedStream(
  body: ReadableStream<Uint8Array>,
  lease: StreamLease,
  isEventStream: boolean,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let over = false;
  let timer: { cancel(): void } | null = null;
  const finish = (): boolean => {
    if (over) return false;
    over = true;
    timer?.cancel();
    return true;
  };
  const cut = (controller: ReadableStreamDefaultController<Uint8Array>, end: LeaseEnd): void => {
    if (!finish()) return;
    // What the handler's own `cancel` throws is nobody's: it must not end the process.
    reader.cancel(new Error(`the caller's lease ended: ${end}`)).catch(() => {});
    if (!isEventStream) {
      controller.error(new Error(`the caller's lease ended: ${end}`));
      return;
    }
    controller.enqueue(lastEvent(lease.correlationId, end));
    controller.close();
  };
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      const { expiresAt, clock } = lease;
      if (expiresAt === null) return;
      const arm = (): void => {
        timer = clock.after(Math.max(0, expiresAt - clock.now()), () => {
          if (clock.now() >= expiresAt) cut(controller, "expired");
          else arm();
        });
      };
      arm();
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        const end = lease.leaseEnd();
        if (over) return;
        if (done) {
          finish();
          controller.close();
        } else if (end !== null) {
          cut(controller, end);
        } else {
          controller.enqueue(value);
        }
      } catch (error) {
        if (finish()) controller.error(error);
      }
    },
    async cancel(reason) {
      finish();
      await reader.cancel(reason);
    },
  };
  // Nothing is read ahead: what waits here while a slow peer takes its time would outlive the credential.
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
}

const UTF8 = new TextEncoder();

function lastEvent(correlationId: string, end: LeaseEnd): Uint8Array {
  const told =
    end === "expired"
      ? { group: "auth", code: "expired", message: "The credential has expired", correlationId }
      : { group: "auth", code: "unauthenticated", message: "Unauthenticated", correlationId };
  return UTF8.encode(`event: expired\ndata: ${encode(told)}\n\n`);
}
