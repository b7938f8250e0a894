import { z } from "zod";

/** Spans wait on disk for a receiver that is away, instead of in memory, and over a restart. */
export const SpoolOptions = z.strictObject({
  /** Default `spool` in the data folder (`TURNSPAN_DATA`). Several processes may share one. */
  folder: z.string().min(1).optional(),
  /** Bytes of this process's spool for one receiver at most; past it spans are lost, and counted. Default 256 MiB. */
  maxBytes: z
    .int()
    .positive()
    .default(256 * 1024 * 1024),
});
export type SpoolOptions = z.output<typeof SpoolOptions>;
