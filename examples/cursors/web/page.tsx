/** The page: a board by pointer or keyboard, on one shared connection. */
import { createByward } from "byward/react";
import {
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useMemo,
  useReducer,
  useState,
} from "react";
import { createRoot } from "react-dom/client";
import type { Cursor, Pin, Point } from "../board.ts";
import { sendLatest } from "./latest.ts";
import { hueOf, NOBODY, update } from "./people.ts";
import { client, name } from "./session.ts";

const { useActor } = createByward(client);
const STEP = 0.02;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

function Board({ id }: { readonly id: string }) {
  const board = useActor({ name: "board", key: id });
  const { connection, connStatus } = board;
  const [people, tell] = useReducer(update, NOBODY);
  const [own, setOwn] = useState<Point | null>(null);
  board.useEvent("moved", (cursor) => {
    if (cursor.id !== connection?.connId) tell({ kind: "moved", cursor });
  });
  board.useEvent("left", ({ id }) => tell({ kind: "left", id }));
  board.useEvent("pinned", (pin) => tell({ kind: "pinned", pin }));
  board.useEvent("cleared", () => tell({ kind: "cleared" }));

  // What happened while the link was down was missed, so everything is read again when it stands.
  useEffect(() => {
    if (connection === null || connStatus !== "connected") return;
    connection.look().then(
      ({ cursors, pins }) => tell({ kind: "all", cursors, pins }),
      () => {},
    );
  }, [connection, connStatus]);

  const move = useMemo(() => sendLatest((at: Point) => connection?.move(at) ?? Promise.resolve()), [connection]);
  const pin = (at: Point): void => {
    connection?.pin(at).catch(() => {});
  };
  const byKey = (event: KeyboardEvent<HTMLElement>): void => {
    const arrow = ARROWS[event.key];
    const from = own ?? { x: 0.5, y: 0.5 };
    if (event.key === "Enter") pin(from);
    if (arrow === undefined) return;
    event.preventDefault();
    const at = { x: within(from.x + arrow[0]), y: within(from.y + arrow[1]) };
    setOwn(at);
    move(at);
  };
  const byPointer = (event: PointerEvent<HTMLElement>): void => {
    setOwn(null);
    move(pointOf(event));
  };

  return (
    <>
      <header>
        <h1>#{id}</h1>
        <p id="status" role="status" data-state={connStatus}>
          {connStatus}
        </p>
        <p id="count">{people.cursors.length === 1 ? "1 other here" : `${people.cursors.length} others here`}</p>
        <p id="me" style={hueStyle(name)}>
          {name}
        </p>
        <button type="button" disabled={!board.isConnected} onClick={() => void connection?.clear().catch(() => {})}>
          Clear
        </button>
      </header>
      <main
        id="board"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is worked by keyboard: arrows point, Enter pins
        tabIndex={0}
        aria-label="Board: arrow keys point, Enter leaves a pin"
        onKeyDown={byKey}
        onPointerMove={byPointer}
        onClick={(event) => pin(pointOf(event))}
      >
        {people.pins.map((pin) => (
          <PinMark key={pin.id} pin={pin} />
        ))}
        {people.cursors.map((cursor) => (
          <Pointer key={cursor.id} cursor={cursor} />
        ))}
        {own === null ? null : <span className="own" style={{ ...place(own), ...hueStyle(name) }} />}
      </main>
      <p id="notice" role="alert">
        {board.error === null ? "" : `${board.error.message} (${board.error.group}/${board.error.code})`}
      </p>
    </>
  );
}

function Pointer({ cursor }: { readonly cursor: Cursor }) {
  return (
    <span className={cursor.x > 0.75 ? "cursor flip" : "cursor"} style={{ ...place(cursor), ...hueStyle(cursor.name) }}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M1 1l5 14 2.5-6L15 6z" />
      </svg>
      <b>{cursor.name}</b>
    </span>
  );
}

function PinMark({ pin }: { readonly pin: Pin }) {
  return <span className="pin" title={pin.name} style={{ ...place(pin), ...hueStyle(pin.name) }} />;
}

const within = (part: number): number => Math.min(1, Math.max(0, part));
const place = ({ x, y }: Point): CSSProperties => ({ left: `${x * 100}%`, top: `${y * 100}%` });
const hueStyle = (of: string): CSSProperties => ({ "--hue": hueOf(of) }) as CSSProperties;

function pointOf(event: {
  readonly currentTarget: HTMLElement;
  readonly clientX: number;
  readonly clientY: number;
}): Point {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: within((event.clientX - box.left) / box.width), y: within((event.clientY - box.top) / box.height) };
}

const id = decodeURIComponent(location.hash.slice(1)) || "lobby";
document.title = `#${id}`;
addEventListener("hashchange", () => location.reload());
createRoot(document.getElementById("root")!).render(<Board id={id} />);
