import { isCliAgent } from "../../adapters/cli-agents/agents.ts";
import { leaveEvent, type PostedEvent } from "../../adapters/cli-agents/leave-event.ts";
import type { TakeHook } from "../../server/hook-route.ts";

/** Takes what hooks of CLI agents post: an event is kept, and a prompt that waits is answered. */
export class PostedHooks {
  readonly #dataFolder: string;
  /** Answers prompts that wait; absent while capture does not run yet. */
  answer: ((posted: PostedEvent) => Promise<string>) | undefined;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
  }

  /** Resolves to what the agent is answered. Rejects where that is not known: what asks decides by itself then. */
  readonly take: TakeHook = async ({ isAsked, ...posted }) => {
    const { agent } = posted;
    if (!isCliAgent(agent)) return undefined;
    if (!isAsked) {
      await leaveEvent(this.#dataFolder, { ...posted, agent });
      return "{}";
    }
    if (this.answer === undefined) throw new Error("capture does not run yet");
    return this.answer({ ...posted, agent });
  };
}
