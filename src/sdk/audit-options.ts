import { z } from "zod";

const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

const AuditDestination = z.strictObject({
  /** Names its place in the log: under a new name it gets everything from the beginning. */
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "expected letters, digits, dots and dashes"),
  /** Complete, with the path: `https://collector.example/v1/logs`. */
  url: z.string().refine(isHttpUrl, "expected an http or https URL"),
  protocol: z.enum(["http/json", "http/protobuf"]).default("http/protobuf"),
  headers: z.record(z.string(), z.string()).optional(),
});
export type AuditDestination = z.output<typeof AuditDestination>;

/** The audit lane: every record on disk before it is acknowledged, and delivered for as long as it takes. */
export const AuditOptions = z.strictObject({
  /** Default `audit` in the data folder (`TURNSPAN_DATA`). Several processes may share one. */
  folder: z.string().min(1).optional(),
  /** `strict`: a record is safe when it is acknowledged. `batched`: within 50 ms, at less cost for the disk. */
  mode: z.enum(["strict", "batched"]).default("strict"),
  /** Records are kept so long at least; those that are not delivered yet stay. */
  retentionDays: z.number().positive().default(200),
  /** Bytes of this process's log at most; past it records are lost, and counted. Default 4 GiB. */
  maxBytes: z.int().positive().optional(),
  /** What happens when records cannot be stored. `gap`: they are counted exactly. `fail-turn`: also, turns are blocked. */
  onFull: z.enum(["gap", "fail-turn"]).default("gap"),
  /** Default: where logs go by OTLP, under the name `otlp`. */
  destinations: z
    .array(AuditDestination)
    .refine(
      (list) => new Set(list.map(({ name }) => name)).size === list.length,
      "each destination needs a name of its own",
    )
    .optional(),
});
export type AuditOptions = z.output<typeof AuditOptions>;
