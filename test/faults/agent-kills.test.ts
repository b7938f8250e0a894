import path from "node:path";
import { expect, test } from "vitest";
import { makeAuditFolder } from "../support/audit-lane.ts";
import { type ArrivedRecord, recordId, startAuditReceiver } from "../support/audit-receiver.ts";
import { forEachTwo, report, rounds, spread, within } from "../support/fault-scale.ts";
import { programEnvironment } from "../support/program-environment.ts";
import { runProcess } from "../support/run-process.ts";

const PROGRAM = path.resolve(import.meta.dirname, "programs/killed-agent.ts");

interface Home {
  readonly folder: string;
  readonly url: string;
}

const runAgent = ({ folder, url }: Home, killAfter = "") =>
  runProcess(process.execPath, [PROGRAM], {
    env: {
      ...programEnvironment,
      FOLDER: folder,
      URL: url,
      KILL_AFTER: killAfter,
    },
    timeout: 60_000,
  });

const linesOf = (stdout: string, word: string): string[] =>
  stdout
    .split("\n")
    .flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));

/** What an agent's steps began, and how each of it ended: `abandoned` where no step did. */
function expectedEnds(steps: readonly string[]): Record<string, string> {
  const ends: Record<string, string> = {};
  for (const step of steps) {
    const [verb = "", what = ""] = step.split(" ");
    if (verb in BEGINNINGS) ends[`${BEGINNINGS[verb]} ${what}`] = "abandoned";
    const [kind, outcome] = ENDINGS[verb] ?? [];
    if (kind !== undefined && outcome !== undefined) ends[`${kind} ${what}`] = outcome;
  }
  return ends;
}

const BEGINNINGS: Readonly<Record<string, string>> = {
  open: "session",
  begin: "turn",
  spawn: "subagent",
};
const ENDINGS: Readonly<Record<string, readonly [kind: string, outcome: string]>> = {
  close: ["session", "end"],
  complete: ["turn", "completed"],
  fail: ["turn", "failed"],
  finish: ["subagent", "completed"],
};

/** Each beginning and each ending that arrived, and how it ended; throws where one is there twice. */
function arrivedEnds(records: readonly ArrivedRecord[]): Record<string, string> {
  const ends: Record<string, string> = {};
  const begun = new Set<string>();
  for (const { eventName, attributes } of new Map(
    records.map((one) => [recordId(one), one]),
  ).values()) {
    const { begins, kind, outcome } = ROLES[eventName] ?? {};
    if (kind === undefined) continue;
    const name = `${kind} ${nameOf(kind, attributes)}`;
    const seen = begins ? begun.has(name) : name in ends;
    if (seen) throw new Error(`${eventName} of ${name} came twice`);
    if (begins) begun.add(name);
    else ends[name] = String(attributes[outcome ?? ""]);
  }
  if (begun.size !== Object.keys(ends).length) throw new Error("something begun has no end");
  return ends;
}

interface Role {
  readonly kind: string;
  readonly begins?: true;
  readonly outcome?: string;
}

const OUTCOME = "turnspan.turn.outcome";
const ROLES: Readonly<Record<string, Role>> = {
  "session.start": { kind: "session", begins: true },
  "session.end": { kind: "session", outcome: "turnspan.session.end_reason" },
  "turnspan.turn.start": { kind: "turn", begins: true },
  "turnspan.turn.end": { kind: "turn", outcome: OUTCOME },
  "turnspan.subagent.spawned": { kind: "subagent", begins: true },
  "turnspan.subagent.finished": { kind: "subagent", outcome: OUTCOME },
};

function nameOf(kind: string, attributes: ArrivedRecord["attributes"]): unknown {
  const sessionKey = attributes["turnspan.session.key"];
  if (kind === "session") return sessionKey;
  if (kind === "subagent") return attributes["turnspan.subagent.label"];
  return `${sessionKey}/${attributes["turnspan.turn.index"]}`;
}

/** Kills an agent after a step, starts it again, and compares what is there with what it did. */
async function killAfter(step: number) {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  const home = { folder: folder.path, url: receiver.url };
  const killed = await runAgent(home, String(step));
  expect(killed.signal, killed.stderr).toBe("SIGKILL");
  const restarted = await runAgent(home);
  expect(restarted.code, restarted.stderr).toBe(0);
  const again = await runAgent(home);
  const runs = [killed, restarted, again];
  return {
    did: linesOf(killed.stdout, "did"),
    arrived: [...receiver.accepted],
    told: runs.flatMap(({ stdout }) => linesOf(stdout, "end")).sort(),
  };
}

const LAST_STEP = 15;

test(
  "an agent that is killed after any record has each session and turn once, ended as it was, after the next start",
  within({ minutes: 5 }),
  async () => {
    const steps = spread(LAST_STEP, rounds(LAST_STEP, 6));
    let abandoned = 0;
    await forEachTwo(steps, async (step) => {
      const { did, arrived, told } = await killAfter(step);
      expect(did).toHaveLength(step);
      const expected = expectedEnds(did);
      expect(arrivedEnds(arrived), `killed after ${did.at(-1)}`).toEqual(expected);
      const sessions = Object.entries(expected).filter(([name]) => name.startsWith("session "));
      expect(told).toEqual(sessions.map(([name, how]) => `${name.slice(8)} ${how}`).sort());
      abandoned += Object.values(expected).filter((how) => how === "abandoned").length;
    });
    report("kills of an agent", { kills: steps.length, abandoned, told: "once each" });
    expect(abandoned).toBeGreaterThan(steps.length);
  },
);

test("without the next start nothing has an end: the control", within({ minutes: 3 }), async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  const { stdout } = await runAgent({ folder: folder.path, url: receiver.url }, "4");
  expect(linesOf(stdout, "end")).toEqual([]);
  const [log] = await folder.contents();
  const names = log?.of("record").map(({ body }) => (body as { eventName: string }).eventName);
  expect(names?.filter((name) => /(session|turn)\.end$/.test(name))).toEqual([]);
});
