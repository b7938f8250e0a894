import { expect, test } from "vitest";
import { splitCommand } from "../../../src/hooks/trust/shell-words.ts";

test.each([
  ["node ./hooks/session-end.js", ["node", "./hooks/session-end.js"]],
  ["rm -f ./cache/*.txt", ["rm", "-f", "./cache/*.txt"]],
  ['\'./a b.sh\' "c\\"d" e\\ f', ["./a b.sh", "./a", "b.sh", 'c"d', "e f", "e", "f"]],
  ["./x.sh 2>&1 | tee y > z; ./w", ["./x.sh", "tee", "y", "./w"]],
  ["echo hi >>./logs/a.log 2>./b &>c", ["echo", "hi"]],
  ["cd a&&./b||./c&./d", ["cd", "a", "./b", "./c", "./d"]],
  ["A=./c ./d <./in", ["A=./c", "./d", "./in"]],
  ['"$CLAUDE_PROJECT_DIR"/hooks/x.sh', ["$CLAUDE_PROJECT_DIR/hooks/x.sh"]],
  ["(./a; { ./b; })", ["./a", "{", "./b", "}"]],
  ["sh -c './x.sh a >> log'", ["sh", "-c", "./x.sh a >> log", "./x.sh", "a"]],
  ['echo "$(./y.sh)" `./z`', ["echo", "$(./y.sh)", "./y.sh", "./z"]],
  ["", []],
])("%j has the words %j", (line, words) => {
  expect(splitCommand(line)).toEqual(words);
});

test.each([
  ["'", 1],
  ["<<<", 0],
  ["a'b", 1],
  ['"$(', 10_000],
  ['"\\', 1],
  ['"a b', 30_001],
  ["$(", 0],
  ["` ", 0],
])("a long line of %j is split before anybody gets tired of it", (part, words) => {
  // The deadline of this test is what a pattern that backtracks would miss.
  expect(splitCommand(part.repeat(20_000))).toHaveLength(words);
});
