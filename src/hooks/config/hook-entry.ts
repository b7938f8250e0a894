import { z } from "zod";
import {
  BudgetAction,
  checkHttp,
  evenIfWrong,
  HttpUrl,
  httpShape,
  SendAction,
  Template,
  TemporalAction,
} from "./actions.ts";

const MAX_TIMEOUT_MS = 600_000;

/** What each action is told with: its own key, and further keys that only it has. */
const actionShapes = {
  script: { script: z.string().min(1) },
  command: {
    command: z.union(
      [
        z.string().trim().min(1),
        z.array(z.string()).min(1, "expected a program and its arguments"),
      ],
      {
        error: "expected a command line, or an array of a program and its arguments",
      },
    ),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of a variable"))
      .optional()
      .meta({ description: "Environment variables that the command gets beside the usual few." }),
  },
  url: { url: HttpUrl, ...httpShape, message: Template.min(1).optional() },
  send: { send: SendAction },
  temporal: { temporal: TemporalAction },
  budget: { budget: BudgetAction },
} as const;
type ActionKey = keyof typeof actionShapes;

/** Keys that an entry may have whatever it does. */
const commonShape = {
  name: z.string().min(1).optional().meta({ description: "For logs, records and `hooks run`." }),
  priority: z.number().optional().meta({ description: "Smaller runs earlier. Default 10." }),
  timeoutMs: z
    .int()
    .positive()
    .max(MAX_TIMEOUT_MS)
    .optional()
    .meta({ description: "Default 10,000." }),
  onFailure: z.enum(["open", "closed"]).optional().meta({
    description: "What a guard that fails means: the turn runs (open, default), or does not.",
  }),
  content: z.boolean().optional().meta({
    description: "url, send, temporal: also send what users and agents wrote. Default false.",
  }),
} as const;

const names = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (Array.isArray(given) ? given : [given]));

/** Which moments an entry is for. An empty list matches everything. */
const HookFilter = z.strictObject({
  agentId: names.optional(),
  sessionKey: names
    .optional()
    .meta({ description: "Keys; * at the start or end of one is anything." }),
  workflow: names.optional().meta({ description: 'Turns are of the workflow "agent".' }),
  jobId: names.optional(),
  jobName: names.optional(),
});
export type HookFilter = Readonly<z.infer<typeof HookFilter>>;

const actionKeys = Object.keys(actionShapes) as ActionKey[];

/** One entry of a hook's list: one action, and when and how it runs. */
export const HookEntryConfig = z
  .strictObject({
    ...z.object(actionShapes.script).partial().shape,
    ...z.object(actionShapes.command).partial().shape,
    ...z.object(actionShapes.url).partial().shape,
    ...z.object(actionShapes.send).partial().shape,
    ...z.object(actionShapes.temporal).partial().shape,
    ...z.object(actionShapes.budget).partial().shape,
    ...commonShape,
    filter: HookFilter.optional(),
  })
  .superRefine((entry, context) => {
    const given = actionKeys.filter((key) => entry[key] !== undefined);
    const [action] = given;
    if (action === undefined || given.length > 1) {
      const found = given.length === 0 ? "none" : given.join(" and ");
      const message = `needs exactly one of ${actionKeys.join(", ")}; it has ${found}`;
      context.addIssue({ code: "custom", message });
      return;
    }
    checkKeys(action, entry, context);
    if (action === "url") checkHttp(entry, context);
  }, evenIfWrong)
  .meta({ id: "hookEntry", oneOf: actionKeys.map((key) => ({ required: [key] })) });
export type HookEntryConfig = Readonly<z.infer<typeof HookEntryConfig>>;

/** Keys of one action beside another would be taken for something that is done. */
function checkKeys(action: ActionKey, entry: object, context: z.RefinementCtx): void {
  const own = new Set(Object.keys(actionShapes[action]));
  const foreign = actionKeys
    .flatMap((key) => Object.keys(actionShapes[key]))
    .filter((key) => !own.has(key) && Object.hasOwn(entry, key));
  for (const key of new Set(foreign)) {
    const message = `has no meaning beside ${action}`;
    context.addIssue({ code: "custom", path: [key], message });
  }
}
