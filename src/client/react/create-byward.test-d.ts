/** Compile-only: the hooks are typed by the registry of the client they are made over. */
import { createClient } from "../index.ts";
import { createByward } from "./index.ts";

interface Room {
  readonly "~types"?: {
    readonly actions: { readonly say: (c: unknown, text: string) => number };
    readonly events: { readonly said: { readonly type: "event"; readonly "~payload"?: [who: string, text: string] } };
    readonly queues: Record<never, never>;
    readonly params: { readonly token: string };
    readonly input: unknown;
    readonly connState: unknown;
  };
}
interface Registry {
  readonly "~actors"?: { readonly room: Room };
}

const { useActor, useEvent } = createByward(createClient<Registry>("http://localhost"));

export const Component = (): null => {
  const room = useActor({ name: "room", key: ["a"], params: { token: "t" }, enabled: true });
  const said: Promise<number> | undefined = room.connection?.say("hi");
  room.handle?.say(said === undefined ? "no" : "yes");
  room.useEvent("said", (who: string, text: string) => void (who + text));
  useEvent(room, "said", (who, text) => void (who + text));
  // @ts-expect-error no such actor
  useActor({ name: "rooms" });
  // @ts-expect-error the actor's parameters
  useActor({ name: "room", params: { token: 5 } });
  // @ts-expect-error no such event
  room.useEvent("say", () => {});
  // @ts-expect-error of another type
  useEvent(room, "said", (who: number) => who);
  // @ts-expect-error it may not be there yet
  room.connection.say("hi");
  return null;
};
