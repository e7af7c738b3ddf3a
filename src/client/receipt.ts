/** Owns what a queue send gives its caller: nothing once it is durable, or the outcome where the caller waited. */
import { own } from "../protocol/error-body.ts";
import { MalformedResponseMessage } from "./errors.ts";
import type { SendOptions, SendReceipt } from "./types.ts";

/** @throws ActorError `client/malformed_response` */
export const asReceipt = (output: unknown, options: SendOptions | undefined): SendReceipt | undefined => {
  const status = own(output, "status");
  if (options?.wait !== true) return undefined;
  if (status === "timedOut") return { status };
  if (status !== "completed") throw new MalformedResponseMessage("The answer to a send has no status.");
  const response = own(output, "response");
  return response === undefined ? { status } : { status, response };
};
