import { expect, test } from "vitest";
import { startTestServer } from "../support/server.ts";

interface Kept {
  readonly agent: string;
  readonly event: string;
}

async function startHooked(options: { readonly ingestTokens?: readonly string[] } = {}) {
  const kept: Kept[] = [];
  const running = await startTestServer({
    ...options,
    takeHook: async ({ agent, event, isAsked, ...sender }) => {
      if (agent === "broken-agent") throw new Error("the disk is full");
      if (agent !== "claude-code") return undefined;
      kept.push({ agent, event: Buffer.from(event).toString() });
      return isAsked ? JSON.stringify(sender) : "{}";
    },
  });
  const post = async (agent: string, event: string, headers = {}) => {
    const url = `${running.server.otlpUrl}/turnspan/hooks/${agent}`;
    const response = await fetch(url, { method: "POST", body: event, headers });
    return { status: response.status, body: await response.text() };
  };
  return {
    kept,
    post,
    server: running.server,
    [Symbol.asyncDispose]: running[Symbol.asyncDispose],
  };
}

test("an event that an agent posts is kept as it came, and answered with {}", async () => {
  await using hooked = await startHooked();
  const event = `{"session_id":"s","text":"${"x".repeat(300_000)}"}`;
  expect(await hooked.post("claude-code", event)).toEqual({ status: 200, body: "{}" });
  expect(hooked.kept).toEqual([{ agent: "claude-code", event }]);
});

test("an event of nobody that is known, or that cannot be kept, is answered with {} and an error", async () => {
  await using hooked = await startHooked();
  expect(await hooked.post("vim", "{}")).toEqual({ status: 400, body: "{}" });
  expect(await hooked.post("broken-agent", "{}")).toEqual({ status: 500, body: "{}" });
  expect(await hooked.post("claude-code", "x".repeat(40_000_000))).toMatchObject({ status: 400 });
  expect(hooked.kept).toEqual([]);
});

test("behind ?ask, the agent gets the answer that was made for its process and run", async () => {
  await using hooked = await startHooked();
  const from = { "turnspan-process": "4711", "turnspan-run": "run-1" };
  expect(await hooked.post("claude-code?ask", "{}", from)).toEqual({
    status: 200,
    body: '{"process":"4711","run":"run-1"}',
  });
  expect(await hooked.post("claude-code?else", "{}")).toMatchObject({ status: 404 });
});

test("a hook of this machine is let in by the token that lies in the data folder", async () => {
  await using hooked = await startHooked({ ingestTokens: ["in"] });
  const authorization = `Bearer ${hooked.server.readToken}`;
  expect(await hooked.post("claude-code", "{}", { authorization })).toMatchObject({ status: 200 });
});

test.each([
  ["a page of another origin", { origin: "https://evil.example", authorization: "Bearer in" }],
  ["a sender without the token", {}],
])("%s leaves no event", async (_, headers) => {
  await using hooked = await startHooked({ ingestTokens: ["in"] });
  expect(await hooked.post("claude-code", "{}", headers)).toMatchObject({ status: 403 });
  const authorization = "Bearer in";
  expect(await hooked.post("claude-code", "{}", { authorization })).toMatchObject({ status: 200 });
  expect(hooked.kept).toHaveLength(1);
});

test("a server that takes no events has no such route", async () => {
  await using running = await startTestServer();
  const url = `${running.server.otlpUrl}/turnspan/hooks/claude-code`;
  expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(404);
});
