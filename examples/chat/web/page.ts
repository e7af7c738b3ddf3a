/** The chat page. Each tab has a session of its own, so two tabs are two people. */
import { type ActorError, createClient } from "byward/client";
import type { registry } from "../registry.ts";
import type { LogEntry, Message } from "../room.ts";
import { element, renderLogEntry, renderMessage } from "./view.ts";

interface Session {
  readonly name: string;
  readonly admin: boolean;
}

const SESSION = "chat-session";
const room = decodeURIComponent(location.hash.slice(1)) || "lobby";
let session: Session | null = JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
let token: string | null = null;

element("room").textContent = room;
document.title = `#${room}`;

/** Asked before every connection and renewal; a visitor has none. */
async function currentToken(fresh: boolean): Promise<string | null> {
  if (session === null) return null;
  if (token !== null && !fresh) return token;
  const response = await fetch("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(session),
  });
  if (!response.ok) throw new Error("Sign-in failed");
  token = ((await response.json()) as { token: string }).token;
  return token;
}

const client = createClient<typeof registry>(location.origin, { token: ({ fresh }) => currentToken(fresh) });
type Room = ReturnType<ReturnType<typeof client.chatRoom.getOrCreate>["connect"]>;
let connection = open();

function open(): Room {
  const opened = client.chatRoom.getOrCreate(room).connect();
  const status = element("status");
  opened.onStatusChange((now) => {
    status.textContent = now;
    status.dataset["state"] = now;
  });
  opened.onError(refuse);
  opened.onOpen(() => void refresh(opened));
  opened.on("messages", (message) => show(message));
  opened.on("removed", ({ id }) => document.getElementById(`message-${id}`)?.remove());
  if (session?.admin === true) opened.on("modLog", (entry) => log(entry));
  return opened;
}

/** Events that were missed while the link was down are missed; so everything is read again when it stands. */
async function refresh(opened: Room): Promise<void> {
  try {
    const messages = await opened.history();
    element("messages").replaceChildren();
    for (const message of messages) show(message);
    toggleEmpty();
    if (session?.admin !== true) return;
    const entries = await opened.modLog();
    element("log").replaceChildren();
    for (const entry of entries) log(entry);
  } catch (error) {
    refuse(error);
  }
}

function show(message: Message): void {
  if (document.getElementById(`message-${message.id}`) !== null) return;
  const list = element("messages");
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(renderMessage(message, session, { report: () => report(message), ban: () => ban(message) }));
  toggleEmpty();
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
}

function log(entry: LogEntry): void {
  element("log").prepend(renderLogEntry(entry));
}

function toggleEmpty(): void {
  element("empty").hidden = element("messages").childElementCount > 0;
}

const report = (message: Message): Promise<void> =>
  attempt(() => connection.send("jobs", { kind: "report", messageId: message.id }), `Reported ${message.author}.`);

const ban = (message: Message): Promise<void> =>
  attempt(() => connection.ban({ userId: message.author }), `Banned ${message.author}.`);

async function attempt(task: () => Promise<unknown>, done = ""): Promise<void> {
  try {
    await task();
    notify(done);
  } catch (error) {
    refuse(error);
  }
}

function notify(text: string, kind: "done" | "refused" = "done"): void {
  const notice = element("notice");
  notice.textContent = text;
  notice.dataset["kind"] = kind;
}

function refuse(error: unknown): void {
  notify(describe(error as Partial<ActorError>), "refused");
}

/** What a refusal says to this person; anything else is shown as it came. */
function describe({ group, code, message }: Partial<ActorError>): string {
  if (group === "auth" && code === "forbidden") return "You may not do that here.";
  if (group === "auth") return "Your session has ended. Join again.";
  return message ?? "That did not work.";
}

async function enter(next: Session | null): Promise<void> {
  session = next;
  token = null;
  if (next === null) sessionStorage.removeItem(SESSION);
  else sessionStorage.setItem(SESSION, JSON.stringify(next));
  reflectSession();
  // A connection keeps the caller it was opened by: another person gets another one.
  await connection.dispose();
  connection = open();
}

function reflectSession(): void {
  const isUser = session !== null;
  element("session").hidden = isUser;
  element("who").hidden = !isUser;
  element("me").textContent = session === null ? "" : `${session.name}${session.admin ? ", moderator" : ""}`;
  element("moderation").hidden = session?.admin !== true;
  element("log").replaceChildren();
  const text = element("text", HTMLInputElement);
  text.disabled = !isUser;
  text.placeholder = isUser ? `Message #${room}` : "Join to write";
  element("send", HTMLButtonElement).disabled = !isUser;
  notify("");
}

element("session").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = element("name", HTMLInputElement).value;
  const admin = element("admin", HTMLInputElement).checked;
  void enter({ name, admin }).then(() => element("text").focus());
});
element("leave").addEventListener("click", () => void enter(null).then(() => element("name").focus()));
element("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text", HTMLInputElement);
  if (text.value.trim() === "") return;
  void attempt(async () => {
    await connection.sendMessage(text.value);
    text.value = "";
  });
});
addEventListener("hashchange", () => location.reload());
reflectSession();
