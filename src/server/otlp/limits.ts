/** Bounds on what one request may hold. They are counted after inflation: gzip reaches 1,029 to 1. */
export const MAX_BODY_BYTES = 20 * 1024 * 1024;
export const MAX_ITEMS = 10_000;
/** Past these the rest of a span's list is left out, as a span of the SDK leaves it out at 128. */
export const MAX_ATTRIBUTES = 1024;
export const MAX_EVENTS = 256;
export const MAX_LINKS = 128;
export const MAX_VALUE_DEPTH = 32;
/** Characters kept of one value; messages are longer than anything else. */
export const MAX_VALUE_CHARS = 65_536;
export const MAX_CONTENT_CHARS = 1_048_576;
/** SQLite's integers end here: year 2262. */
export const MAX_TIME_NS = 2n ** 63n - 1n;
