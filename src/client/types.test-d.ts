/** Compile-only: what the client's types allow, and what they must not. */
import { type ActorConn, type ActorError, type ActorHandle, createClient } from "./index.ts";

interface EventToken<Payload> {
  readonly type: "event";
  readonly "~payload"?: Payload;
}
interface QueueToken<Message, Reply> {
  readonly type: "queue";
  readonly "~message"?: Message;
  readonly "~reply"?: Reply;
}
interface Context {
  readonly state: { readonly count: number };
}
interface ChatRoom {
  readonly "~types"?: {
    readonly actions: {
      readonly sendMessage: (c: Context, text: string, at?: Date) => void;
      readonly history: (c: Context) => Promise<readonly { text: string }[]>;
      readonly count: () => number;
      readonly send: (c: Context) => string;
      readonly search: (c: Context, query: { q: string }, ...rest: unknown[]) => Promise<string[]>;
    };
    readonly events: {
      readonly message: EventToken<{ text: string }>;
      readonly moved: EventToken<[x: number, y: number]>;
      readonly list: EventToken<string[]>;
    };
    readonly queues: {
      readonly jobs: QueueToken<{ n: number }, string>;
      readonly both: { readonly message: QueueToken<number, unknown>; readonly complete: QueueToken<boolean, unknown> };
    };
    readonly params: { readonly token: string };
    readonly input: { readonly size: number };
    readonly connState: unknown;
  };
}
interface Open {
  readonly "~types"?: {
    readonly actions: Record<never, never>;
    readonly events: Record<never, never>;
    readonly queues: Record<never, never>;
    readonly params: unknown;
    readonly input: unknown;
    readonly connState: unknown;
  };
}
interface Registry {
  readonly "~actors"?: { readonly chatRoom: ChatRoom; readonly open: Open };
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(_: Same<A, B>): void => {};

const client = createClient<Registry>("http://localhost");

export const handles = async (): Promise<void> => {
  const room = client.chatRoom.getOrCreate(["a", "b"], { params: { token: "t" }, createWithInput: { size: 3 } });
  is<typeof room, ActorHandle<ChatRoom>>(true);
  is<Awaited<typeof room>, ActorHandle<ChatRoom>>(true);
  const sent = await room.sendMessage("hi", new Date());
  is<typeof sent, void>(true);
  const history = await room.history();
  is<typeof history, readonly { text: string }[]>(true);
  const count = await room.count();
  is<typeof count, number>(true);
  const found = await room.search({ q: "x" }, 1, 2);
  is<typeof found, string[]>(true);
  const hidden = await room.action({ name: "send" });
  is<typeof hidden, string>(true);
  await room.action({ name: "sendMessage", args: ["hi"], signal: new AbortController().signal });

  // @ts-expect-error no such actor
  client.chatroom;
  // @ts-expect-error no such action
  await room.sendMesage("hi");
  // @ts-expect-error of another type
  await room.sendMessage(5);
  // @ts-expect-error too few
  await room.sendMessage();
  // @ts-expect-error too many
  await room.history(1);
  // @ts-expect-error no such action
  await room.action({ name: "nope" });
  // @ts-expect-error arguments of another action
  await room.action({ name: "sendMessage", args: [{ q: "x" }] });
  // @ts-expect-error members of handles are not those of connections
  room.on("message", () => {});
  // @ts-expect-error the actor's parameters
  client.chatRoom.get("a", { params: { token: 5 } });
  // @ts-expect-error the actor's input
  client.chatRoom.getOrCreate("a", { createWithInput: {} });
  // @ts-expect-error create takes input, not createWithInput
  await client.chatRoom.create("a", { createWithInput: { size: 1 } });
  // @ts-expect-error a key is text
  client.chatRoom.get(5);

  const created = await client.chatRoom.create("a", { input: { size: 1 } });
  is<typeof created, ActorHandle<ChatRoom>>(true);
};

export const queues = async (room: ActorHandle<ChatRoom>): Promise<void> => {
  const none = await room.send("jobs", { n: 1 });
  is<typeof none, void>(true);
  const receipt = await room.send("jobs", { n: 1 }, { wait: true, timeout: 5, id: "x" });
  if (receipt.status === "completed") is<typeof receipt.response, string | undefined>(true);
  else is<typeof receipt.status, "timedOut">(true);
  const both = await room.send("both", 5, { wait: true });
  is<typeof both.response, boolean | undefined>(true);
  // @ts-expect-error no such queue
  await room.send("job", { n: 1 });
  // @ts-expect-error of another type
  await room.send("jobs", { n: "1" });
};

export const events = async (conn: ActorConn<ChatRoom>): Promise<void> => {
  conn.on("message", (message) => is<typeof message, { text: string }>(true));
  conn.once("moved", (x, y) => is<[typeof x, typeof y], [number, number]>(true));
  conn.on("list", (list) => is<typeof list, string[]>(true), {
    onDenied: (error) => is<typeof error, ActorError>(true),
  });
  conn.on("message", () => {});
  await conn.sendMessage("hi");
  // @ts-expect-error no such event
  conn.on("messages", () => {});
  // @ts-expect-error of another type
  conn.on("message", (message: number) => message);
  // @ts-expect-error more arguments than the event has
  conn.on("message", (_message, _more) => {});
  for await (const [x, y] of client.chatRoom.get("a").$events("moved"))
    is<[typeof x, typeof y], [number, number]>(true);
};

export const byName = async (): Promise<void> => {
  const room = client.getOrCreate("chatRoom", "a", { createWithInput: { size: 1 } });
  is<typeof room, ActorHandle<ChatRoom>>(true);
  // @ts-expect-error no such actor
  client.get("chatroom", "a");
  // @ts-expect-error the actor's input
  client.getOrCreate("chatRoom", "a", { createWithInput: { size: "1" } });
};

export const openNames = async (): Promise<void> => {
  const open = client.open.get();
  const conn = open.connect();
  conn.on("anything", (...args) => is<typeof args, unknown[]>(true));
  await open.send("anything", 1);
  // @ts-expect-error actions are never open: this one has none
  await open.anything();
};

export const untyped = async (): Promise<void> => {
  const loose = createClient("http://localhost");
  const room = await loose["room"]!.getOrCreate("a", { params: 1, createWithInput: 2 });
  const output = await room["anything"]!(1, "two");
  is<typeof output, unknown>(true);
  is<typeof room.$name, string>(true);
  const conn = room.connect();
  conn.on("news", (...args) => is<typeof args, unknown[]>(true));
  is<typeof conn.isConnected, boolean>(true);
  await conn["anything"]!();
  const created = await loose.create("room", "a");
  await created["anything"]!();
  // @ts-expect-error a result is unknown until it is checked
  output.text;
};

// @ts-expect-error not an encoding
createClient("http://localhost", { encoding: "bare" });
// @ts-expect-error a token is text
createClient("http://localhost", { token: () => 5 });
createClient({ endpoint: "http://localhost", token: async ({ fresh }) => (fresh ? "new" : null) });
