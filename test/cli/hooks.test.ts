import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { makeRepository } from "../hooks/repository.ts";
import { until } from "../hooks/runners/processes.ts";
import { startReceiver } from "../hooks/runners/receiver.ts";
import { runTurnspan } from "../support/cli.ts";
import { runProcess } from "../support/run-process.ts";

const REPOSITORY_CONFIG = ".turnspan/config.json";
const USER_CONFIG = ".config/turnspan/config.json";

const userConfig = {
  telemetry: { serviceName: "bots", headers: { authorization: "Bearer hidden" } },
  hooks: {
    beforeTurn: [
      { name: "late", command: "true", priority: 20 },
      { name: "limit", budget: { per: ["agent", "day"], usd: 5 }, onFailure: "closed" },
    ],
    onTurnError: [{ url: "https://hooks.example.com/T0/secret-path", format: "slack" }],
  },
};
const repositoryConfig = {
  hooks: {
    SessionEnd: [{ matcher: "clear", hooks: [{ type: "command", command: "sh ./clean.sh" }] }],
    afterTurn: [{ script: "./after.mjs", filter: { agentId: ["main"] } }],
  },
};

function makeWorld() {
  const repository = makeRepository({
    [REPOSITORY_CONFIG]: repositoryConfig,
    "clean.sh": "echo cleaned > cleaned.txt",
    "after.mjs": "export default () => undefined;",
  });
  repository.home.write(USER_CONFIG, userConfig);
  const run = (...args: string[]) =>
    runTurnspan(args, { env: repository.env, cwd: repository.root.path });
  return { ...repository, run, [Symbol.dispose]: () => repository[Symbol.dispose]() };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Cells of a table's lines. */
const cells = (text: string): string[][] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));

test("hooks list shows what counts, in running order, and says what does not", async () => {
  using world = makeWorld();
  const { code, out, err } = await world.run("hooks", "list");
  const source = path.join(world.home.path, USER_CONFIG);
  expect(code).toBe(0);
  expect(cells(out)).toEqual([
    ["HOOK", "PRIORITY", "NAME", "MAY STOP", "WHEN", "DOES", "FROM"],
    [
      "beforeTurn",
      expect.stringMatching(/10$/),
      "limit",
      "yes, also by failing",
      "always",
      "budget 5 usd per agent and day",
      source,
    ],
    ["beforeTurn", expect.stringMatching(/20$/), "late", "yes", "always", "command true", source],
    [
      "onTurnError",
      expect.stringMatching(/10$/),
      "hooks.onTurnError[0]",
      "no",
      "always",
      "url https://hooks.example.com/… (slack)",
      source,
    ],
  ]);
  expect(err).toContain(`${world.root.path}/${REPOSITORY_CONFIG} is not approved`);
  expect(out).not.toContain("secret-path");
});

test("hooks list --json is one document", async () => {
  using world = makeWorld();
  const { code, out } = await world.run("hooks", "list", "--json");
  const document = JSON.parse(out);
  expect([code, document.hooks.length]).toEqual([0, 3]);
  expect(document.unapproved).toBe(path.join(world.root.path, REPOSITORY_CONFIG));
});

test("hooks check shows what would run when, of all files, approved or not, and runs nothing", async () => {
  using world = makeWorld();
  const { code, out } = await world.run("hooks", "check");
  expect(code).toBe(0);
  expect(out).toContain(`${world.home.path}/${USER_CONFIG} is valid\n`);
  expect(out).toContain(`${world.root.path}/${REPOSITORY_CONFIG} is valid\n`);
  expect(out).toMatch(/session:end .* no +reason clear +command sh .\/clean.sh/);
  expect(out).toMatch(/afterTurn .* agentId main +script .\/after.mjs/);
});

