import { callModel, callTool, type ModelWork, modelWork, toolWork } from "./workload.ts";

/** An agent: one turn after the other. */
export interface Agent {
  turn(): Promise<string>;
  /** Ends its session. */
  end(): void;
}

/** What a way of instrumenting puts around each piece of the turn. */
export interface Steps {
  model(work: ModelWork): Promise<ModelWork>;
  tool(work: (typeof toolWork)[number][number]): Promise<string>;
  patch(): void;
}

/** The turn itself: model, two tools, two patches, model, three tools, model. */
export async function runSteps(steps: Steps): Promise<string> {
  const [plan, change, sum] = modelWork;
  await steps.model(plan);
  for (const tool of toolWork[0] ?? []) await steps.tool(tool);
  steps.patch();
  await steps.model(change);
  for (const tool of toolWork[1] ?? []) await steps.tool(tool);
  const answer = await steps.model(sum);
  return answer.responseId;
}

/** The turn with nothing around it. */
export const bareAgent: Agent = {
  turn: () => runSteps({ model: callModel, tool: callTool, patch: () => {} }),
  end: () => {},
};
