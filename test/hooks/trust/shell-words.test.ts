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

test.each(["'", '"', "\\", "$(", "`", "<<<", ">", "a'b", '"$('.repeat(50), " ".repeat(5000)])(
  "the odd line %j ends",
  (line) => {
    const beganAt = performance.now();
    splitCommand(line);
    expect(performance.now() - beganAt).toBeLessThan(200);
  },
);
