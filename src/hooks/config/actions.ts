import { z } from "zod";
import { findSecretProblem } from "../runners/http/signing-secret.ts";
import { findUnknownNames, templateNameList } from "../runners/send/template.ts";

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

export const Template = z
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

export const HttpUrl = z
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

/** What every action has that sends HTTP requests. */
export const httpShape = {
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

/** A chat is told where others only have a URL. */
export function checkHttp(
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
export const TemporalAction = z.strictObject({
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
export const BudgetAction = z
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
