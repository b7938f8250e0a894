import { claimButtons } from "./buttons.ts";
import { registerCommands } from "./commands.ts";
import { registerMethods } from "./gateway-methods.ts";
import { guardRuns, guardToolCalls } from "./guards.ts";
import type { HostApi } from "./host-api.ts";
import { seesConversations } from "./own-config.ts";
import { ObservationService } from "./service.ts";
import { sharedState } from "./shared-state.ts";
import { listen } from "./taps.ts";

/**
 * OpenClaw's plugin entry. The host loads it several times in a gateway, and in its commands: registering
 * starts nothing, and what runs hangs on the process (`shared-state.ts`).
 */
const plugin = {
  id: "turnspan",
  name: "Turnspan",
  description: "Sessions and turns as OpenTelemetry spans, with lifecycle hooks, cost and audit",
  register(api: HostApi): void {
    const state = sharedState();
    listen(api, state);
    if (seesConversations(api.config)) guardRuns(api, state);
    guardToolCalls(api, state);
    claimButtons(api, state);
    registerMethods(api, state);
    registerCommands(api, state);
    const service = new ObservationService(api, state);
    api.registerService({
      id: "turnspan",
      start: (context) => service.start(context),
      stop: () => service.stop(),
    });
  },
};

// biome-ignore lint/style/noDefaultExport: the host loads a plugin by its default export.
export default plugin;
