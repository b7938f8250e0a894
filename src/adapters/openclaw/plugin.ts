import { claimButtons } from "./buttons.ts";
import type { SentTokens } from "./channel.ts";
import { registerCommands } from "./commands.ts";
import { registerMethods } from "./gateway-methods.ts";
import { guardRuns, guardToolCalls } from "./guards.ts";
import type { HostApi } from "./host-api.ts";
import { ObservationService } from "./service.ts";
import { sharedState } from "./shared-state.ts";
import { listen, seesConversations } from "./taps.ts";

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
    const sent: SentTokens = new Map();
    listen(api, state);
    if (seesConversations(api)) guardRuns(api, state);
    guardToolCalls(api, state);
    claimButtons(api, state, sent);
    registerMethods(api, state);
    registerCommands(api, state);
    const service = new ObservationService(api, state, sent);
    api.registerService({
      id: "turnspan",
      start: (context) => service.start(context),
      stop: () => service.stop(),
    });
  },
};

// biome-ignore lint/style/noDefaultExport: the host loads a plugin by its default export.
export default plugin;
