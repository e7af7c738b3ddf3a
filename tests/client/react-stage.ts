/** Owns just enough of a document for React to run components that render nothing: hooks, effects, StrictMode. */
import { createElement, type FunctionComponent, StrictMode } from "react";
import { onTestFinished } from "vitest";

class StageNode extends EventTarget {
  nodeType = 1;
  nodeName = "DIV";
  tagName = "DIV";
  namespaceURI = "http://www.w3.org/1999/xhtml";
  textContent = "";
  style = {};
  firstChild = null;
  lastChild = null;
  activeElement = null;
  get ownerDocument(): StageNode {
    return stage;
  }
  get documentElement(): StageNode {
    return this;
  }
  get defaultView(): typeof globalThis {
    return globalThis;
  }
  setAttribute(): void {}
  createElement(): StageNode {
    return new StageNode();
  }
}

const stage = new StageNode();
stage.nodeType = 9;
Object.assign(globalThis, { document: stage, window: globalThis, HTMLIFrameElement: class {} });

// After the globals: React looks for a document when it is loaded.
const { createRoot } = await import("react-dom/client");

export interface Stage<Props> {
  /** Renders, and again with other props. */
  render(props: Props): void;
  unmount(): void;
}

/** A root for one component, under StrictMode, unmounted when the test ends. */
export const mount = <Props extends object>(component: FunctionComponent<Props>, props: Props): Stage<Props> => {
  // It stands in for an element; React touches no more of it than it has.
  const root = createRoot(new StageNode() as unknown as Element);
  onTestFinished(() => root.unmount());
  const render = (next: Props): void => root.render(createElement(StrictMode, null, createElement(component, next)));
  render(props);
  return { render, unmount: () => root.unmount() };
};
