/** What the routes of the query API take in their query strings. */
import { z } from "zod";
import { CostGroup } from "./api-report-types.ts";
import { SessionState, TurnState } from "./api-types.ts";

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
};

const limit = (most: number, usual: number) =>
  z.coerce.number().int().min(1).max(most).default(usual);
/** The last millisecond of the year 9999: later ones are no dates to most programs. */
const MAX_TIME_MS = 253_402_300_799_999;
const time = () => z.coerce.number().min(0).max(MAX_TIME_MS).optional();
const range = {
  from: time().describe("Epoch ms, at most 400 days before `to`; default: 30 days before it"),
  to: time().describe("Epoch ms, exclusive; default: now"),
  tz: z.string().refine(isTimeZone, "no IANA time zone").default("UTC").describe("For days"),
};
const filters = { project: z.string().optional(), agent: z.string().optional() };

export const SessionQuery = z.strictObject({
  ...filters,
  state: SessionState.optional(),
  q: z
    .string()
    .max(200)
    .optional()
    .describe("Part of the title, the key or the beginning of the id"),
  limit: limit(200, 50),
  cursor: z.string().optional(),
});
export type SessionQuery = z.infer<typeof SessionQuery>;

export const TurnQuery = z.strictObject({
  ...filters,
  session: z.string().optional().describe("A session's id, or the host's id of it"),
  state: TurnState.optional(),
  errorType: z.string().optional(),
  limit: limit(500, 50),
  cursor: z.string().optional(),
});
export type TurnQuery = z.infer<typeof TurnQuery>;

export const RecordQuery = z.strictObject({
  session: z.string().optional(),
  event: z.string().optional(),
  from: time().describe("Epoch ms"),
  to: time().describe("Epoch ms, exclusive"),
  limit: limit(1000, 100),
  cursor: z.string().optional(),
});
export type RecordQuery = z.infer<typeof RecordQuery>;

export const CostQuery = z.strictObject({
  ...range,
  ...filters,
  by: CostGroup.default("day"),
  split: z.enum(["project", "agent", "model"]).optional().describe("With `by=day`: rows by both"),
});
export type CostQuery = z.infer<typeof CostQuery>;

export const ErrorQuery = z.strictObject({ ...range, ...filters });
export type ErrorQuery = z.infer<typeof ErrorQuery>;
