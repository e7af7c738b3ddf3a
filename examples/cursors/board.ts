/**
 * A board on which everybody sees where the others point. Where somebody points is of the moment: it lives with their
 * connection and is gone with it. Pins stay: they are state.
 */
import { actor, bearer, event, party } from "byward";
import { z } from "zod";

/** Somebody who was given a name at the door, in a token signed with the secret in AUTH_JWT_SECRET. */
export const Guest = party("Guest", {
  auth: bearer({ secret: "AUTH_JWT_SECRET", audience: "cursors" }),
  identity: z.string().min(1).max(40),
});

/** Parts of the board's width and height, from 0 to 1. */
const Point = z.object({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });
export type Point = z.infer<typeof Point>;

export interface Cursor extends Point {
  readonly id: string;
  readonly name: string;
}
export interface Pin extends Point {
  readonly id: number;
  readonly name: string;
}

const MAX_PINS = 100;

export const board = actor({
  by: Guest,
  state: { pins: [] as Pin[], nextPin: 1 },
  createConnState: (): { at: Point | null } => ({ at: null }),
  events: { moved: event<Cursor>(), left: event<{ id: string }>(), pinned: event<Pin>(), cleared: event<[]>() },
  guards: { actions: { move: { input: Point }, pin: { input: Point } } },
  canInvoke: (_c, invoke) => {
    if (invoke.kind === "action") return ["move", "pin", "clear", "look"].includes(invoke.name);
    return invoke.kind === "subscribe";
  },
  actions: {
    /** What is there now, for those who come. */
    look: (c) => {
      const cursors: Cursor[] = [];
      for (const { id, state, caller } of c.conns.values()) {
        if (state.at !== null && id !== c.conn.id) cursors.push({ id, name: nameOf(caller), ...state.at });
      }
      return { me: c.conn.id, cursors, pins: c.state.pins };
    },
    move: (c, at) => {
      c.conn.state = { at };
      c.broadcast("moved", { id: c.conn.id, name: c.caller.identity, ...at });
    },
    pin: (c, at) => {
      const pin: Pin = { id: c.state.nextPin++, name: c.caller.identity, ...at };
      c.state.pins.push(pin);
      if (c.state.pins.length > MAX_PINS) c.state.pins.shift();
      c.broadcast("pinned", pin);
    },
    clear: (c) => {
      c.state.pins = [];
      c.broadcast("cleared");
    },
  },
  onDisconnect: (c, conn) => c.broadcast("left", { id: conn.id }),
});

/** A connection's caller is a guest: nobody else has one here. */
function nameOf(caller: unknown): string {
  return (caller as { readonly identity: string }).identity;
}
