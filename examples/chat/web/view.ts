/** What the page shows, built from nodes: text of other people never becomes markup. */
import type { LogEntry, Message } from "../room.ts";

/** The page's element with this id. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string, kind?: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`The page has no such element: ${id}`);
  return found as Kind;
}

/** A message, with what this person may do about it. */
export function renderMessage(
  message: Message,
  viewer: { readonly name: string; readonly admin: boolean } | null,
  act: { report(): void; ban(): void },
): HTMLElement {
  const item = document.createElement("li");
  item.id = `message-${message.id}`;
  if (message.author === viewer?.name) item.className = "own";
  item.append(make("b", message.author), timeOf(message.at), make("p", message.text));
  if (viewer === null || message.author === viewer.name) return item;
  const actions = document.createElement("span");
  actions.append(button("Report", `Report ${message.author}`, act.report));
  if (viewer.admin) actions.append(button("Ban", `Ban ${message.author}`, act.ban));
  item.append(actions);
  return item;
}

export function renderLogEntry(entry: LogEntry): HTMLElement {
  const item = document.createElement("li");
  item.append(timeOf(entry.at), make("span", entry.text));
  return item;
}

function make(tag: string, text: string): HTMLElement {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function timeOf(at: number): HTMLElement {
  const node = document.createElement("time");
  const date = new Date(at);
  node.dateTime = date.toISOString();
  node.textContent = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return node;
}

function button(text: string, label: string, onClick: () => void): HTMLElement {
  const node = make("button", text);
  node.setAttribute("type", "button");
  node.setAttribute("aria-label", label);
  node.addEventListener("click", onClick);
  return node;
}
