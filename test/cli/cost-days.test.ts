import { expect, test } from "vitest";
import { runTurnspan } from "../support/cli.ts";
import { costJson, openCalls } from "./cost-home.ts";

test.each([
  ["UTC", ["2026-03-28 1", "2026-03-29 4", "2026-03-30 1"]],
  ["Europe/Berlin", ["2026-03-28 1", "2026-03-29 3", "2026-03-30 2"]],
  ["America/Los_Angeles", ["2026-03-28 3", "2026-03-29 3"]],
  ["Asia/Kathmandu", ["2026-03-29 3", "2026-03-30 3"]],
] as const)("days are those of the time zone: %s, where clocks change", async (zone, days) => {
  using home = openCalls(
    { at: "2026-03-28T22:59:59.999Z" },
    { at: "2026-03-29T00:59:59.999Z" },
    { at: "2026-03-29T01:00:00.000Z" },
    { at: "2026-03-29T21:59:59.999Z" },
    { at: "2026-03-29T22:00:00.000Z" },
    { at: "2026-03-30T00:00:00.000Z" },
  );
  const { rows } = await costJson(home, "--timezone", zone);
  expect(rows.map((row) => `${row["day"]} ${row.calls}`)).toEqual(days);
});

test.each([
  // The clock of the tests stands at noon UTC of 2026-11-21.
  ["UTC", ["--today"], "2026-11-21T00:00:00.000Z"],
  ["Asia/Tokyo", ["--today"], "2026-11-20T15:00:00.000Z"],
  ["Pacific/Kiritimati", ["--today"], "2026-11-21T10:00:00.000Z"],
  ["UTC", ["--week"], "2026-11-15T00:00:00.000Z"],
  ["Europe/Berlin", ["--since", "2026-03-29"], "2026-03-28T23:00:00.000Z"],
  ["Europe/Berlin", ["--since", "2026-03-30"], "2026-03-29T22:00:00.000Z"],
  ["Europe/Berlin", ["--since", "2026-10-26"], "2026-10-25T23:00:00.000Z"],
  // There the clocks go on at midnight: the day begins at one.
  ["Africa/Cairo", ["--since", "2026-04-24"], "2026-04-23T22:00:00.000Z"],
  ["UTC", ["--since", "2026-11-01T09:30:00+01:00"], "2026-11-01T08:30:00.000Z"],
] as const)("in %s, %j begins at %s, and counts what is not before", async (zone, args, since) => {
  const before = new Date(Date.parse(since) - 1).toISOString();
  using home = openCalls({ at: before }, { at: since });
  const report = await costJson(home, "--timezone", zone, ...args);
  expect(report.since).toBe(since);
  expect(report.total.calls).toBe(1);
});

test("without --timezone, days are those of this machine", async () => {
  using home = openCalls({ at: "2026-11-21T08:00:00Z" });
  const { out } = await runTurnspan(["cost", "--json"], { env: home.env });
  expect(JSON.parse(out).timezone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
