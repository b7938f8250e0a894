/**
 * A value as JSON, whatever it is: what refers to itself becomes `"[circular]"`, a BigInt its digits. Never
 * throws. A function, a symbol and undefined are an empty text; what a getter or `toJSON` of its own keeps
 * from being read is `"[unreadable]"`.
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return carefully(value);
  }
}

function carefully(value: unknown): string {
  try {
    return JSON.stringify(value, acyclic()) ?? "";
  } catch {
    return '"[unreadable]"';
  }
}

/** A replacer that knows the objects it is inside of: `this` is the one that holds the value. */
function acyclic(): (this: unknown, key: string, value: unknown) => unknown {
  const above: unknown[] = [];
  return function replace(_key, value) {
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(value)) return "[circular]";
    above.push(value);
    return value;
  };
}
