/** Owns the sides more than one bench compares. Every one answers the same call: "hello world" goes in and comes back. */
import type { SidePlan } from "./compare.ts";

const body = '["hello world"]';
const expected = '"hello world"';
const CONNECTIONS = 16;

export const bywardSocket = (token: string): SidePlan => ({
  label: "Byward",
  server: "servers/byward.ts",
  load: "loads/byward-socket.ts",
  loadOptions: { token },
});

export const bywardHttp = (token: string): SidePlan => ({
  label: "Byward",
  server: "servers/byward.ts",
  load: "loads/http.ts",
  loadOptions: {
    path: "/actors/bench/one/actions/echo",
    headers: { authorization: `Bearer ${token}` },
    body,
    expected,
    connections: CONNECTIONS,
  },
});

export const wsEcho: SidePlan = {
  label: "ws, one frame a message",
  server: "servers/ws-echo.ts",
  load: "loads/ws-echo.ts",
  loadOptions: {},
};

export const nodeHttp = (token: string): SidePlan => ({
  label: "node:http",
  server: "servers/node-http.ts",
  load: "loads/http.ts",
  loadOptions: { path: "/", headers: { authorization: `Bearer ${token}` }, body, expected, connections: CONNECTIONS },
});

export const peerSocket = (label: string, name: string, token: string): SidePlan => ({
  label,
  server: `peers/${name}-server.mjs`,
  load: `peers/${name === "rivetkit" ? "rivetkit-socket" : name}-load.mjs`,
  loadOptions: { token },
});

export const peerHttp = (label: string, name: string, token: string): SidePlan => ({
  label,
  server: `peers/${name}-server.mjs`,
  load: "loads/http.ts",
  loadOptions: {
    path: "/echo",
    headers: { authorization: `Bearer ${token}` },
    body,
    expected,
    connections: CONNECTIONS,
  },
});
