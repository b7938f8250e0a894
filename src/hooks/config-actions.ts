import { z } from "zod";
import { findSecretProblem } from "./runners/signing-secret.ts";
import { findUnknownNames, templateNameList } from "./runners/template.ts";

const MAX_TIMEOUT_MS = 600_000;

/** A text that may be secret: as it is, or the environment variable that holds it, read at each use. */
export const SecretText = z
  .union([z.string().min(1), z.strictObject({ env: z.string().min(1) })], {
    error: 'expected a text, or {"env": "NAME"} for an environment variable',
  })
  .meta({
    id: "secretText",
    description: 'A text, or {"env": "NAME"} for an environment variable.',
  });
export type SecretText = z.infer<typeof SecretText>;

const Template = z
  .string()
  .superRefine((text, context) => {
    for (const name of findUnknownNames(text)) {
      const message = `{{${name}}} stands for nothing; there are ${templateNameList}`;
      context.addIssue({ code: "custom", message });
    }
  })
  .meta({ description: `Text in which {{name}} is replaced: ${templateNameList}.` });

/**
 * For checks that look at several keys: Zod would skip them where any one of the keys is wrong, and the
 * user would be told of those problems only the next time. What such a check reads may be wrong itself.
 */
export const evenIfWrong = {
  when: ({ value }: { readonly value: unknown }): boolean =>
    typeof value === "object" && value !== null,
};

const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

const HttpUrl = z
  .union(
    [
      z.string().refine(isHttpUrl, "expected an http or https URL"),
      z.strictObject({ env: z.string().min(1) }),
    ],
    { error: 'expected an http or https URL, or {"env": "NAME"} for an environment variable' },
  )
  .meta({ description: 'A URL, or {"env": "NAME"} for the environment variable that holds it.' });

/** What a receiver of HTTP requests understands. */
const HttpFormat = z
  .enum(["json", "slack", "discord", "telegram", "ntfy", "teams"])
  .meta({ description: "What the receiver understands. Default json: the event as it is." });
export type HttpFormat = z.infer<typeof HttpFormat>;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const SigningSecret = SecretText.superRefine((secret, context) => {
  const problem = typeof secret === "string" ? findSecretProblem(secret) : undefined;
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const httpShape = {
  format: HttpFormat.optional(),
  secret: z
    .union([SigningSecret, z.array(SigningSecret).min(1)])
    .optional()
    .meta({
      description: "Signs requests (Standard Webhooks, whsec_…); several while one is replaced.",
    }),
  headers: z
    .record(z.string().regex(HEADER_NAME, "expected the name of a header"), SecretText)
    .optional(),
  chatId: z
    .union([z.string().min(1), z.int()])
    .optional()
    .meta({ description: "The chat that a message goes to; format telegram only." }),
} as const;

/** A receiver of HTTP requests. */
export const HttpTarget = z
  .strictObject({ url: HttpUrl, ...httpShape })
  .superRefine(checkHttp, evenIfWrong)
  .meta({ id: "httpTarget" });
export type HttpTarget = Readonly<z.infer<typeof HttpTarget>>;

function checkHttp(
  target: { readonly format?: HttpFormat | undefined; readonly chatId?: unknown },
  context: z.RefinementCtx,
): void {
  const isTelegram = target.format === "telegram";
  if (isTelegram === (target.chatId !== undefined)) return;
  const message = isTelegram
    ? "format telegram needs a chatId"
    : "only format telegram has a chatId";
  context.addIssue({ code: "custom", path: ["chatId"], message });
}

/** Formats whose receivers can carry a button that answers. */
const WITH_BUTTONS: ReadonlySet<HttpFormat> = new Set(["json", "slack", "telegram"]);

const Button = z.strictObject({
  text: Template.min(1),
  callback_data: Template.min(1).meta({
    description:
      "What a press sends back. Too long for the receiver, it is kept here under a short token.",
  }),
});

const Outlet = z
  .union([z.literal(["channel", "stdout"]), HttpTarget], {
    error: 'expected "channel", "stdout", or an object with a url',
  })
  .meta({
    description: "Where it goes: the host's channel (default), standard output, or a receiver.",
  });

/** A message with buttons, or either alone. */
export const SendAction = z
  .strictObject({
    message: Template.min(1).optional(),
    buttons: z.array(z.array(Button).min(1)).min(1).optional(),
    defaultMessage: Template.min(1)
      .optional()
      .meta({ description: "Text where there are only buttons. Default: Working…" }),
    outlet: Outlet.optional(),
  })
  .superRefine(({ message, buttons, outlet }, context) => {
    if (message === undefined && buttons === undefined) {
      context.addIssue({ code: "custom", message: "needs a message, buttons, or both" });
    }
    const format = (typeof outlet === "object" ? outlet?.format : undefined) ?? "json";
    if (buttons !== undefined && !WITH_BUTTONS.has(format)) {
      const text = `format ${format} carries no buttons that answer`;
      context.addIssue({ code: "custom", path: ["buttons"], message: text });
    }
  }, evenIfWrong)
  .meta({
    id: "sendAction",
    anyOf: [{ required: ["message"] }, { required: ["buttons"] }],
  });
export type SendAction = Readonly<z.infer<typeof SendAction>>;

/** A signal to the workflow that waits for the session. */
const TemporalAction = z.strictObject({
  signal: z.string().min(1),
  workflowId: z
    .string()
    .min(1)
    .default("workflowId")
    .meta({ description: "The key of the session's metadata that holds the workflow's id." }),
  address: z.string().min(1).default("127.0.0.1:7233"),
  namespace: z.string().min(1).default("default"),
  apiKey: SecretText.optional(),
  tls: z.boolean().optional(),
  start: z
    .strictObject({ workflowType: z.string().min(1), taskQueue: z.string().min(1) })
    .optional()
    .meta({ description: "Starts the workflow with the signal where none is running." }),
});
export type TemporalAction = Readonly<z.infer<typeof TemporalAction>>;

const BUDGET_SCOPES = ["session", "agent", "project", "day"] as const;
const BudgetScope = z.enum(BUDGET_SCOPES);
export type BudgetScope = z.infer<typeof BudgetScope>;

const limits = {
  tokens: z.int().positive().optional(),
  usd: z.number().positive().optional(),
  turns: z.int().positive().optional(),
  consecutiveErrors: z.int().positive().optional(),
} as const;
export type BudgetUnit = keyof typeof limits;

/** Limits that stop the next turn once they are used up. */
const BudgetAction = z
  .strictObject({
    per: z
      .union([BudgetScope, z.array(BudgetScope).min(1)], {
        error: `expected one or several of ${BUDGET_SCOPES.join(", ")}`,
      })
      .transform((per) => (Array.isArray(per) ? per : [per]))
      .meta({ description: "What has a budget of its own; several together: each combination." }),
    ...limits,
    warnAt: z.number().gt(0).lte(1).default(0.8),
    timeZone: z
      .string()
      .refine(isTimeZone, "expected a time zone such as Europe/Berlin")
      .optional()
      .meta({ description: "Where days begin. Default: this machine's time zone." }),
  })
  .superRefine((budget, context) => {
    const units = Object.keys(limits) as BudgetUnit[];
    if (units.some((unit) => budget[unit] !== undefined)) return;
    context.addIssue({ code: "custom", message: `needs a limit: ${units.join(", ")}` });
  }, evenIfWrong);
export type BudgetAction = Readonly<z.infer<typeof BudgetAction>>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** What each action is told with: its own key, and further keys that only it has. */
export const actionShapes = {
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
export type ActionKey = keyof typeof actionShapes;

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
export const HookFilter = z.strictObject({
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
