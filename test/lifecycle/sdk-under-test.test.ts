import * as api from "@opentelemetry/api";
import { expect, test } from "vitest";
import { startTestTelemetry } from "../support/telemetry.ts";
import { sdkMajor } from "../support/test-sdk.ts";

test("the SDK and the API are those that were asked for, and one copy of each", async () => {
  await using telemetry = startTestTelemetry();
  const session = telemetry.turnspan.openSession({ sessionKey: "k", agentId: "a" });
  const seen = await session.turn({}, () => api.trace.getActiveSpan());
  session.end();
  const { resource } = telemetry.span("session a");
  expect(String(resource.attributes["telemetry.sdk.version"]).at(0)).toBe(sdkMajor);
  // The logs API is what 1.9 lacks.
  expect("logs" in api).toBe(sdkMajor === "3");
  // Nothing was registered, so nothing is active for others.
  expect(seen).toBeUndefined();
});
