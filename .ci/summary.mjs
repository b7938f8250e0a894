// Prints the failing tests of the suites and, as its last line, the count: summary.mjs FOLDER SUITE...
// It runs on any Node, because it must also speak where the install failed.
import { readFileSync } from "node:fs";
import path from "node:path";

const [folder = ".reports", ...suites] = process.argv.slice(2);
const root = path.dirname(path.resolve(folder));
let passed = 0;
let failed = 0;

function readReport(suite) {
  try {
    return JSON.parse(readFileSync(path.join(folder, `${suite}.json`), "utf8"));
  } catch {
    return undefined;
  }
}

function printFailure(suite, file, title, message) {
  console.log(
    `\nFAILED ${suite}: ${path.relative(root, file)}${title ? `: ${title}` : ""}\n${message}`,
  );
}

/** A file that could not be loaded, or whose hooks failed, has no failing test: it counts as one. */
function countFile(suite, { name, status, message, assertionResults }) {
  const failures = assertionResults.filter((test) => test.status === "failed");
  passed += assertionResults.filter((test) => test.status === "passed").length;
  failed += failures.length;
  for (const { fullName, failureMessages } of failures) {
    printFailure(suite, name, fullName, failureMessages.join("\n"));
  }
  if (status === "failed" && failures.length === 0) {
    failed += 1;
    printFailure(suite, name, "", message);
  }
}

for (const suite of suites) {
  const report = readReport(suite);
  if (report === undefined) {
    console.log(`\nFAILED ${suite}: it left no results`);
    process.exitCode = 1;
    continue;
  }
  for (const file of report.testResults) countFile(suite, file);
  if (!report.success) process.exitCode = 1;
}
if (failed > 0 || passed === 0) process.exitCode = 1;
console.log(`${passed} passed, ${failed} failed`);
