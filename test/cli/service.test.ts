import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { createServiceCommand } from "../../src/cli/commands/service.ts";
import type { RunTool } from "../../src/cli/commands/service-manager.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const NODE = "/opt/node 24/bin/node";
const SYSTEMD_UNIT = ".config/systemd/user/turnspan.service";
const LAUNCHD_UNIT = "Library/LaunchAgents/dev.turnspan.server.plist";

/** A machine of its own: a home, an installed turnspan behind a link, and a service manager that notes its calls. */
function makeMachine(platform: NodeJS.Platform, env: Readonly<Record<string, string>> = {}) {
  const folder = makeTemporaryFolder();
  const home = path.join(folder.path, "home");
  const script = path.join(folder.path, "lib/turnspan-1.2.3/turnspan.js");
  const link = path.join(folder.path, "bin/turnspan");
  for (const file of [script, link, path.join(home, "x")]) {
    mkdirSync(path.dirname(file), { recursive: true });
  }
  writeFileSync(script, "");
  symlinkSync(script, link);
  const calls: string[] = [];
  const answers = new Map<string, { code: number; output: string }>();
  const run: RunTool = async (command, args) => {
    const line = [command, ...args].join(" ");
    calls.push(line);
    return answers.get(line) ?? { code: 0, output: "" };
  };
  const texts = { out: "", err: "" };
  const context: CliContext = {
    env: { HOME: home, PATH: `/usr/bin:${path.dirname(link)}`, ...env },
    cwd: home,
    stdout: { write: (text) => (texts.out += text) },
    stderr: { write: (text) => (texts.err += text) },
    now: Date.now,
    fetch: globalThis.fetch,
    signal: new AbortController().signal,
  };
  const command = createServiceCommand({ platform, run, node: NODE, script });
  return {
    ...{ home, link, calls, answers, texts },
    service: (...args: string[]) => command.run(args, context),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test("install writes a systemd unit that calls the link which upgrades keep, and starts it", async () => {
  using machine = makeMachine("linux");
  expect(await machine.service("install", "--port", "5000", "--host", 'a"b$c%d\\e')).toBe(0);
  const file = path.join(machine.home, SYSTEMD_UNIT);
  const unit = readFileSync(file, "utf8");
  expect(unit).toContain(
    `ExecStart="/usr/bin/env" "node" "${machine.link}" "up" "--port" "5000" "--host" "a\\"b$$c%%d\\\\e"\n`,
  );
  expect(unit).toContain(
    `Environment="PATH=/opt/node 24/bin:/usr/bin:${path.dirname(machine.link)}"\n`,
  );
  expect(unit).not.toContain("1.2.3");
  // Tokens may stand in it.
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(machine.calls).toEqual([
    "systemctl --user daemon-reload",
    "systemctl --user enable turnspan.service",
    "systemctl --user restart turnspan.service",
  ]);
});

test("install writes a launchd agent whose words are escaped, and starts it", async () => {
  using machine = makeMachine("darwin");
  expect(await machine.service("install", "--host", "<a&b>")).toBe(0);
  const file = path.join(machine.home, LAUNCHD_UNIT);
  const unit = readFileSync(file, "utf8");
  expect(unit).toContain("<string>&lt;a&amp;b&gt;</string>");
  expect(unit).toContain(`<string>${machine.link}</string>`);
  const domain = `gui/${process.getuid?.()}`;
  expect(machine.calls).toEqual([
    `launchctl bootout ${domain}/dev.turnspan.server`,
    `launchctl bootstrap ${domain} ${file}`,
  ]);
});

test.each([
  ["linux", SYSTEMD_UNIT, "systemctl --user restart turnspan.service"],
  ["darwin", LAUNCHD_UNIT, "launchctl bootstrap"],
] as const)(
  "a dry run on %s shows the unit and the commands, and does nothing",
  async (platform, unit, step) => {
    using machine = makeMachine(platform);
    expect(await machine.service("install", "--dry-run", "--port", "5000")).toBe(0);
    expect(machine.texts.out).toContain(`would write ${path.join(machine.home, unit)}:`);
    expect(machine.texts.out).toContain("5000");
    expect(machine.texts.out).toContain(step);
    expect(machine.texts.out).not.toContain("--dry-run");
    expect(machine.calls).toEqual([]);
    expect(existsSync(path.join(machine.home, unit))).toBe(false);
  },
);

test("a second install changes the options and restarts; uninstall leaves no unit", async () => {
  using machine = makeMachine("linux");
  const file = path.join(machine.home, SYSTEMD_UNIT);
  await machine.service("install", "--port", "5000");
  await machine.service("install", "--port", "6000");
  expect(readFileSync(file, "utf8")).toContain('"--port" "6000"');
  expect(machine.calls.filter((call) => call.includes("restart"))).toHaveLength(2);
  expect(await machine.service("uninstall")).toBe(0);
  expect(existsSync(file)).toBe(false);
  expect(machine.calls).toContain("systemctl --user disable --now turnspan.service");
  await machine.service("uninstall");
  expect(machine.texts.out).toContain("no service is installed");
});

test("status says whether it is installed and runs, by its exit code too", async () => {
  using machine = makeMachine("linux");
  machine.answers.set("systemctl --user is-active --quiet turnspan.service", {
    code: 3,
    output: "",
  });
  expect(await machine.service("status")).toBe(1);
  expect(machine.texts.out).toBe("systemd: not installed\nnot running\n");
  machine.answers.clear();
  await machine.service("install");
  expect(await machine.service("status")).toBe(0);
  machine.texts.out = "";
  expect(await machine.service("status", "--json")).toBe(0);
  expect(JSON.parse(machine.texts.out)).toEqual({
    manager: "systemd",
    file: path.join(machine.home, SYSTEMD_UNIT),
    isInstalled: true,
    isRunning: true,
    server: null,
  });
});

test("a data folder that only this shell's environment names is written into the unit", async () => {
  using machine = makeMachine("linux", { TURNSPAN_DATA: "/srv/spans" });
  await machine.service("install");
  const file = path.join(machine.home, SYSTEMD_UNIT);
  expect(readFileSync(file, "utf8")).toContain('"up" "--data" "/srv/spans"\n');
  await machine.service("install", "--data", "/mnt/other");
  expect(readFileSync(file, "utf8")).toContain('"up" "--data" "/mnt/other"\n');
  // The service runs in another folder than this shell.
  await machine.service("install", "--data", "here");
  expect(readFileSync(file, "utf8")).toContain(`"--data" "${path.join(machine.home, "here")}"\n`);
});

test("tokens that only this shell's environment names are written into the unit", async () => {
  using machine = makeMachine("linux", {
    TURNSPAN_INGEST_TOKEN: "in",
    TURNSPAN_READ_TOKEN: "out",
  });
  await machine.service("install", "--listen", "0.0.0.0");
  expect(readFileSync(path.join(machine.home, SYSTEMD_UNIT), "utf8")).toContain(
    '"up" "--listen" "0.0.0.0" "--ingest-token" "in" "--read-token" "out"\n',
  );
});

test("what turnspan up would refuse, or the service manager does, is said and installs nothing", async () => {
  using machine = makeMachine("linux");
  const wrong = machine.service("install", "--port", "many");
  await expect(wrong).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/many/),
  });
  const open = machine.service("install", "--listen", "0.0.0.0");
  await expect(open).rejects.toMatchObject({ code: "SERVER_OPTIONS_INVALID" });
  expect(machine.calls).toEqual([]);
  machine.answers.set("systemctl --user daemon-reload", {
    code: 1,
    output: "Failed to connect to bus",
  });
  await expect(machine.service("install")).rejects.toMatchObject({
    code: "SERVICE_FAILED",
    message: expect.stringContaining("Failed to connect to bus"),
  });
  expect(existsSync(path.join(machine.home, SYSTEMD_UNIT))).toBe(false);
});

test("a unit that was there stays as it was where a change of it is refused", async () => {
  using machine = makeMachine("linux");
  const file = path.join(machine.home, SYSTEMD_UNIT);
  await machine.service("install");
  const before = readFileSync(file, "utf8");
  machine.answers.set("systemctl --user daemon-reload", { code: 127, output: "" });
  await expect(machine.service("install", "--port", "5000")).rejects.toMatchObject({
    code: "SERVICE_FAILED",
    message: expect.stringContaining("cannot be run here"),
  });
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("other platforms and other words are refused with what to do", async () => {
  using windows = makeMachine("win32");
  await expect(windows.service("install")).rejects.toMatchObject({ code: "SERVICE_FAILED" });
  using linux = makeMachine("linux");
  await expect(linux.service("start")).rejects.toMatchObject({ code: "USAGE" });
  await expect(linux.service("status", "--yaml")).rejects.toMatchObject({ code: "USAGE" });
});
