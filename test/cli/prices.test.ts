import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pricesCommand } from "../../src/cli/commands/prices.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { runCli } from "../../src/cli/run.ts";

interface PricesRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A home folder of its own, and `turnspan prices` in it, on 2026-11-21. */
function openHome(env?: Readonly<Record<string, string>>) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "turnspan-home-"));
  const context: CliContext = {
    env: env ?? { HOME: folder.path },
    cwd: folder.path,
    stdout: { write: () => undefined },
    stderr: { write: () => undefined },
    now: () => Date.parse("2026-11-21T12:00:00Z"),
    fetch: () => Promise.reject(new Error("no network")),
    signal: new AbortController().signal,
  };
  const run = async (...args: readonly string[]): Promise<PricesRun> => {
    const texts = { out: "", err: "" };
    const code = await pricesCommand.run(args, {
      ...context,
      stdout: { write: (text) => (texts.out += text) },
      stderr: { write: (text) => (texts.err += text) },
    });
    return { code, ...texts };
  };
  const file = join(folder.path, ".config", "turnspan", "prices.json");
  return { run, context, file, [Symbol.dispose]: () => folder.remove() };
}

test("show says rates, tiers, source and validity of a known model", async () => {
  using home = openHome();
  const { code, out } = await home.run("show", "claude-sonnet-4-5", "--provider", "anthropic");
  expect(code).toBe(0);
  expect(out).toContain("claude-sonnet-4-5 on 2026-11-21T12:00:00Z\n");
  expect(out).toContain("Source: genai-prices 0.1.8, entry anthropic/claude-sonnet-4-5\n");
  expect(out).toContain("Holds: always\n");
  expect(out).toMatch(/input +3; 6 above 200,000 input tokens\n/);
  expect(out).toMatch(/cache read +0\.3;/);
  expect(out).toMatch(/reasoning +as output\n/);
  expect(out).toContain("API list price; your plan may bill differently.");
});

test("show --at says the price of that day, until when it held, and the other ones", async () => {
  using home = openHome();
  const { out } = await home.run("show", "o3", "--at", "2025-01-01");
  expect(out).toContain("o3 on 2025-01-01\n");
  expect(out).toContain("Holds: until 2025-06-10\n");
  expect(out).toMatch(/input +10\n/);
  expect(out).toContain("  from 2025-06-10: input 2, cache read 0.5, output 8 (genai-prices");
});

test("show names the hours of a price that has hours", async () => {
  using home = openHome();
  const { out } = await home.run("show", "deepseek-chat", "--at", "2025-03-01T12:00:00Z");
  expect(out).toContain("Holds: daily 00:30–16:30 UTC\n");
});

test("show says the price of each request, and what token counts cannot price", async () => {
  using home = openHome();
  expect((await home.run("show", "sonar-pro", "--provider", "perplexity")).out).toMatch(
    /each request +0\.014 USD\n/,
  );
  expect((await home.run("show", "claude-sonnet-4-5")).out).toContain(
    "Not counted: web_searches_kcount\n",
  );
});

test("show of an unknown model says the command that adds it, and exits with 1", async () => {
  using home = openHome();
  const { code, out, err } = await home.run("show", "my model", "--provider", "acme");
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("No price is known for my model at provider acme on 2026-11-21T12:00:00Z.");
  expect(err).toContain(
    "\n  turnspan prices add 'my model' --provider acme --input USD --output USD\n",
  );
});

test("show of a model that is known elsewhere says where", async () => {
  using home = openHome();
  const { code, err } = await home.run("show", "gpt-5", "--provider", "anthropic");
  expect(code).toBe(1);
  expect(err).toContain("turnspan prices show gpt-5 --provider openai\n");
});

test("show of a model that is priced by the hour says so, and exits with 1", async () => {
  using home = openHome();
  const { code, err } = await home.run("show", "whisper-1");
  expect(code).toBe(1);
  expect(err).toContain("not by tokens: audio_hours, input_audio_hours.");
});

test("show --json prints one document, for a known and for an unknown model", async () => {
  using home = openHome();
  const known = await home.run("show", "o3", "--at", "2025-01-01", "--json");
  expect(JSON.parse(known.out)).toMatchObject({
    model: "o3",
    provider: null,
    at: "2025-01-01T00:00:00.000Z",
    price: {
      source: "genai-prices",
      sourceVersion: "0.1.8",
      provider: "openai",
      model: "o3",
      from: null,
      until: "2025-06-10T00:00:00.000Z",
      usdPerMillionTokens: { input: { usd: 10, tiers: [] }, output: { usd: 40, tiers: [] } },
      usdPerRequest: null,
    },
    others: [{ from: "2025-06-10T00:00:00.000Z", until: null }],
  });
  const unknown = await home.run("show", "acme-1", "--json");
  expect(unknown.code).toBe(1);
  expect(JSON.parse(unknown.out)).toMatchObject({ model: "acme-1", price: null, others: [] });
});

test("show without a model lists the user's entries and the built-in data", async () => {
  using home = openHome();
  const empty = await home.run("show");
  expect(empty.out).toBe(
    `Your prices (${home.file}): none\nBuilt in: genai-prices 0.1.8, 1694 models\n`,
  );
  await home.run("add", "acme-1", "--provider", "acme", "--input", "3", "--output", "15");
  expect((await home.run("show")).out).toContain("\n  acme-1 (acme): input 3, output 15; always\n");
  expect(JSON.parse((await home.run("show", "--json")).out)).toEqual({
    user: {
      file: home.file,
      entries: [{ provider: "acme", model: "acme-1", inputPerMillion: 3, outputPerMillion: 15 }],
    },
    library: { name: "genai-prices", version: "0.1.8", modelCount: 1694 },
  });
});

