import { costs } from "./cost.ts";
import { buildDashboard, type DashboardPlan } from "./dashboard.ts";
import { health } from "./health.ts";
import { sessions } from "./sessions.ts";
import { settings } from "./settings.ts";
import { turns } from "./turns.ts";

const PLANS: readonly DashboardPlan[] = [turns, costs, settings, sessions, health];

/** Every dashboard as the text of its file in `json`, by file name. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    PLANS.map((plan) => [
      `${plan.uid}.json`,
      `${JSON.stringify(buildDashboard(plan), undefined, 2)}\n`,
    ]),
  );
}
