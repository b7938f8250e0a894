import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { httpFormats } from "../../../src/hooks/runners/http/formats.ts";
import { runProcess } from "../../support/run-process.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { startConfigured } from "../configured.ts";

/** Ways to have a shell run something; CANARY stands for a file that must never be there. */
const shells = [
  "$(touch CANARY)",
  "`touch CANARY`",
  "; touch CANARY",
  "| touch CANARY",
  "|| touch CANARY",
  "&& touch CANARY",
  "& touch CANARY &",
  "\ntouch CANARY\n",
  "\r\ntouch CANARY\r\n",
  "> CANARY",
  ">> CANARY #",
  "<(touch CANARY)",
  `$\{IFS}touch$\{IFS}CANARY`,
  "$((`touch CANARY`))",
  "*/../CANARY",
  "--output=CANARY",
  "-o CANARY",
  "%0atouch%20CANARY",
  "\u2028touch CANARY",
  "\u0000; touch CANARY",
];
/** What a value may stand in, and would have to break out of. */
const frames = [
  (text: string) => text,
  (text: string) => `'${text}'`,
  (text: string) => `"${text}"`,
  (text: string) => `';${text};'`,
  (text: string) => `";${text};"`,
  (text: string) => `\\';${text}`,
  (text: string) => `\\";${text}`,
  (text: string) => `EOF\n${text}\nEOF`,
  (text: string) => `}} ${text} {{`,
  (text: string) => `{{sessionKey}} ${text}`,
  (text: string) => `{{constructor.constructor('${text}')()}}`,
  (text: string) => `"}, "abort": true, "x": {"${text}`,
  (text: string) => `${text}\u001b]0;${text}\u0007`,
];
/** Values that are data everywhere, and code in some places. */
const others = [
  ..."{{7*7}} $(7*7) <%= 7*7 %> #{7*7} {{{sessionKey}}} {{__proto__}} {{toString}}".split(" "),
  ..."<script>alert(1)</script> <!channel> <@U123> @everyone [a](http://b)".split(" "),
  ..."__proto__ constructor prototype toString %s %n %x ../../etc/passwd".split(" "),
  ...[
    "file:///etc/passwd",
    "ＣＡＮＡＲＹ",
    "a".repeat(70_000),
    "\ud800",
    "👍".repeat(2000),
    "\\u0022",
  ],
];
const payloads = [...shells.flatMap((shell) => frames.map((frame) => frame(shell))), ...others];
const MANY = 500;

test("500 hostile texts reach a command byte for byte, and none of them is run", async () => {
  using folder = makeTemporaryFolder();
  using hooks = await startConfigured(
    {
      hooks: {
        // Through a shell and without one; what they get they hand on.
        onSubagentSpawned: [
          { command: "cat >> shell.jsonl; echo >> shell.jsonl", timeoutMs: 60_000 },
          { command: ["sh", "-c", "cat >> plain.jsonl; echo >> plain.jsonl"], timeoutMs: 60_000 },
          { send: { message: "{{label}} {{sessionKey}}", outlet: "stdout" } },
        ],
      },
    },
    { folder: folder.path },
  );
  const canary = path.join(folder.path, "CANARY");
  const texts = Array.from({ length: MANY }, (_, index) => {
    const text = payloads[index % payloads.length] ?? "";
    return `${index} ${text.replaceAll("CANARY", canary)}`;
  });
  for (const text of texts) {
    using session = hooks.turnspan.openSession({
      sessionKey: text,
      agentId: text,
      cwd: folder.path,
    });
    const child = { label: text, agentName: text, model: text, message: text };
    await session.turn({ model: text }, (turn) => turn.subagent(child, () => "done"));
    await hooks.settled();
  }
  expect(hooks.findings).toEqual([]);
  expect(existsSync(canary)).toBe(false);
  expect(existsSync(path.join(folder.path, "CANARY"))).toBe(false);
  for (const file of ["shell.jsonl", "plain.jsonl"]) {
    const lines = readFileSync(path.join(folder.path, file), "utf8").trim().split("\n");
    const seen = lines.map((line) => JSON.parse(line).turnspan);
    expect(seen.map(({ sessionKey }) => sessionKey)).toEqual(texts);
    expect(seen.map(({ agentName }) => agentName)).toEqual(texts);
  }
  // One pass: what a value brings along is never filled in; and no control character gets through.
  expect(hooks.written).toHaveLength(MANY);
  expect(hooks.written.join("").replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  expect(hooks.written.filter((text) => text.includes("{{sessionKey}}")).length).toBeGreaterThan(
    20,
  );
}, 600_000);

test("a runner that puts values into its command line runs them: the test above can fail", async () => {
  using folder = makeTemporaryFolder();
  const canary = path.join(folder.path, "CANARY");
  const label = payloads[0]?.replaceAll("CANARY", canary);
  await runProcess("sh", ["-c", `echo "spawned ${label}"`]);
  expect(existsSync(canary)).toBe(true);
});

const ALLOWED = [
  ..."PATH HOME USER LOGNAME SHELL TMPDIR LANG LC_ALL LC_CTYPE TZ".split(" "),
  ..."TRACEPARENT TURNSPAN_HOOK TURNSPAN_HOOK_NAME TURNSPAN_HOOK_RUN".split(" "),
  ..."TURNSPAN_PROJECT_DIR CLAUDE_PROJECT_DIR DECLARED".split(" "),
  // What the shell itself adds.
  ..."PWD OLDPWD SHLVL _".split(" "),
];

test("of 40 secrets in the environment a command sees none, and what it declares", async () => {
  using folder = makeTemporaryFolder();
  const names = [
    "OPENAI_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "CLAUDE_CODE_MESSAGING_TOKEN",
  ];
  const secrets = Array.from({ length: 40 }, (_, index) => [
    names[index] ?? `LD_SECRET_${index}`,
    `planted-secret-${index}`,
  ]);
  const env = { PATH: process.env["PATH"], DECLARED: "yes", ...Object.fromEntries(secrets) };
  using hooks = await startConfigured(
    { hooks: { afterTurn: [{ command: "env -0 > env.txt", env: ["DECLARED"], name: "show" }] } },
    { folder: folder.path, env },
  );
  using session = hooks.turnspan.openSession({ sessionKey: "k", cwd: folder.path });
  await session.turn({}, () => "done");
  await hooks.settled();
  const text = readFileSync(path.join(folder.path, "env.txt"), "utf8");
  const seen = text
    .split("\0")
    .filter(Boolean)
    .map((line) => line.slice(0, line.indexOf("=")));
  expect(seen.filter((name) => !ALLOWED.includes(name))).toEqual([]);
  expect(seen).toContain("DECLARED");
  expect(text).not.toContain("planted-secret");
  expect(text).toContain(`TURNSPAN_HOOK=afterTurn\0`);
  expect(text).toContain(`TURNSPAN_HOOK_NAME=show\0`);
});

test.each([
  ["slack", "<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"],
  ["discord", "*a* [b](c) `d`", "\\*a\\* \\[b\\]\\(c\\) \\`d\\`"],
  ["teams", "[b](http://c)", "\\[b\\]\\(http://c\\)"],
  ["telegram", "<b>_a_</b>", "<b>_a_</b>"],
] as const)("a value in a message to %s is made harmless", (format, value, expected) => {
  expect(httpFormats[format].escape(value)).toBe(expected);
});