test("add writes the entry and prints what applies now", async () => {
  using home = openHome();
  const rates = ["--input", "3", "--output", "15.5", "--cache-read", ".3", "--cache-write", "4"];
  const { code, out } = await home.run("add", "acme-1", ...rates);
  expect(code).toBe(0);
  expect(out).toContain(`Added acme-1 in ${home.file}\n`);
  expect(out).toContain(`Source: your file ${home.file}, entry acme-1\n`);
  expect(out).toMatch(/input +3\n +cache read +0\.3\n +cache write +4\n/);
  expect(JSON.parse(readFileSync(home.file, "utf8"))).toEqual({
    version: 1,
    prices: [
      {
        model: "acme-1",
        inputPerMillion: 3,
        outputPerMillion: 15.5,
        cacheReadPerMillion: 0.3,
        cacheWritePerMillion: 4,
      },
    ],
  });
  expect(statSync(home.file).mode & 0o777).toBe(0o600);
});

test("add keeps other entries and replaces the one with the same model, provider and date", async () => {
  using home = openHome();
  await home.run("add", "acme-1", "--input", "1", "--output", "1");
  await home.run("add", "acme-1", "--input", "2", "--output", "2", "--provider", "acme");
  await home.run("add", "acme-1", "--input", "3", "--output", "3", "--from", "2027-01-01");
  const { out } = await home.run("add", "ACME-1", "--input", "4", "--output", "4");
  expect(out).toContain("Replaced ACME-1");
  expect(out).toContain("Holds: until 2027-01-01\n");
  const { prices } = JSON.parse(readFileSync(home.file, "utf8"));
  expect(prices).toEqual([
    { provider: "acme", model: "acme-1", inputPerMillion: 2, outputPerMillion: 2 },
    { model: "acme-1", inputPerMillion: 3, outputPerMillion: 3, from: "2027-01-01" },
    { model: "ACME-1", inputPerMillion: 4, outputPerMillion: 4 },
  ]);
});

test("add says which built-in price its own now hides", async () => {
  using home = openHome();
  const { out } = await home.run("add", "claude-*", "--input", "0", "--output", "0");
  expect(out).toContain("entry claude-*\n");
  const shown = await home.run("show", "claude-sonnet-4-5");
  expect(shown.out).toMatch(/always: input 3, .*\(not used, genai-prices 0\.1\.8/);
});

test("a broken price file is an error that names it, and add leaves it as it is", async () => {
  using home = openHome();
  await home.run("add", "acme-1", "--input", "1", "--output", "1");
  const broken = '{"version": 1, "prices": [{"model": "x"}]}';
  writeFileSync(home.file, broken);
  for (const args of [["show"], ["show", "o3"], ["add", "y", "--input", "1", "--output", "1"]]) {
    await expect(home.run(...args)).rejects.toMatchObject({
      code: "PRICES_FILE_INVALID",
      message: expect.stringContaining(`${home.file} has wrong values:\n  prices[0].inputPer`),
    });
  }
  expect(readFileSync(home.file, "utf8")).toBe(broken);
});

test.each([
  ["frob", "USAGE", 'turnspan prices has no action "frob"; it has show, add'],
  ["show --foo", "USAGE", "Unknown option '--foo'; see turnspan prices show --help"],
  ["show --at", "USAGE", "Option '--at <value>' argument missing; see turnspan prices show --help"],
  ["show a b", "USAGE", 'One MODEL only; "b" is one too many'],
  [
    "show a --at tomorrow",
    "PRICES_USAGE",
    '--at "tomorrow" is no date; write 2026-11-21 or 2026-11-21T09:30:00Z',
  ],
  ["add", "USAGE", "turnspan prices add needs MODEL, --input USD, --output USD"],
  ["add a --input 1", "USAGE", "turnspan prices add needs --output USD"],
  [
    "add a --input -3 --output 1",
    "USAGE",
    '--input needs a value, and "-3" starts with a dash; see turnspan prices add --help',
  ],
  [
    "add a --input USD --output USD",
    "PRICES_USAGE",
    '--input "USD" is no price; give US dollars per million tokens, such as 3 or 0.25',
  ],
  [
    "add a*b --input 1 --output 1",
    "PRICES_USAGE",
    'MODEL "a*b": expected a model\'s name, with * at its start or end only',
  ],
])("prices %s is refused in one clear line", async (line, code, message) => {
  using home = openHome();
  await expect(home.run(...line.split(" "))).rejects.toMatchObject({ code, message });
});

test("without a home folder the built-in prices are shown, and add says what to set", async () => {
  using home = openHome({});
  expect((await home.run("show", "o3")).code).toBe(0);
  await expect(home.run("add", "a", "--input", "1", "--output", "1")).rejects.toMatchObject({
    code: "PRICES_USAGE",
    message: "No place for the price file: set HOME or XDG_CONFIG_HOME",
  });
});

test.for([[], ["--help"], ["show", "--help"], ["add", "-h"]])(
  "every action has its help: %j",
  async (args) => {
    using home = openHome();
    const texts = { out: "" };
    const code = await runCli(["prices", ...args], {
      ...home.context,
      stdout: { write: (text) => (texts.out += text) },
    });
    expect(code).toBe(0);
    expect(texts.out).toMatch(
      new RegExp(`^Usage: turnspan prices ${args.length > 1 ? args[0] : ""}`),
    );
  },
);