test("hooks check FILE names every problem with its place", async () => {
  using world = makeWorld();
  const file = world.outside.write("wrong.json", {
    hooks: { Stop: [], beforeTurn: [{ command: "true", timeoutMs: "1s" }] },
    telemetry: { content: "all" },
    hoks: {},
  });
  const { code, err } = await world.run("hooks", "check", file);
  expect(code).toBe(1);
  expect(err.trimEnd().split("\n")).toEqual([
    `${file} has wrong values:`,
    "  hooks.beforeTurn[0].timeoutMs: Invalid input: expected number, received string",
    "  hooks.Stop: is no hook: use afterTurn",
    '  telemetry.content: Invalid option: expected one of "none"|"local"|"export"',
    "  hoks: is not known here",
  ]);
});

test.each([
  ["no JSON", "{", "JSON"],
  ["a list", "[]", "expected object"],
])("hooks check of a file that is %s", async (_what, text, message) => {
  using world = makeWorld();
  const { code, err } = await world.run("hooks", "check", world.outside.write("c.json", text));
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
});

test("hooks check warns of what is valid but never runs, is not there, or is not signed", async () => {
  using world = makeWorld();
  const file = world.outside.write("config.json", {
    hooks: {
      afterTurn: [
        { script: "missing.mjs" },
        { url: "https://example.com" },
        { command: "true", filter: { workflow: ["cron"] } },
      ],
    },
  });
  const { code, out } = await world.run("hooks", "check", file);
  expect(code).toBe(0);
  expect(out.split("\n").filter((line) => line.startsWith("warning"))).toEqual([
    `warning: hooks.afterTurn[0]: there is no file ${world.outside.path}/missing.mjs`,
    "warning: hooks.afterTurn[1]: is not signed: without a secret its receiver cannot know who sent it",
    'warning: hooks.afterTurn[2]: never runs here: filter.workflow has no "agent"',
  ]);
});

test("without any config the commands say where it would lie", async () => {
  using repository = makeRepository({});
  const run = (...args: string[]) =>
    runTurnspan(args, { env: repository.env, cwd: repository.root.path });
  expect((await run("hooks", "list")).out).toBe("no hooks are configured\n");
  expect((await run("config", "show")).out).toBe("nothing is configured\n");
  expect((await run("hooks", "check")).out).toContain(`${repository.home.path}/${USER_CONFIG}`);
  expect(await run("hooks", "trust")).toMatchObject({ code: 1 });
});

test("hooks trust shows everything, approves exactly that, and takes it back", async () => {
  using world = makeWorld();
  const shown = await world.run("hooks", "trust");
  expect(shown.code).toBe(1);
  expect(shown.out).toContain("sh ./clean.sh");
  expect(shown.out).toContain(
    "Files of the repository that this names:\n  after.mjs\n  clean.sh\n",
  );
  const [, digest = ""] = /--approve ([0-9a-f]{64})\n/.exec(shown.out) ?? [];
  expect(await world.run("hooks", "trust", "--approve", digest.replace(/^./, "x"))).toMatchObject({
    code: 1,
  });
  expect(await world.run("hooks", "trust", "--approve", digest)).toMatchObject({ code: 0 });
  expect((await world.run("hooks", "trust")).out).toContain("You approved exactly this.");
  expect((await world.run("hooks", "list")).out).toContain("sh ./clean.sh");
  world.root.write("clean.sh", "echo evil");
  expect((await world.run("hooks", "list")).out).not.toContain("sh ./clean.sh");
  expect(await world.run("hooks", "trust", "--approve", digest)).toMatchObject({ code: 1 });
  world.root.write("clean.sh", "echo cleaned > cleaned.txt");
  expect((await world.run("hooks", "list")).out).toContain("sh ./clean.sh");
  expect((await world.run("hooks", "trust", "--revoke")).out).toContain("is not approved any more");
  expect((await world.run("hooks", "list")).out).not.toContain("sh ./clean.sh");
});

