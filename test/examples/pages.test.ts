import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { type DocBlock, readDocBlocks } from "../support/doc-blocks.ts";
import { type EndedExample, root, runExample } from "../support/run-example.ts";
import { type EndedProcess, runProcess } from "../support/run-process.ts";

const PAGES = ["README.md", "docs/library.md", "docs/hooks.md"];
const blocks = PAGES.flatMap(readDocBlocks);

const TSC = path.join(root, "node_modules/typescript/bin/tsc");
/** Processes at a time. */
const AT_A_TIME = 4;

interface RunBlock extends DocBlock {
  readonly ended: EndedExample;
}

/** Within the checkout, so that `turnspan` is found by its name. */
async function tryBlocks(): Promise<{ types: EndedProcess; runs: readonly RunBlock[] }> {
  const reports = path.join(root, ".reports");
  await mkdir(reports, { recursive: true });
  await using folder = await mkdtempDisposable(path.join(reports, "pages-"));
  const fileOf = ({ name }: DocBlock): string => path.join(folder.path, name);
  for (const block of blocks) await writeFile(fileOf(block), block.text);
  const project = {
    extends: path.join(root, "tsconfig.json"),
    // What a page shows is often not used on that page.
    compilerOptions: {
      noUnusedLocals: false,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    include: ["*.ts"],
    exclude: [],
  };
  await writeFile(path.join(folder.path, "tsconfig.json"), JSON.stringify(project));
  const types = await runProcess(process.execPath, [TSC, "-p", folder.path], { cwd: root });
  const runs: RunBlock[] = [];
  const left = blocks.values();
  const runRest = async (): Promise<void> => {
    for (const block of left) {
      runs.push({ ...block, ended: await runExample(fileOf(block)) });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, runRest));
  return { types, runs };
}

const { types, runs } = await tryBlocks();

test("the code of every page holds against the compiler", () => {
  expect(blocks.length).toBeGreaterThan(20);
  expect({ code: types.code, output: types.stdout }).toEqual({ code: 0, output: "" });
});

test.for(blocks.map(({ name }) => name))("the code at %s runs to its end", (name) => {
  const ended = runs.find((run) => run.name === name)?.ended;
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" });
});

const printed = (words: string): string | undefined =>
  runs.find(({ text }) => text.includes(words))?.ended.stdout;

test("what the pages say that their code prints is what it prints", () => {
  expect(printed("closed on Sundays")).toBe("the turn was blocked: closed on Sundays\n");
  expect(printed("thirdParty, name, error")).toBe("invoke_agent researcher: no sources found\n");
});

test.for(["README", "library"])("the first program of the page %s sends what it did", (page) => {
  const first = runs
    .filter(({ name }) => name.startsWith(`${page}-`))
    .sort((one, other) => lineOf(one) - lineOf(other))[0];
  const agent = "support";
  expect(first?.ended.sent.spans.map((name) => name.replace(/claude-\S+/, "MODEL"))).toEqual([
    "execute_tool lookup_order",
    "chat MODEL",
    `invoke_agent ${agent}`,
    `session ${agent}`,
  ]);
  expect(first?.ended.sent.records).toEqual([
    "session.start",
    "turnspan.turn.start",
    "turnspan.turn.end",
    "session.end",
  ]);
  expect(first?.ended.sent.metrics).toContain("gen_ai.client.token.usage");
});

const lineOf = ({ name }: DocBlock): number => Number(/\d+/.exec(name)?.[0]);
