import {
  createTurnspan,
  type Session,
  type Turn,
  type TurnspanOptions,
} from "../../../src/index.ts";
import { type Agent, runSteps } from "./bare-agent.ts";
import {
  actor,
  agent,
  callModel,
  callTool,
  type ModelWork,
  PATCH_SOURCE,
  patchOf,
  priceOf,
  session,
  type ToolWork,
} from "./workload.ts";

const turnInfo = { provider: agent.provider, model: agent.model };
const patchInfo = { actor, source: PATCH_SOURCE };

/** The turn by the public API. */
export class OurAgent implements Agent {
  readonly #session: Session;

  constructor(options: TurnspanOptions) {
    const turnspan = createTurnspan({ ...options, price: ({ usage }) => priceOf(usage) });
    const { key: sessionKey, id: sessionId } = session;
    this.#session = turnspan.openSession({ sessionKey, sessionId, agentId: agent.id });
  }

  turn(): Promise<string> {
    return this.#session.turn(turnInfo, (turn) =>
      runSteps({
        model: (work) => modelCall(turn, work),
        tool: (work) => toolCall(turn, work),
        patch: () => this.#patchTwice(turn),
      }),
    );
  }

  end(): void {
    this.#session.end();
  }

  #patchTwice(turn: Turn): void {
    const [model, thinking] = patchOf(turn.turnIndex);
    this.#session.patch(model, patchInfo);
    this.#session.patch(thinking, patchInfo);
  }
}

const modelCall = (turn: Turn, work: ModelWork): Promise<ModelWork> =>
  turn.modelCall({ provider: work.provider, model: work.model }, async (call) => {
    const answer = await callModel(work);
    const { responseModel: model, responseId: id, usage, stopReason } = answer;
    call.response({ model, id, usage, stopReason });
    return answer;
  });

const toolCall = (turn: Turn, work: ToolWork): Promise<string> =>
  turn.toolCall({ name: work.name, callId: work.callId }, () => callTool(work));
