/** Owns the cases of what crosses the wire: order, encodings, raw bytes, sizes. */
import { assertEqual, assertRefused } from "./assert.ts";
import type { CaseDefinition } from "./suite.ts";

const VALUE = { text: "ü", list: [1, null, true], nested: { deep: [{}] } };

export const transportCases: readonly CaseDefinition[] = [
  {
    name: "calls of one connection start, and events arrive, in order",
    run: async ({ as, until }) => {
      const handle = as("ada").subject.getOrCreate("a");
      const connection = handle.connect();
      const heard: string[] = [];
      connection.on("said", (word) => void heard.push(word));
      const words = Array.from({ length: 50 }, (_, index) => `w${index}`);
      const answers = await Promise.all(words.map((word) => connection.say(word)));
      assertEqual(
        answers,
        words.map((_, index) => index + 1),
        "the answers",
      );
      await until(() => heard.length === words.length, "all events came");
      assertEqual(heard, words, "the events");
    },
  },
  {
    name: "a subscriber hears only what it may",
    run: async ({ as, until }) => {
      const [user, admin] = [as("ada"), as("root", { admin: true })].map((client) =>
        client.subject.getOrCreate("a").connect(),
      );
      const heard: string[] = [];
      let denied = "";
      user!.on("secret", () => void heard.push("user"), {
        onDenied: ({ code }) => {
          denied = code;
        },
      });
      admin!.on("secret", () => void heard.push("admin"));
      await admin!.open();
      await until(() => denied !== "", "the user was denied");
      await user!.say("word");
      await until(() => heard.length > 0, "the admin heard it");
      assertEqual(heard, ["admin"], "who heard it");
    },
  },
  ...(["json", "cbor"] as const).map(
    (encoding): CaseDefinition => ({
      name: `values come back as they went in ${encoding}, over both transports`,
      run: async ({ host, token }) => {
        const client = host.createClient({ token: () => token("ada"), encoding });
        const handle = client.getOrCreate("subject", "a");
        const connection = handle.connect();
        for (const echo of [handle, connection]) {
          assertEqual(await echo.action({ name: "echo", args: [VALUE] }), VALUE, "a plain value");
          const bytes = (await echo.action({ name: "echo", args: [new Uint8Array([0, 255])] })) as Uint8Array;
          assertEqual([...bytes], [0, 255], "bytes");
          const date = (await echo.action({ name: "echo", args: [new Date(5)] })) as Date;
          assertEqual(date.getTime(), 5, "a date");
          assertEqual(String(await echo.action({ name: "echo", args: [2n ** 70n] })), String(2n ** 70n), "a bigint");
          const map = (await echo.action({ name: "echo", args: [new Map([["a", new Set([1])]])] })) as Map<
            string,
            Set<number>
          >;
          assertEqual([...map.get("a")!], [1], "a map of sets");
        }
        await client.dispose();
      },
    }),
  ),
  {
    name: "a raw request keeps its bytes, and a response streams",
    run: async ({ as }) => {
      const handle = as("ada").subject.getOrCreate("a");
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const response = await handle.fetch("/deep/path?x=1", { method: "PUT", body: bytes });
      assertEqual([...new Uint8Array(await response.arrayBuffer())], [...bytes], "the body");
      assertEqual(response.headers.get("x-path"), "/deep/path", "the path the handler saw");
      assertEqual(await (await handle.fetch("/stream")).text(), "onetwothree", "a streamed body");
    },
  },
  {
    name: "a raw socket keeps binary and text frames, and its subprotocol",
    run: async ({ as }) => {
      const socket = await as("ada").subject.getOrCreate("a").webSocket("/", ["chat"]);
      socket.binaryType = "arraybuffer";
      const frames: unknown[] = [];
      const all = new Promise<void>((resolve, reject) => {
        socket.onmessage = ({ data }: MessageEvent) => {
          frames.push(typeof data === "string" ? data : [...new Uint8Array(data as ArrayBuffer)]);
          if (frames.length === 2) resolve();
        };
        socket.onclose = () => reject(new Error("The socket closed"));
      });
      socket.send(new Uint8Array([1, 2, 250]));
      socket.send("text");
      await all;
      assertEqual(frames, [[1, 2, 250], "text"], "the frames");
      assertEqual(socket.protocol, "chat", "the subprotocol");
      socket.onclose = null;
      socket.close();
    },
  },
  {
    name: "what is too long is refused, both ways",
    run: async ({ as }) => {
      const handle = as("ada").subject.getOrCreate("a");
      await assertRefused(handle.echo("x".repeat(10_001)), "message/incoming_too_long", "a long argument");
      await assertRefused(handle.long(20_001), "message/outgoing_too_long", "a long answer");
      await assertRefused(handle.connect().long(20_001), "message/outgoing_too_long", "a long answer on a connection");
    },
  },
];
