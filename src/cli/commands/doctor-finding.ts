/** What `turnspan doctor` found at one place. */
export interface Finding {
  /** `info`: nothing to judge. `warn`: works, but not as it should. `fail`: something is lost or does not work. */
  readonly state: "ok" | "info" | "warn" | "fail";
  /** What was looked at. */
  readonly check: string;
  readonly found: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
}
