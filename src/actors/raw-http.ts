/**
 * Owns turning a handler's `Response` into an answer that ends with its caller's lease: a streamed body stops, with an
 * error, when the credential behind it is dead (ruling 16).
 */
import type { OutboundResponse } from "../hosts/port.ts";
import type { Connection } from "./connection.ts";

/** Headers that are the transport's matter. */
const DROPPED = new Set(["connection", "transfer-encoding", "keep-alive", "upgrade"]);

export function rawResponse(
  response: Response,
  method: string,
  connection: Connection,
  done: () => void,
  correlationId: string,
): OutboundResponse {
  const headers: [string, string][] = [];
  for (const [name, value] of response.headers) if (!DROPPED.has(name)) headers.push([name, value]);
  if (!response.headers.has("x-content-type-options")) headers.push(["x-content-type-options", "nosniff"]);
  headers.push(["byward-correlation-id", correlationId]);
  const finish = (): void => {
    connection.lost();
    done();
  };
  if (response.body === null || method === "HEAD") {
    // One that the handler has read, or gave out before, cannot be cancelled.
    response.body?.cancel().catch(() => {});
    finish();
    return { status: response.status, headers, body: null };
  }
  return { status: response.status, headers, body: leased(response.body, connection, finish) };
}

/** Passes a stream on while the connection's lease lives. */
function leased(
  body: ReadableStream<Uint8Array>,
  connection: Connection,
  finish: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    finish();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      connection.onEnd((cause) => {
        if (over) return;
        controller.error(new Error(`the caller's lease ended: ${cause}`));
        reader.cancel().catch(() => {});
        end();
      });
    },
    async pull(controller) {
      const ended = connection.leaseEnd();
      if (ended !== null) {
        connection.endLease(ended);
        return;
      }
      try {
        const { done: last, value } = await reader.read();
        if (over) return;
        // The chunk may have been long in coming (G7).
        const endedMeanwhile = connection.leaseEnd();
        if (endedMeanwhile !== null) {
          connection.endLease(endedMeanwhile);
          return;
        }
        if (last) {
          end();
          controller.close();
        } else {
          controller.enqueue(value);
        }
      } catch (error) {
        end();
        throw error;
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}
