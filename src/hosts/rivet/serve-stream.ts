/** Owns what a stream to an actor does: a request or an upgrade meets the edge here exactly as it would from a socket. */
import type { Edge } from "../../registry/edge.ts";
import type { OutboundResponse } from "../port.ts";
import { sendBody } from "./tunnel/body.ts";
import { textBytes } from "./tunnel/frames.ts";
import { type RequestHead, type ResponseHead, TunnelInbound } from "./tunnel/inbound.ts";
import type { Stream } from "./tunnel/mux.ts";
import { TunnelSocket } from "./tunnel/socket.ts";

export async function serveRequest(edge: Edge, stream: Stream, head: RequestHead): Promise<void> {
  const inbound = new TunnelInbound(stream, head);
  if (head.kind === "http") {
    await answer(stream, await edge.handle(inbound));
    return;
  }
  const socket = new TunnelSocket(stream);
  const upgrade = await edge.upgrade(inbound);
  socket.protocol = upgrade.protocol;
  if (!stream.isOver) upgrade.serve(socket);
}

/** Sends an answer, and ends the stream. */
export async function answer(stream: Stream, { status, headers, body }: OutboundResponse): Promise<void> {
  const kind = body === null ? "none" : body instanceof ReadableStream ? "stream" : "whole";
  const head: ResponseHead = { status, headers, body: kind };
  stream.head(head);
  if (body instanceof ReadableStream) {
    const { handlers } = stream;
    stream.handlers = {
      ...handlers,
      reset: (reason) => {
        handlers.reset?.(reason);
        void body.cancel(new Error(reason)).catch(() => {});
      },
    };
    await sendBody(stream, body, "answer");
    return;
  }
  // Not waited for in between: what is said in one turn is one message.
  const written = body === null ? null : stream.write(typeof body === "string" ? textBytes(body) : body);
  stream.finish();
  await written;
}
