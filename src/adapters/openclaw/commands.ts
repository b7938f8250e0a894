import type { HostApi } from "./host-api.ts";
import type { SharedState } from "./shared-state.ts";
import { readStatus, statusText } from "./status.ts";

const NAME = "turnspan";

/** `/turnspan` in chats, and `openclaw turnspan` in a shell. */
export function registerCommands(api: HostApi, state: SharedState): void {
  api.registerCommand({
    name: NAME,
    description: "How Turnspan is doing",
    acceptsArgs: false,
    handler: async () => ({ text: statusText(await readStatus(api, state)) }),
  });
  api.registerCli(
    ({ program, config }) => {
      const root = program.command(NAME).description("Turnspan: sessions, turns, hooks and cost");
      const add = (name: CommandName, description: string): void => {
        root
          .command(name)
          .description(description)
          .option("--json", "Print JSON")
          .action(async (options) => {
            const { runCommand } = await import("./cli-commands.ts");
            await runCommand(name, { config, isJson: options["json"] === true });
          });
      };
      add("status", "What the gateway's plugin records, and where to");
      add("doctor", "What keeps telemetry from arriving, and how to mend it");
      add("test", "Runs one turn and follows it to its receiver");
    },
    {
      descriptors: [{ name: NAME, description: "Turnspan telemetry", hasSubcommands: true }],
    },
  );
}

/** The commands of `openclaw turnspan`. */
export type CommandName = "status" | "doctor" | "test";