test("what a repository's config shows cannot steer the terminal that it is shown in", async () => {
  using repository = makeRepository({
    [REPOSITORY_CONFIG]: {
      hooks: { afterTurn: [{ name: "\u001b[2J\u202e", command: "true\u202e" }] },
    },
  });
  const { out } = await runTurnspan(["hooks", "trust"], {
    env: repository.env,
    cwd: repository.root.path,
  });
  for (const control of ["\u001b", "\u202e"]) expect(out).not.toContain(control);
});

test("hooks run tries one hook by hand: a guard's verdict, what it prints, and its failure", async () => {
  using world = makeWorld();
  const config = world.root.write("try.json", {
    hooks: {
      beforeTurn: [
        { name: "stop", command: "cat > input.json; echo looking; echo no >&2; exit 2" },
        { name: "pass", command: "true" },
        { name: "json", command: ["echo", '{"decision": "block", "reason": "because"}'] },
        { name: "broken", command: "exit 7" },
        { name: "slow", command: "sleep 5", timeoutMs: 100 },
        { name: "other", command: "true", filter: { agentId: ["other"] } },
      ],
      "session:end": [{ name: "end", command: "true", timeoutMs: 20_000 }],
      SessionEnd: [
        { matcher: "clear", hooks: [{ type: "command", command: "cat > cleared.json" }] },
      ],
    },
  });
  const event = world.root.write("event.json", {
    sessionKey: "web:1",
    agentId: "main",
    turnIndex: 3,
    message: "hi",
  });
  const run = (name: string) =>
    world.run("hooks", "run", name, "--event", event, "--config", config);
  expect(await run("stop")).toMatchObject({
    code: 0,
    out: "stop: stops the turn: no\n",
    err: expect.stringContaining('hook "stop" stdout: looking'),
  });
  expect(JSON.parse(readFileSync(path.join(world.root.path, "input.json"), "utf8"))).toMatchObject({
    cwd: world.root.path,
    hook_event_name: "beforeTurn",
    turnspan: {
      hookPoint: "beforeTurn",
      workflow: "agent",
      sessionKey: "web:1",
      turnIndex: 3,
      message: "hi",
    },
  });
  expect(await run("pass")).toMatchObject({ code: 0, out: "pass: lets the turn run\n" });
  expect(await run("json")).toMatchObject({ code: 0, out: "json: stops the turn: because\n" });
  expect(await run("broken")).toMatchObject({ code: 1, out: "broken: failed: exit code 7\n" });
  expect(await run("slow")).toMatchObject({
    code: 1,
    out: "slow: failed: no answer within 100 ms\n",
  });
  expect(await run("other")).toMatchObject({
    code: 1,
    out: expect.stringContaining("its filter does not take this event"),
  });
  expect(await run("end")).toMatchObject({ code: 0, out: "end: done\n" });
  expect(await run("hooks.beforeTurn[1]")).toMatchObject({ code: 0 });
  const atClear = "hooks.SessionEnd[0].hooks[0]";
  expect(await run(atClear)).toMatchObject({ code: 1, out: expect.stringContaining("not run") });
  for (const cleared of [{ reason: "clear" }, { turnspan: { reason: "reset" } }]) {
    world.root.write("event.json", cleared);
    expect(await run(atClear)).toMatchObject({ code: 0, out: `${atClear}: done\n` });
  }
  expect(await run("nothing")).toMatchObject({
    code: 2,
    err: expect.stringContaining("there is no hook nothing"),
  });
});

test("hooks run tries a request and a script as well", async () => {
  await using receiver = await startReceiver();
  using world = makeWorld();
  world.root.write("hello.mjs", "export default (ctx) => ({ abort: true, reason: ctx.basePath });");
  const config = world.root.write("try.json", {
    http: { allow: [receiver.target] },
    hooks: {
      afterTurn: [{ name: "post", url: receiver.url }],
      beforeTurn: [{ name: "script", script: "./hello.mjs" }],
    },
  });
  const event = world.root.write("event.json", { sessionKey: "web:1", durationMs: 5 });
  const run = (name: string) =>
    world.run("hooks", "run", name, "--event", event, "--config", config);
  expect(await run("post")).toMatchObject({ code: 0, out: "post: done\n" });
  expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
    hookPoint: "afterTurn",
    durationMs: 5,
  });
  expect(await run("script")).toMatchObject({
    code: 0,
    out: `script: stops the turn: ${world.root.path}\n`,
  });
});

