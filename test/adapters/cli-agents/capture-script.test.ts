import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import {
  captureCommand,
  captureFolder,
  spoolFolder,
  writeCaptureScripts,
} from "../../../src/adapters/cli-agents/capture-script.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

type Form = "sh" | "node";
const FORMS: readonly Form[] = ["sh", "node"];

/** The command line that runs a form of capture, as agents run it. */
function commandOf(form: Form, dataFolder: string, agent = "codex"): readonly string[] {
  const script = (name: string): string => path.join(captureFolder(dataFolder), name);
  return form === "sh"
    ? ["sh", script("capture.sh"), agent, "4711"]
    : [process.execPath, script("capture.cjs"), agent];
}

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(command: readonly string[], input: string, env = {}): Promise<Said> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { env: { PATH: process.env["PATH"], ...env } });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, err };
}

const SILENT: Said = { code: 0, out: "{}", err: "" };

const eventsIn = (dataFolder: string): string[] =>
  readdirSync(spoolFolder(dataFolder)).map((name) =>
    readFileSync(path.join(spoolFolder(dataFolder), name), "utf8"),
  );

test.each(FORMS)(
  "%s: an event is kept as it came, with the agent's process, and nothing else of its environment",
  async (form) => {
    using folder = makeTemporaryFolder();
    await writeCaptureScripts(folder.path);
    const event = '{"session_id":"s","prompt":"über\\n\\"quoted\\" $HOME `x`"}';
    const env = { CLAUDE_PID: "77", ANTHROPIC_API_KEY: "sk-secret" };
    const said = await run(commandOf(form, folder.path, "claude-code"), event, env);
    expect(said).toEqual(SILENT);
    expect(eventsIn(folder.path)).toEqual([`turnspan 1 claude-code 77\n${event}`]);
    const [name = ""] = readdirSync(spoolFolder(folder.path));
    expect(name).toMatch(/\.event$/);
    expect(statSync(path.join(spoolFolder(folder.path), name)).mode & 0o777).toBe(0o600);
  },
);

test.each([
  ["sh", 100],
  ["node", 20],
] as const)(
  "%s: %i hooks at once with 300 kB each lose and mix nothing",
  async (form, count) => {
    using folder = makeTemporaryFolder();
    await writeCaptureScripts(folder.path);
    const events = Array.from({ length: count }, (_, index) =>
      JSON.stringify({ index, text: String(index % 10).repeat(300_000) }),
    );
    const command = commandOf(form, folder.path);
    const said = await Promise.all(events.map((event) => run(command, event)));
    expect(new Set(said.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify(SILENT)]),
    );
    const kept = eventsIn(folder.path).map((event) => event.slice(event.indexOf("\n") + 1));
    expect(kept.toSorted()).toEqual(events.toSorted());
  },
  120_000,
);

test("a hundred hooks at once that append to one file do mix", async () => {
  using folder = makeTemporaryFolder();
  const file = path.join(folder.path, "events");
  const events = Array.from({ length: 100 }, (_, index) => String(index % 10).repeat(300_000));
  const naive = ["sh", "-c", `{ cat; echo; } >> ${file}`];
  await Promise.all(events.map((event) => run(naive, event)));
  const whole = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.length === 300_000 && line === line.charAt(0).repeat(300_000));
  expect(whole.length).toBeLessThan(100);
}, 120_000);

test.each(FORMS)(
  "%s: where nothing can be kept, the agent is told the same and no word more",
  async (form) => {
    using folder = makeTemporaryFolder();
    await writeCaptureScripts(folder.path);
    const spool = spoolFolder(folder.path);
    rmSync(spool, { recursive: true });
    expect(await run(commandOf(form, folder.path), "{}")).toEqual(SILENT);
    writeFileSync(spool, "no folder");
    expect(await run(commandOf(form, folder.path), "x".repeat(1_000_000))).toEqual(SILENT);
  },
);

test.each(["there", "gone"])(
  "the command in an agent's settings says nothing when the script is %s",
  async (state) => {
    using folder = makeTemporaryFolder();
    const data = path.join(folder.path, "it's a folder");
    await writeCaptureScripts(data);
    if (state === "gone") rmSync(data, { recursive: true });
    const command = captureCommand({ agent: "qwen-code", dataFolder: data, platform: "linux" });
    const said = await run(["sh", "-c", command], '{"session_id":"s"}');
    expect({ ...said, out: said.out.trim() }).toEqual(SILENT);
    if (state === "there") expect(eventsIn(data)).toHaveLength(1);
  },
);

test("the scripts name no place that goes with the package", async () => {
  using folder = makeTemporaryFolder();
  await writeCaptureScripts(folder.path);
  for (const name of ["capture.sh", "capture.cjs"]) {
    const script = readFileSync(path.join(captureFolder(folder.path), name), "utf8");
    expect(script).not.toMatch(/node_modules|\/src\/|require\("(?!node:)/);
  }
  const script = path.join(captureFolder(folder.path), "capture.sh");
  expect(spawnSync("sh", ["-n", script]).status).toBe(0);
});
