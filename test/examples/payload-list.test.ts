import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type HookName, hookPoints } from "../../src/hooks/points.ts";
import { createTurnspan, type Turnspan } from "../../src/turnspan.ts";
import { root } from "../support/run-example.ts";

const page = readFileSync(path.join(root, "docs/hooks.md"), "utf8");
const HOOKS = Object.keys(hookPoints) as HookName[];
/** Fields that the page gives one by one. */
const OPENED = ["context", "turnspan"];

const inTicks = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** The list under a heading: a hook, and the names behind it. */
function readList(heading: string): Map<string, readonly string[]> {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const rows = section.matchAll(/^- `([^`]+)`: ((?:.|\n {2})*)/gm);
  return new Map(Array.from(rows, ([, hook = "", cell = ""]) => [hook, inTicks(cell)]));
}

function fieldsOf(payload: object): string[] {
  return Object.entries(payload).flatMap(([name, value]) =>
    OPENED.includes(name) ? Object.keys(value).map((field) => `${name}.${field}`) : [name],
  );
}

async function playEverything(turnspan: Turnspan): Promise<void> {
  using session = turnspan.openSession({ sessionKey: "k", agentId: "a" });
  session.messageReceived();
  await session.turn({}, async (turn) => {
    await turn.subagent({ agentId: "b" }, () => undefined);
    await turn
      .subagent({ agentId: "b" }, () => AbortSignal.abort().throwIfAborted())
      .catch(() => {});
  });
  await session.turn({}, () => Promise.reject(new Error("no"))).catch(() => {});
  session.patch({ model: "m" });
  session.messageSent();
}

test("the page names every hook, and the guards among them", () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| [^|]+ \| (observer|\*\*guard\*\*) +\|$/gm)];
  const kinds = rows.map(([, hook, kind]) => [hook, kind?.replaceAll("*", "")]);
  expect(Object.fromEntries(kinds)).toEqual(hookPoints);
});

test("the page names the fields of every payload, and no others", async () => {
  const turnspan = createTurnspan();
  const seen = new Map<string, readonly string[]>();
  for (const hook of HOOKS) {
    turnspan.hooks.on(hook, (payload: object) => void seen.set(hook, fieldsOf(payload)));
  }
  await playEverything(turnspan);
  const common = inTicks(
    /^Every payload has ([\s\S]*?)\. What is not known/m.exec(page)?.[1] ?? "",
  ).filter((name) => /^[a-z][a-zA-Z]*$/.test(name));
  expect(common).toHaveLength(11);
  // Made when they are read, so no key shows them.
  const ownKeys = common.filter(
    (name) => !["timestamp", "traceparent", "meta", "log"].includes(name),
  );
  const list = readList("What handlers are given");
  expect([...list.keys()]).toEqual(HOOKS);
  for (const hook of HOOKS) {
    expect([hook, seen.get(hook)?.toSorted()]).toEqual([
      hook,
      [...ownKeys, ...(list.get(hook) ?? [])].sort(),
    ]);
  }
});