test("hooks run waits for what keeps no program alive, in a process of its own", async () => {
  await using receiver = await startReceiver();
  using world = makeWorld();
  const config = world.root.write("try.json", {
    http: { allow: [receiver.target] },
    hooks: {
      "session:end": [{ name: "wait", command: "sleep 0.3; echo slept > slept.txt" }],
      afterTurn: [{ name: "post", url: receiver.url }],
    },
  });
  const event = world.root.write("event.json", {});
  const main = path.resolve(import.meta.dirname, "../../src/cli/main.ts");
  for (const name of ["wait", "post"]) {
    const args = [main, "hooks", "run", name, "--event", event, "--config", config];
    const options = { env: { ...world.env, PATH: process.env["PATH"] }, cwd: world.root.path };
    const ended = await runProcess(process.execPath, args, options);
    expect([ended.code, ended.stdout]).toEqual([0, `${name}: done\n`]);
  }
  expect(existsSync(path.join(world.root.path, "slept.txt"))).toBe(true);
  expect(receiver.received).toHaveLength(1);
}, 120_000);

test("Ctrl-C ends a hook that is tried, with everything it started, and the exit code is 130", async () => {
  using world = makeWorld();
  const config = world.root.write("try.json", {
    hooks: { "session:end": [{ name: "long", command: "echo $$ > pid.txt; sleep 300; true" }] },
  });
  const event = world.root.write("event.json", {});
  const controller = new AbortController();
  const running = runTurnspan(["hooks", "run", "long", "--event", event, "--config", config], {
    env: { ...world.env, PATH: process.env["PATH"] },
    cwd: world.root.path,
    signal: controller.signal,
  });
  const pid = (): number => Number(readFileSync(path.join(world.root.path, "pid.txt"), "utf8"));
  await until(() => existsSync(path.join(world.root.path, "pid.txt")) && pid() > 0, 60_000);
  controller.abort(new Error("interrupted"));
  expect(await running).toMatchObject({ code: 130, out: "" });
  // Nobody of its group is left.
  await until(() => !isAlive(-pid()), 60_000);
}, 180_000);

test("hooks check, run and trust print one JSON document each with --json", async () => {
  using world = makeWorld();
  const json = async (...args: string[]) => {
    const { code, out } = await world.run("hooks", ...args, "--json");
    return [code, JSON.parse(out)];
  };
  const wrong = world.root.write("wrong.json", { hooks: { afterTurn: [{ comand: "x" }] } });
  expect(await json("check", wrong)).toMatchObject([
    1,
    { valid: [], problems: [{ source: wrong, path: "hooks.afterTurn[0].comand" }, {}] },
  ]);
  expect(await json("check")).toMatchObject([0, { problems: [], hooks: { length: 5 } }]);
  const config = world.root.write("try.json", {
    hooks: {
      beforeTurn: [
        { name: "no", command: "echo no >&2; exit 2" },
        { name: "bad", command: "exit 7" },
      ],
      afterTurn: [{ name: "say", send: { message: "hello", outlet: "stdout" } }],
    },
  });
  const event = world.root.write("event.json", {});
  const run = (name: string) => json("run", name, "--event", event, "--config", config);
  expect(await run("no")).toEqual([0, { name: "no", result: "ran", abort: true, reason: "no" }]);
  expect(await run("bad")).toEqual([1, { name: "bad", result: "failed", error: "exit code 7" }]);
  expect(await run("say")).toEqual([0, { name: "say", result: "ran" }]);
  const [code, shown] = await json("trust");
  expect([code, shown]).toMatchObject([1, { approved: false, files: ["after.mjs", "clean.sh"] }]);
  expect(await world.run("hooks", "trust", "--approve", shown.digest)).toMatchObject({ code: 0 });
  expect(await json("trust")).toMatchObject([0, { approved: true, digest: shown.digest }]);
});

