/** RivetKit's HTTP action, requests written by hand as for the others; only the actor's id is asked for by its client. */
import { createClient } from "rivetkit/client";
import { open as openHttp } from "../loads/http.ts";

export async function open({ url, token }) {
  const params = { token };
  const id = await createClient({ endpoint: url, encoding: "json" }).bench.getOrCreate("one", { params }).resolve();
  return openHttp({
    url,
    path: `/gateway/${id}/action/echo`,
    headers: { "x-rivet-encoding": "json", "x-rivet-conn-params": JSON.stringify(params) },
    body: '{"args":["hello world"]}',
    expected: '"hello world"',
    connections: 16,
  });
}
