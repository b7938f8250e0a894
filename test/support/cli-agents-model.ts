import { afterAll, beforeAll } from "vitest";
import { installAgents, type Lab, type Model, startModel } from "../stack/cli-agents/lab.ts";
import { startUp, type UpProcess } from "./up-process.ts";

const INSTALL_MS = 900_000;
export const TEST_MS = 600_000;
export const POLL = { timeout: 120_000, interval: 500 };

/** Installs the agents, and starts a model for all tests of a file, which the tests get from what is returned. */
export function withModel(): () => Model {
  let model: Model | undefined;
  beforeAll(async () => {
    await installAgents();
    model = await startModel();
  }, INSTALL_MS);
  afterAll(() => model?.[Symbol.dispose]());
  return () => {
    if (model === undefined) throw new Error("the model runs only while tests do");
    return model;
  };
}

/** Starts the server outside the agents' network, on their data. */
export const up = (lab: Lab): Promise<UpProcess> =>
  startUp(lab.data, [], { PATH: process.env["PATH"], HOME: lab.home });
