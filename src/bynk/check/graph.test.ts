import { expect, test } from "vitest";
import { findComponents, findCycle } from "./graph.ts";

const graphOf = (edges: Readonly<Record<string, string>>) => ({
  nodes: Object.keys(edges),
  next: (node: string): readonly string[] => [...(edges[node] ?? "")],
});

test("a group stands behind what it rests on, and a circle is one group", () => {
  const components = findComponents(graphOf({ a: "bd", b: "c", c: "b", d: "", e: "a" }));
  expect(components.map((component) => component.join(""))).toEqual(["bc", "d", "a", "e"]);
});

test("circles inside circles are found whole", () => {
  const components = findComponents(graphOf({ a: "b", b: "ac", c: "d", d: "be", e: "e" }));
  expect(components.map((component) => component.toSorted().join(""))).toEqual(["e", "abcd"]);
});

test("the shortest way back is found, or that there is none", () => {
  const { next } = graphOf({ a: "bc", b: "d", c: "a", d: "a", e: "a" });
  expect(findCycle("a", next)).toEqual(["a", "c"]);
  expect(findCycle("b", next)).toEqual(["b", "d", "a"]);
  expect(findCycle("e", next)).toBeUndefined();
});

test("a chain longer than any stack is followed to its end", () => {
  const length = 200_000;
  const components = findComponents({ nodes: [0], next: (node: number) => (node < length ? [node + 1] : []) });
  expect(components[0]).toEqual([length]);
  expect(components).toHaveLength(length + 1);
});
