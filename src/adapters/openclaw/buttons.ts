import { TOKEN } from "./channel.ts";
import { text } from "./fields.ts";
import type { HostApi, InteractiveContext } from "./host-api.ts";
import type { SharedState } from "./shared-state.ts";
import { findRunToStop, stopRun } from "./stop.ts";

const CHANNELS = ["telegram", "discord", "slack"] as const;
const STOP = "stop";

/** Claims the presses of buttons that stop something. Who may press is the host's decision. */
export function claimButtons(api: HostApi, state: SharedState): void {
  for (const channel of CHANNELS) {
    for (const namespace of [STOP, TOKEN]) {
      api.registerInteractiveHandler({
        channel,
        namespace,
        handler: async (context) => {
          if (context.auth?.isAuthorizedSender !== false) await press(api, state, context);
          return { handled: true };
        },
      });
    }
  }
}

async function press(api: HostApi, state: SharedState, context: InteractiveContext): Promise<void> {
  try {
    const refusal = await stopByValue(api, state, readValue(state, context));
    const { respond, callback } = context;
    if (refusal !== undefined) await respond?.reply?.({ text: refusal });
    else
      await respond?.editMessage?.({ text: `${callback?.messageText ?? ""}\n\nStopped.`.trim() });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    api.logger.warn(`turnspan: the button could not do its work: ${why}`);
    await context.respond?.reply?.({ text: `That did not work: ${why}` }).catch(() => undefined);
  }
}

/** What a button stands for; a token only in the conversation that it was sent to. */
function readValue(
  { observation, sentTokens }: SharedState,
  { callback, conversationId }: InteractiveContext,
): string | undefined {
  const data = callback?.data ?? "";
  if (!data.startsWith(`${TOKEN}:`)) return data;
  const known = sentTokens.get(data);
  const isHere = known?.to.endsWith(text(conversationId) ?? "\0") === true;
  if (!isHere) return undefined;
  return observation?.telemetry.configured?.tokens.redeem(data, known.owner);
}

/** Undefined where it was stopped, else why not. */
async function stopByValue(
  api: HostApi,
  { observation }: SharedState,
  value: string | undefined,
): Promise<string | undefined> {
  if (value === undefined || observation === undefined) return "This button is no longer good.";
  if (!value.startsWith(`${STOP}:`)) return `Nothing here understands ${value}.`;
  const found = findRunToStop(observation, value.slice(STOP.length + 1));
  if (typeof found === "string") return found;
  await stopRun(api, found);
  return undefined;
}
