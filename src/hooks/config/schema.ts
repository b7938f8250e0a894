import { z } from "zod";
import { type HookName, hookPoints } from "../points.ts";
import { evenIfWrong, SendAction, Template } from "./actions.ts";
import { HookEntryConfig } from "./hook-entry.ts";

const hookNames = Object.keys(hookPoints) as HookName[];

/** The same value for every hook. `fromEntries` forgets the names, which the list has just given it. */
const forEachHook = <T>(value: T): Readonly<Record<HookName, T>> =>
  Object.fromEntries(hookNames.map((name) => [name, value])) as Record<HookName, T>;

/** Shape 1: what an agent's named hooks send. */
const AgentHook = z.strictObject({ send: SendAction });

/** `false`: this agent does not have the hook that all have by default. */
const OwnAgentHook = z.union([z.literal(false), AgentHook], {
  error: (issue) => (issue.input === true ? "expected an object with send, or false" : undefined),
});

const DefaultHooks = z.strictObject(forEachHook(AgentHook.optional()));
const OwnHooks = z.strictObject(forEachHook(OwnAgentHook.optional())).meta({ id: "agentHooks" });
export type OwnHooks = z.infer<typeof OwnHooks>;

const AgentsSection = z.strictObject({
  defaults: z.strictObject({ hooks: DefaultHooks.optional() }).optional(),
  list: z.array(z.strictObject({ id: z.string().min(1), hooks: OwnHooks.optional() })).optional(),
  entries: z.record(z.string(), z.strictObject({ hooks: OwnHooks.optional() })).optional(),
});
export type AgentsSection = z.infer<typeof AgentsSection>;

/** Shape 3: what CLI agents have in their settings. `timeout` is in seconds, as it is there. */
const CommandHooks = z
  .strictObject({
    matcher: z.string().optional().meta({
      description: "A reason, clear or other for a whole class, a|b for either, * for all.",
    }),
    hooks: z
      .array(
        z.strictObject({
          type: z.literal("command"),
          command: z.string().trim().min(1),
          timeout: z.number().positive().max(600).optional(),
        }),
      )
      .min(1),
  })
  .meta({ id: "commandHooks" });
export type CommandHooks = z.infer<typeof CommandHooks>;

/** The events of CLI agents that have such hooks here, and ours that they are. */
export const commandEvents = {
  SessionStart: "session:start",
  SessionEnd: "session:end",
} as const satisfies Record<string, HookName>;
export type CommandEvent = keyof typeof commandEvents;

const HooksSection = z
  .strictObject({
    ...forEachHook(z.array(HookEntryConfig).optional()),
    SessionStart: z.array(CommandHooks).optional(),
    SessionEnd: z.array(CommandHooks).optional(),
  })
  .superRefine((hooks, context) => {
    for (const hook of hookNames.filter((name) => hookPoints[name] !== "guard")) {
      const entries = Array.isArray(hooks[hook]) ? hooks[hook] : [];
      for (const [index, entry] of entries.entries()) {
        for (const key of ["onFailure", "budget"] as const) {
          if (entry?.[key] === undefined) continue;
          const message = `is for guards only, and ${hook} cannot stop anything`;
          context.addIssue({ code: "custom", path: [hook, index, key], message });
        }
      }
    }
  }, evenIfWrong);
export type HooksSection = z.infer<typeof HooksSection>;

const AllowedTarget = z.string().superRefine((text, context) => {
  const message = describeAllowedTarget(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

function describeAllowedTarget(text: string): string | undefined {
  const isRange = /^[0-9A-Fa-f.:]+\/\d{1,3}$/.test(text);
  const isTarget = /^(\[[0-9A-Fa-f:.]+\]|[^\s/:[\]]+):\d{1,5}$/.test(text);
  return isRange || isTarget
    ? undefined
    : "expected host:port such as 127.0.0.1:8080, or a range such as 10.1.0.0/16";
}

/** The sections of a config file that are about hooks; `sdk` adds its own to them. */
export const hookSections = {
  $schema: z.string().optional(),
  agents: AgentsSection.optional(),
  hooks: HooksSection.optional(),
  send: z
    .strictObject({ defaultMessage: Template.min(1).optional() })
    .optional()
    .meta({ description: "For every send that does not say otherwise." }),
  http: z
    .strictObject({ allow: z.array(AllowedTarget).optional() })
    .optional()
    .meta({
      description: "Addresses of this machine and of private networks that requests may go to.",
    }),
} as const;

/** A config file as far as hooks go; how telemetry is sent is not their business. */
export const HooksConfig = z.strictObject({ ...hookSections, telemetry: z.unknown().optional() });
export type HooksConfig = z.infer<typeof HooksConfig>;
export type HooksConfigInput = z.input<typeof HooksConfig>;
