/** A chat room: everybody reads, users write, moderators ban; reported messages are judged by a queue that `run` works off. */
import { actor, anyOf, bearer, event, hasClaim, party, queue, refine, UserError, Visitor } from "byward";
import { z } from "zod";
import { findBlockedWord } from "./blocked-words.ts";

const UserId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/)
  .brand<"UserId">();
type UserId = z.infer<typeof UserId>;

/** Somebody with a token of this chat, signed with the secret in AUTH_JWT_SECRET. */
export const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", audience: "chat" }), identity: UserId });
/** A user whose token says so: 401 for those who are no user, 403 for users without the claim. */
export const Admin = refine("Admin", User, hasClaim("admin"));

export interface Message {
  readonly id: number;
  readonly author: UserId;
  readonly text: string;
  /** Epoch ms. */
  readonly at: number;
}
export interface LogEntry {
  readonly at: number;
  readonly text: string;
}

const MAX_MESSAGES = 200;
const MAX_LOG = 100;
const MAX_TEXT = 500;

const Job = z.object({ kind: z.literal("report"), messageId: z.number().int() });

export const chatRoom = actor({
  by: anyOf(User, Visitor),
  state: { messages: [] as Message[], nextId: 1, banned: [] as UserId[], log: [] as LogEntry[] },
  events: {
    messages: event<Message>(),
    removed: event<{ id: number }>(),
    modLog: event<LogEntry>(),
  },
  queues: { jobs: queue({ message: Job }) },
  guards: {
    actions: {
      sendMessage: { by: User },
      ban: { by: Admin, input: z.object({ userId: UserId }) },
      modLog: { by: Admin },
    },
    events: { modLog: { by: Admin } },
    queues: { jobs: { by: User } },
  },

  // Parties are settled by now; here is what they may do. What is not named is denied.
  canInvoke: (c, invoke) => {
    if (invoke.kind === "action" && invoke.name === "history") return true;
    if (invoke.kind === "subscribe" && invoke.name === "messages") return true;
    if (invoke.kind === "subscribe" && invoke.name === "removed") return true;
    if (invoke.kind === "request") return invoke.method === "GET";
    if (invoke.kind === "websocket") return true;

    if (c.caller.party === "Visitor" || c.state.banned.includes(c.caller.identity)) return false;
    if (invoke.kind === "action" && invoke.name === "sendMessage") return true;
    if (invoke.kind === "queue" && invoke.name === "jobs") return true;

    if (c.caller.party !== "Admin") return false;
    if (invoke.kind === "action" && invoke.name === "ban") return true;
    if (invoke.kind === "action" && invoke.name === "modLog") return true;
    if (invoke.kind === "subscribe" && invoke.name === "modLog") return true;
    return false;
  },

  actions: {
    history: (c) => c.state.messages,

    sendMessage: (c, text: unknown) => {
      if (typeof text !== "string" || text.trim() === "") throw new UserError("Write something.", { code: "empty" });
      if (text.length > MAX_TEXT) throw new UserError(`At most ${MAX_TEXT} characters.`, { code: "too_long" });
      const message: Message = { id: c.state.nextId++, author: c.caller.identity, text, at: Date.now() };
      c.state.messages.push(message);
      if (c.state.messages.length > MAX_MESSAGES) c.state.messages.splice(0, c.state.messages.length - MAX_MESSAGES);
      c.broadcast("messages", message);
      return message;
    },

    ban: (c, { userId }) => {
      if (userId === c.caller.identity) throw new UserError("That is you.", { code: "self" });
      if (!c.state.banned.includes(userId)) c.state.banned.push(userId);
      note(c, `${c.caller.identity} banned ${userId}`);
      return c.state.banned.length;
    },

    modLog: (c) => c.state.log,
  },

  // A job is done together with what it changed: it is completed in the same commit, also when the process is killed.
  run: async (c) => {
    for await (const job of c.queue.iter({ names: ["jobs"], completable: true })) {
      const { messageId } = job.body;
      const message = c.state.messages.find(({ id }) => id === messageId);
      const word = message === undefined ? null : findBlockedWord(message.text);
      if (message !== undefined && word !== null) {
        c.state.messages.splice(c.state.messages.indexOf(message), 1);
        c.broadcast("removed", { id: messageId });
        note(c, `removed ${messageId} of ${message.author}: “${word}”`);
      } else {
        note(c, `kept ${messageId}, reported by ${String(job.caller?.identity)}`);
      }
      await job.complete();
    }
  },

  /** GET …/request/status */
  onRequest: (c, request) => {
    if (new URL(request.url).pathname !== "/status") return new Response("Not here", { status: 404 });
    return Response.json({ room: c.key.join("/"), messages: c.state.messages.length, connections: c.conns.size });
  },

  /** …/websocket/echo: says back what it hears. */
  onWebSocket: (_c, socket) => {
    socket.addEventListener("message", ({ data }) => socket.send(data));
  },
});

/** What moderators see, and nobody else. */
function note(
  c: { readonly state: { readonly log: LogEntry[] }; broadcast(name: "modLog", entry: LogEntry): void },
  text: string,
): void {
  const entry: LogEntry = { at: Date.now(), text };
  c.state.log.push(entry);
  if (c.state.log.length > MAX_LOG) c.state.log.splice(0, c.state.log.length - MAX_LOG);
  c.broadcast("modLog", entry);
}
