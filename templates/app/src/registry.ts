import { actor, anyOf, bearer, event, party, setup, Visitor } from "byward";

/** Who may call: users prove themselves with a token signed with the secret in AUTH_JWT_SECRET. */
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

export interface Note {
  readonly author: string;
  readonly text: string;
}

/** A board that everybody reads and users write on. Each key is a board of its own. */
export const board = actor({
  by: anyOf(User, Visitor),
  state: { notes: [] as Note[] },
  events: { added: event<Note>() },
  guards: { actions: { add: { by: User } } },
  canInvoke: (_c, invoke) => {
    if (invoke.kind === "action" && invoke.name === "list") return true;
    if (invoke.kind === "action" && invoke.name === "add") return true; // its party is already User
    if (invoke.kind === "subscribe" && invoke.name === "added") return true;
    return false;
  },
  actions: {
    list: (c) => c.state.notes,
    add: (c, text: string) => {
      const note: Note = { author: c.caller.identity, text };
      c.state.notes.push(note);
      c.broadcast("added", note);
      return c.state.notes.length;
    },
  },
});

export const registry = setup({ use: { board } });
