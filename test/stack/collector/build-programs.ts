import { downloadKafka } from "./kafka-broker.ts";
import { buildProgram, PROGRAM_NAMES } from "./programs.ts";

/** Before all tests of the stack, one after the other: two that need the same program would build it twice. */
export async function setup(): Promise<void> {
  for (const name of PROGRAM_NAMES) await buildProgram(name);
  await downloadKafka();
}
