import type { RequestBody } from "./spans.ts";

const CONNECTIONS = 4;

/** Sends requests over a few connections, the next when one is answered; throws where one is not taken. */
export async function sendAll(otlpUrl: string, bodies: readonly RequestBody[]): Promise<void> {
  const queue = [...bodies];
  const sendSome = async (): Promise<void> => {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      const { headers, bytes } = body;
      const response = await fetch(`${otlpUrl}/v1/traces`, {
        method: "POST",
        headers,
        body: bytes,
      });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`the server answered ${response.status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sendSome));
}
