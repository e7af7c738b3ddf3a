/** The few functions of React DOM that tests use; its own types are not installed. */
declare module "react-dom/client" {
  export function createRoot(container: Element): {
    render(children: import("react").ReactNode): void;
    unmount(): void;
  };
}
declare module "react-dom/server" {
  export function renderToString(element: import("react").ReactNode): string;
}
