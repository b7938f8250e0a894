import { expect, test } from "vitest";
import { findEndpointProblem } from "../../../src/adapters/openclaw/endpoint-check.ts";
import { findClosedPort } from "../../support/otlp-sink.ts";
import { startTestServer } from "../../support/server.ts";

test("an endpoint that takes telemetry is well, and one that nobody listens at is named with the fix", async () => {
  await using server = await startTestServer();
  const { otlpUrl, uiUrl } = server.server;
  expect(await findEndpointProblem(`${otlpUrl}/v1/traces`)).toBeUndefined();
  const closed = `http://127.0.0.1:${await findClosedPort()}/v1/traces`;
  expect(await findEndpointProblem(closed)).toMatch(
    /^nobody answers at http:.*start "turnspan up" there, or set plugins\.entries\.turnspan\.config\./,
  );
  expect(await findEndpointProblem(`${uiUrl}/v1/traces`)).toMatch(/answers 4\d\d: /);
});

test("a receiver that wants a token says which setting holds it", async () => {
  await using server = await startTestServer({ ingestTokens: ["right"] });
  const url = `${server.server.otlpUrl}/v1/traces`;
  expect(await findEndpointProblem(url)).toMatch(/answers 401: .*telemetry\.headers$/);
  expect(await findEndpointProblem(url, { authorization: "Bearer right" })).toBeUndefined();
});
