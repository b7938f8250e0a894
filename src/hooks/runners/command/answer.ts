import type { GuardAnswer } from "../../entry.ts";
import { toAnswer } from "../guard-answer.ts";
import type { ProcessEnd } from "./process-tree.ts";

/** The exit code that means: stop this, and standard error says why. */
const EXIT_BLOCK = 2;

/** Longest text of a command that goes into a reason or an error. */
const MAX_TEXT = 500;

/**
 * What the end of a command means, as CLI agents have it: exit 0 with a JSON decision on standard output,
 * exit 2 blocks where the hook may block. Throws for everything else: that is a failure.
 */
export function readAnswer(end: ProcessEnd, canBlock: boolean): GuardAnswer | undefined {
  const said = lastWords(end.stderr.text);
  if (end.timedOut) throw new Error("its time was up; it was ended");
  if (end.code === 0) return canBlock ? readDecision(end) : undefined;
  if (end.code === EXIT_BLOCK && canBlock) return { abort: true, reason: said || undefined };
  const how =
    end.code === null ? `ended by ${end.signal ?? "the system"}` : `exit code ${end.code}`;
  throw new Error(said === "" ? how : `${how}: ${said}`);
}

function lastWords(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= MAX_TEXT ? trimmed : `…${trimmed.slice(-MAX_TEXT)}`;
}

/** Text that is no JSON object is what a command just prints; a broken object was meant as a decision. */
function readDecision({ stdout }: ProcessEnd): GuardAnswer | undefined {
  const text = stdout.text.trim();
  if (!text.startsWith("{")) return undefined;
  if (stdout.droppedBytes > 0) throw new Error("its decision is too long");
  return toAnswer(parseObject(text));
}

function parseObject(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch (cause) {
    throw new Error("its decision is no valid JSON", { cause });
  }
}