test("hooks run runs nothing of a repository that is not approved", async () => {
  using world = makeWorld();
  const event = world.root.write("event.json", {});
  const name = "hooks.SessionEnd[0].hooks[0]";
  const { code, err } = await world.run("hooks", "run", name, "--event", event);
  expect([code, err]).toEqual([2, expect.stringContaining(`there is no hook ${name}`)]);
  expect(existsSync(path.join(world.root.path, "cleaned.txt"))).toBe(false);
});

test.each([
  [["hooks", "run", "x"], "needs NAME and --event FILE"],
  [["hooks", "run", "x", "--event", "missing.json"], "there is no hook x"],
  [["hooks", "frobnicate"], "it has list, check, run, trust"],
  [["config", "set"], "it has show"],
  [["hooks", "list", "--frob"], "--frob"],
])("%j is wrong use", async (args, message) => {
  using repository = makeRepository({});
  const run = await runTurnspan(args, { env: repository.env, cwd: repository.root.path });
  expect([run.code, run.err]).toEqual([2, expect.stringContaining(message)]);
});

test.each(["list", "check", "run", "trust"])(
  "hooks %s --help tells its options",
  async (action) => {
    const { code, out } = await runTurnspan(["hooks", action, "--help"]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^Usage: turnspan hooks ${action}`)),
    ]);
  },
);

test("config show --origin says which file each setting is from, and shows no secret", async () => {
  using world = makeWorld();
  await world.approve();
  world.root.write(REPOSITORY_CONFIG, {
    ...repositoryConfig,
    telemetry: { serviceName: "this-repository" },
    agents: { defaults: { hooks: { onMessageSent: { send: { message: "repository's" } } } } },
  });
  world.home.write(USER_CONFIG, {
    ...userConfig,
    agents: { defaults: { hooks: { onMessageSent: { send: { message: "user's" } } } } },
  });
  await world.approve();
  const { code, out } = await world.run("config", "show", "--origin");
  const [user, repository] = [
    path.join(world.home.path, USER_CONFIG),
    path.join(world.root.path, REPOSITORY_CONFIG),
  ];
  const rows = cells(out);
  expect(code).toBe(0);
  expect(rows[0]).toEqual(["SETTING", "VALUE", "FROM"]);
  expect(rows).toContainEqual(["telemetry.serviceName", '"this-repository"', repository]);
  expect(rows).toContainEqual(["telemetry.headers.authorization", "(not shown)", user]);
  expect(rows).toContainEqual(["hooks.beforeTurn[0].name", '"late"', user]);
  expect(rows).toContainEqual(["hooks.afterTurn[0].script", '"./after.mjs"', repository]);
  expect(rows).toContainEqual(["hooks.onTurnError[0].url", '"https://hooks.example.com/…"', user]);
  expect(rows.filter(([setting]) => setting?.includes("onMessageSent"))).toEqual([
    ["agents.defaults.hooks.onMessageSent.send.message", '"repository\'s"', repository],
  ]);
  expect(out).not.toMatch(/hidden|secret-path/);
});

test("config show leaves out what a repository sets that nobody approved", async () => {
  using world = makeWorld();
  world.root.write(REPOSITORY_CONFIG, { telemetry: { endpoint: "https://evil.example" } });
  const { out, err } = await world.run("config", "show", "--json");
  expect(
    JSON.parse(out).settings.map(({ path: setting }: { path: string }) => setting),
  ).not.toContain("telemetry.endpoint");
  expect(JSON.parse(out).unapproved).toBe(path.join(world.root.path, REPOSITORY_CONFIG));
  expect(err).toBe("");
});
