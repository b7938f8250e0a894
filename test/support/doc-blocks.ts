import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./run-example.ts";

export interface DocBlock {
  /** Of a file to write it to; shows page and line. */
  readonly name: string;
  /** A module whose lines have the same numbers as in the page. */
  readonly text: string;
}

const FENCED = /^```ts\n([\s\S]*?)^```$/gm;

/** The TypeScript of a page, each block a module that imports the names it uses and does not declare. */
export function readDocBlocks(page: string): DocBlock[] {
  const text = readFileSync(path.join(root, page), "utf8");
  return [...text.matchAll(FENCED)].map(({ 1: code = "", index }) => {
    const line = text.slice(0, index).split("\n").length + 1;
    const name = `${path.basename(page, ".md")}-${line}.ts`;
    return { name, text: `${importsOf(code)}${"\n".repeat(line - 1)}${code}` };
  });
}

const surroundings = path.join(import.meta.dirname, "doc-surroundings.ts");
const surroundingNames = [
  ...readFileSync(surroundings, "utf8").matchAll(/^export [a-z* ]*?(?:const|function\*?) (\w+)/gm),
].map(([, name = ""]) => name);

function importsOf(code: string): string {
  const names = surroundingNames.filter((name) => uses(code, name));
  return names.length === 0
    ? ""
    : `import { ${names.join(", ")} } from ${JSON.stringify(surroundings)};`;
}

function uses(code: string, name: string): boolean {
  const declared = new RegExp(
    `(?:const|let|using|function) (?:\\{[^}]*\\b${name}\\b|${name}\\b)|^import (?:type )?\\{[^}]*\\b${name}\\b`,
    "m",
  );
  return new RegExp(`(?<![."'\\w-])${name}\\b(?!["'/])`).test(code) && !declared.test(code);
}
