import type { ServerResponse } from "node:http";
import { httpAgentFactoryFromOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import { expect, test } from "vitest";
import { OtlpHttpSender } from "../../src/sdk/otlp-http.ts";
import { findClosedPort, type SinkOptions, startOtlpSink } from "../support/otlp-sink.ts";

type Compression = "none" | "gzip";

const createSender = (
  url: string,
  { timeoutMillis = 10_000, compression = "none" as Compression } = {},
): OtlpHttpSender =>
  new OtlpHttpSender({
    url,
    timeoutMillis,
    // The package's enum is no value of ours.
    compression: compression as ConstructorParameters<typeof OtlpHttpSender>[0]["compression"],
    concurrencyLimit: 30,
    headers: async () => ({ "Content-Type": "application/json" }),
    agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
  });

const body = Buffer.from("{}");

/** Answers requests in turn, the last answer again and again. */
const answers = (
  ...list: readonly [number, Record<string, string>?][]
): Required<SinkOptions>["answer"] => {
  let at = 0;
  return (response: ServerResponse) => {
    const [status, headers] = list[Math.min(at++, list.length - 1)] ?? [500];
    response.writeHead(status, headers).end("answer");
  };
};

test("a request that succeeds gives back the answer's body", async () => {
  await using sink = await startOtlpSink({ answer: answers([200]) });
  const answer = await createSender(`${sink.url}/v1/traces`).send(body);
  expect(Buffer.from(answer).toString()).toBe("answer");
});

test("a host that blocks its thread uses up no request's time", async () => {
  await using sink = await startOtlpSink({ answer: answers([200]) });
  const timeoutMillis = 2000;
  const sent = createSender(`${sink.url}/v1/traces`, { timeoutMillis }).send(body);
  const blockedUntil = performance.now() + timeoutMillis + 100;
  while (performance.now() < blockedUntil) {
    // Nothing else of this process runs.
  }
  await expect(sent).resolves.toHaveLength("answer".length);
});

test.each([429, 502, 503, 504])(
  "status %i is tried again, after the time it names",
  async (status) => {
    await using sink = await startOtlpSink({
      answer: answers([status, { "retry-after": "0" }], [200]),
    });
    await createSender(`${sink.url}/v1/traces`).send(body);
    expect(sink.requests).toHaveLength(2);
  },
);

test.each([400, 401, 403, 404, 408, 413, 500, 501, 301])("status %i is final", async (status) => {
  await using sink = await startOtlpSink({ answer: answers([status]) });
  await expect(createSender(`${sink.url}/v1/traces`).send(body)).rejects.toThrow(`HTTP ${status}`);
  expect(sink.requests).toHaveLength(1);
});

test("no time is waited that is not there: a long Retry-After fails at once", async () => {
  await using sink = await startOtlpSink({ answer: answers([503, { "retry-after": "30" }]) });
  const began = performance.now();
  await expect(createSender(`${sink.url}/v1/traces`).send(body)).rejects.toThrow("HTTP 503");
  // Less than the request has in all.
  expect(performance.now() - began).toBeLessThan(9000);
});

test("a Retry-After may be a date", async () => {
  const past = new Date(0).toUTCString();
  await using sink = await startOtlpSink({
    answer: answers([429, { "retry-after": past }], [200]),
  });
  await createSender(`${sink.url}/v1/traces`).send(body);
  expect(sink.requests).toHaveLength(2);
});

test("a server that never answers is given up after the timeout", async () => {
  await using sink = await startOtlpSink({ answer: () => {} });
  const alive = setTimeout(() => {}, 5000);
  const sender = createSender(`${sink.url}/v1/traces`, { timeoutMillis: 100 });
  await expect(sender.send(body)).rejects.toThrow();
  clearTimeout(alive);
});

test("a kept connection that the server closed is replaced without a wait", async () => {
  let close = true;
  await using sink = await startOtlpSink({
    answer: (response) => {
      if (sink.requests.length === 2 && close) {
        close = false;
        response.socket?.destroy();
      } else response.end();
    },
  });
  const sender = createSender(`${sink.url}/v1/traces`);
  await sender.send(body);
  const began = performance.now();
  await sender.send(body);
  // Less than any wait for the next try.
  expect(performance.now() - began).toBeLessThan(790);
  expect(sink.requests).toHaveLength(3);
});

test("stopping ends a request that hangs, and a wait for the next try, at once", async () => {
  await using hanging = await startOtlpSink({ answer: () => {} });
  const refused = `http://127.0.0.1:${await findClosedPort()}/v1/traces`;
  for (const url of [`${hanging.url}/v1/traces`, refused]) {
    const sender = createSender(url);
    const sent = sender.send(body);
    setTimeout(() => sender.stop(), 100);
    const began = performance.now();
    await expect(sent).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(9000);
    await expect(sender.send(body)).rejects.toThrow("stopped");
  }
});

test("gzip is said and done", async () => {
  await using sink = await startOtlpSink();
  await createSender(`${sink.url}/v1/traces`, { compression: "gzip" }).send(body);
  expect(sink.requests[0]?.headers["content-encoding"]).toBe("gzip");
  expect(sink.requests[0]?.body.toString()).toBe("{}");
});

test("an answer without end is not read to its end", async () => {
  await using sink = await startOtlpSink({
    answer: (response) => void response.end(Buffer.alloc(5 * 1024 * 1024)),
  });
  await expect(createSender(`${sink.url}/v1/traces`).send(body)).rejects.toThrow("too long");
});
