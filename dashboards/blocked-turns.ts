import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { stat } from "./panels.ts";
import { growth, TURNS_SOURCE, turnsOf } from "./queries.ts";

/** Stands beside the turns, and beside what guards decided. */
export const blockedTurns = (): Builder<Panel> =>
  stat({
    title: "Blocked turns",
    source: TURNS_SOURCE,
    expr: growth(turnsOf('="blocked"')),
    unit: "short",
    decimals: 0,
  });
