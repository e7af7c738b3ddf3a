/** Calls actors one after the other, each by its own key, so that each is created and stays in memory. */
import type { Side } from "../harness/child.ts";

interface Touching {
  readonly first: number;
  readonly count: number;
}

const WIDTH = 32;

export async function open({ url, token }: { readonly url: string; readonly token: string }): Promise<Side> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const touch = async (index: number): Promise<void> => {
    const answer = await fetch(`${url}/actors/bench/k${index}/actions/echo`, {
      method: "POST",
      headers,
      body: '["x"]',
    });
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  return {
    commands: {
      touch: async (argument) => {
        const { first, count } = argument as Touching;
        let next = first;
        const worker = async (): Promise<void> => {
          while (next < first + count) await touch(next++);
        };
        await Promise.all(Array.from({ length: WIDTH }, worker));
      },
    },
  };
}
