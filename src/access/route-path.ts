/** Owns the path a route is called under: a value in place of its parameters, the rest encoded as a request carries it. */

/** A parameter is a whole segment (`/users/:id`); `*` and a colon within one are text. */
const PARAMETER = /^:[A-Za-z_]\w*$/;

/** `"GET /users/:id"` with `value` as `/users/value`. What is encoded in the route stays as it is. */
export function pathOfRoute(route: string, value: string): string {
  const path = route.slice(route.indexOf(" ") + 1);
  return path
    .split("/")
    .map((segment) => (PARAMETER.test(segment) ? encodeURIComponent(value) : encoded(segment)))
    .join("/");
}

function encoded(text: string): string {
  return text.replace(/[^!-~]+/gu, encodeURIComponent);
}
