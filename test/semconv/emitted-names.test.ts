import { expect, test } from "vitest";
import { openReplay } from "../../src/adapters/openclaw/replay.ts";
import { recordedLines } from "../adapters/openclaw/play.ts";
import { startTestTelemetry } from "../support/telemetry.ts";
import { runLibrary } from "./rich-run.ts";
import { explainedNames, type NamesByCarrier, namesOnPage } from "./telemetry-names.ts";

type Telemetry = ReturnType<typeof startTestTelemetry>;

const page = namesOnPage();
const metricNames = [...page.keys()].flatMap((carrier) =>
  carrier.startsWith("metric ") ? [carrier.slice("metric ".length)] : [],
);

/** What each carrier is called on the page. */
const THINGS: Readonly<Record<string, string>> = {
  session: "session",
  turn: "turn",
  subagent: "subagent",
  model_call: "model call",
  tool_call: "tool call",
};

class Emitted {
  readonly names = new Map<string, Set<string>>();

  add(carrier: string, attributes: object | undefined): void {
    const names = this.names.get(carrier) ?? new Set();
    for (const name of Object.keys(attributes ?? {})) names.add(withoutField(name));
    this.names.set(carrier, names);
  }

  async collect(telemetry: Telemetry): Promise<void> {
    for (const { attributes, events, links } of telemetry.spans()) {
      this.add(THINGS[String(attributes["turnspan.kind"])] ?? "unknown", attributes);
      for (const link of links) this.add("link", link.attributes);
      for (const event of events) {
        const isAttempt = event.name === "turnspan.turn.attempt";
        this.add(isAttempt ? "attempt" : `record ${event.name}`, event.attributes);
      }
    }
    for (const { eventName, attributes } of telemetry.records()) {
      this.add(`record ${eventName}`, attributes);
    }
    for (const name of metricNames) {
      for (const { attributes } of await telemetry.points(name))
        this.add(`metric ${name}`, attributes);
    }
  }
}

/** The page names the settings of a patch by a placeholder. */
const withoutField = (name: string): string =>
  name.replace(/^turnspan\.patch\..+\.(before|after|before_unknown)$/, "turnspan.patch.<field>.$1");

/** Names that stand for every span or every record, beside a carrier's own. */
function commonOf(carrier: string): ReadonlySet<string> {
  if (carrier.startsWith("record ")) return page.get("every record") ?? new Set();
  return Object.values(THINGS).includes(carrier)
    ? (page.get("every span") ?? new Set())
    : new Set();
}

async function emitEverything(): Promise<NamesByCarrier> {
  const emitted = new Emitted();
  const options = {
    price: ({ model }: { readonly model: string }) =>
      model.startsWith("priced") ? { nanoUsd: 1000, source: "user" } : undefined,
    content: "export",
    host: "openclaw",
    source: "replay",
  } as const;
  {
    await using library = startTestTelemetry(options);
    await runLibrary(library.turnspan);
    await emitted.collect(library);
  }
  await using gateway = startTestTelemetry({ ...options, spans: "deferred" });
  for await (const event of openReplay().events(recordedLines())) {
    gateway.turnspan.advance(event.time);
    void gateway.turnspan.observe(event);
  }
  gateway.turnspan.advance(Number.POSITIVE_INFINITY);
  gateway.turnspan.close();
  await emitted.collect(gateway);
  return emitted.names;
}

const emitted = await emitEverything();

/** Carriers on the page that neither run makes, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "hook of 100 ms and more": "made by slow hooks, and tested with them",
  "every span": "its names are looked for on all spans together",
  "metric turnspan.budget.limit": "shown by configured budgets, and tested with them",
  "metric turnspan.budget.used": "shown by configured budgets, and tested with them",
  "every record": "its names are looked for on all records together",
};

test("nothing is sent that is not on the page", () => {
  const unknown = [...emitted].flatMap(([carrier, names]) =>
    [...names]
      .filter((name) => page.get(carrier)?.has(name) !== true && !commonOf(carrier).has(name))
      .map((name) => `${carrier}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test("nothing is on the page that is not sent", () => {
  const missing = [...page]
    .filter(([carrier]) => !Object.hasOwn(ELSEWHERE, carrier))
    .flatMap(([carrier, names]) =>
      [...names]
        .filter((name) => emitted.get(carrier)?.has(name) !== true)
        .map((name) => `${carrier}: ${name}`),
    );
  expect(missing).toEqual([]);
});

test("what every span and every record carries is on each kind of them, but for content", () => {
  const names = [...(page.get("every span") ?? [])];
  const isContent = (name: string): boolean => /messages$|\.tool\.call\./.test(name);
  for (const carrier of Object.values(THINGS)) {
    const absent = names.filter((name) => emitted.get(carrier)?.has(name) !== true);
    expect([carrier, absent.filter((name) => !isContent(name))]).toEqual([carrier, []]);
  }
  const onSpans = Object.values(THINGS).flatMap((carrier) => [...(emitted.get(carrier) ?? [])]);
  expect(names.filter((name) => !onSpans.includes(name))).toEqual([]);
  const start = emitted.get("record session.start");
  const ofRecords = [...(page.get("every record") ?? [])];
  expect(ofRecords.filter((name) => start?.has(name) !== true)).toEqual([]);
});

/** Set by the audit lane when it sends a record and by configured budgets, and tested with those. */
const OF_OTHERS = /^turnspan\.(audit|budget)\./;

test("every attribute of ours that the page explains is sent", () => {
  const sent = new Set([...emitted.values()].flatMap((names) => [...names]));
  const missing = explainedNames().filter((name) => !sent.has(name) && !OF_OTHERS.test(name));
  expect(missing).toEqual([]);
});
