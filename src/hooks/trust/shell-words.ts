/** A word of a command line, unquoted. */
interface Word {
  readonly text: string;
  /** Something is written there: what it names is made by the command, and is no part of it. */
  readonly isOutput: boolean;
}

/** Quoted parts and escapes belong to a word; operators end it. */
const TOKEN =
  /'([^']*)'|"((?:\\.|[^"\\])*)"|\\([\s\S])|(\d*&?>>?[|&]?)|([\s;|&<()`]|\$\()|([^\s;|&<>()`'"\\$]+|\$)/g;

/**
 * The words of a shell's command line, as far as they can be known without running it; for finding the
 * files that a command names. What it writes to is left out: such files change with each run.
 */
export function splitCommand(line: string): readonly string[] {
  return readWords(line)
    .filter(({ isOutput }) => !isOutput)
    .flatMap(({ text }) => (NESTED.test(text) ? [text, ...splitCommand(text)] : [text]));
}

/** A quoted word may be a command line itself, or hold one: `sh -c "./a.sh b"`, `"$(./c.sh)"`. */
const NESTED = /[\s`]|\$\(/;

function readWords(line: string): Word[] {
  const words: Word[] = [];
  let current: string | undefined;
  let isOutput = false;
  const end = (): void => {
    if (current === undefined) return;
    words.push({ text: current, isOutput });
    current = undefined;
    isOutput = false;
  };
  for (const [, single, double, escaped, output, separator, plain] of line.matchAll(TOKEN)) {
    const part = single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain;
    if (part !== undefined) current = (current ?? "") + part;
    if (output === undefined && separator === undefined) continue;
    end();
    if (output !== undefined) isOutput = true;
    // `> ;` writes nowhere, and what follows is a word again. A space ends nothing.
    else if (separator?.trim() !== "") isOutput = false;
  }
  end();
  return words;
}
