import type { Abort } from "../../lifecycle/hand-over.ts";
import { failAfter } from "../../sdk/deadline.ts";
import type { CaptureService } from "./capture-service.ts";
import { type Fields, isFields, text } from "./fields.ts";
import { BLOCKED_EVENT, momentId } from "./hook-moment.ts";
import { leaveEvent, type PostedEvent } from "./leave-event.ts";

/** A little more than all guards together may take, and less than what asks waits for. */
const GUARDS_MS = 15_000;
const GOES_ON = "{}";
const DEFAULT_REASON = "aborted by hook";

/**
 * Takes a prompt that its agent holds back, asks the `beforeTurn` hooks, and resolves to the agent's answer:
 * JSON that every agent takes that can be blocked. Rejects where they are not heard in time.
 */
export async function answerPrompt(
  service: CaptureService,
  dataFolder: string,
  posted: PostedEvent,
): Promise<string> {
  await leaveEvent(dataFolder, posted);
  await service.takeNew();
  const payload = parseFields(posted.event);
  const sessionId = text(payload?.["session_id"]);
  if (payload === undefined || sessionId === undefined) return GOES_ON;
  const asked = service.verdictOf(posted.agent, sessionId, momentId(payload));
  const verdict = asked && (await failAfter(GUARDS_MS, asked));
  if (verdict?.abort !== true) return GOES_ON;
  await leaveEvent(dataFolder, { ...posted, event: blockedEvent(payload, verdict) });
  await service.takeNew();
  return JSON.stringify({ decision: "block", reason: verdict.reason ?? DEFAULT_REASON });
}

/** What is kept of the decision: a server that is started again knows of it too. */
function blockedEvent(payload: Fields, { reason = DEFAULT_REASON, hook }: Abort): string {
  const { session_id, transcript_path, cwd, prompt_id, turn_id } = payload;
  const about = { session_id, transcript_path, cwd, prompt_id, turn_id, reason, hook };
  const timestamp = new Date().toISOString();
  return JSON.stringify({ ...about, timestamp, hook_event_name: BLOCKED_EVENT });
}

function parseFields(event: Uint8Array | string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(event).toString("utf8"));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
