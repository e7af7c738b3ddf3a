/**
 * Dependencies between things, without recursion: programs may nest them deeper than the stack.
 *
 * I1. Linear in nodes and edges, and deterministic for a given order of nodes and edges.
 */

export interface Graph<Node> {
  readonly nodes: Iterable<Node>;
  /** What a node rests on. Nodes that `nodes` does not list are followed too. */
  readonly next: (node: Node) => readonly Node[];
}

interface Visit<Node> {
  readonly node: Node;
  readonly targets: readonly Node[];
  /** Index of the target to look at next. */
  at: number;
}

interface Marks<Node> {
  readonly order: Map<Node, number>;
  readonly low: Map<Node, number>;
  readonly waiting: Node[];
  readonly isWaiting: Set<Node>;
  readonly components: Node[][];
}

/**
 * Groups of nodes that rest on each other in a circle, everything else alone (Tarjan's algorithm). A group stands
 * behind the groups it rests on.
 */
export function findComponents<Node>(graph: Graph<Node>): readonly (readonly Node[])[] {
  const marks: Marks<Node> = { order: new Map(), low: new Map(), waiting: [], isWaiting: new Set(), components: [] };
  for (const root of graph.nodes) {
    if (marks.order.has(root)) continue;
    const path = [enter(graph, marks, root)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const target = visit.targets[visit.at];
      visit.at += 1;
      if (target === undefined) {
        path.pop();
        leave(marks, visit.node, path.at(-1)?.node);
      } else if (!marks.order.has(target)) path.push(enter(graph, marks, target));
      else if (marks.isWaiting.has(target)) lower(marks, visit.node, marks.order.get(target) ?? 0);
    }
  }
  return marks.components;
}

function enter<Node>(graph: Graph<Node>, marks: Marks<Node>, node: Node): Visit<Node> {
  const index = marks.order.size;
  marks.order.set(node, index);
  marks.low.set(node, index);
  marks.waiting.push(node);
  marks.isWaiting.add(node);
  return { node, targets: graph.next(node), at: 0 };
}

function lower<Node>(marks: Marks<Node>, node: Node, index: number): void {
  marks.low.set(node, Math.min(marks.low.get(node) ?? index, index));
}

/** Closes the group that `node` began, if it began one. */
function leave<Node>(marks: Marks<Node>, node: Node, before: Node | undefined): void {
  const low = marks.low.get(node) ?? 0;
  if (before !== undefined) lower(marks, before, low);
  if (low !== marks.order.get(node)) return;
  const component = marks.waiting.splice(marks.waiting.lastIndexOf(node));
  for (const member of component) marks.isWaiting.delete(member);
  marks.components.push(component);
}

/** Whether the members of a group rest on each other; a node alone may rest on itself. */
export function isCircle<Node>(component: readonly Node[], next: (node: Node) => readonly Node[]): boolean {
  const [first] = component;
  return component.length > 1 || (first !== undefined && next(first).includes(first));
}

/** A shortest way from `start` back to itself, without the repeated end; undefined when there is none. */
export function findCycle<Node>(start: Node, next: (node: Node) => readonly Node[]): readonly Node[] | undefined {
  const cameFrom = new Map<Node, Node | undefined>([[start, undefined]]);
  for (const node of cameFrom.keys()) {
    for (const target of next(node)) {
      if (target === start) return wayTo(node, cameFrom);
      if (!cameFrom.has(target)) cameFrom.set(target, node);
    }
  }
  return undefined;
}

function wayTo<Node>(end: Node, cameFrom: ReadonlyMap<Node, Node | undefined>): readonly Node[] {
  const way: Node[] = [];
  for (let at: Node | undefined = end; at !== undefined; at = cameFrom.get(at)) way.push(at);
  return way.reverse();
}
