import { actor } from "byward";

export const chatRoom = actor({
  canInvoke: (c, invoke) => {
    // Example: block a specific connection.
    if (c.conn.id === "blocked-conn-id") {
      return false;
    }

    if (invoke.kind === "action" && invoke.name === "sendMessage") {
      return true;
    }

    if (invoke.kind === "queue" && invoke.name === "jobs") {
      return true;
    }

    if (invoke.kind === "subscribe" && invoke.name === "messages") {
      return true;
    }

    if (invoke.kind === "request") {
      return true;
    }

    if (invoke.kind === "websocket") {
      return true;
    }

    return false;
  },
  actions: {
    sendMessage: () => {},
  },
});
