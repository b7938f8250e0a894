/** Deeper than any settings or metadata; what lies below is handed on as it is. */
const MAX_DEPTH = 32;

/**
 * A copy of data that is somebody else's: what a handler writes into it reaches nobody. Objects and lists
 * are copied with all they hold; a function cannot be, nor what will not be read, which is left out.
 */
export const copyData = <T>(value: T): T =>
  (isObject(value) ? copyObject(value, new Map(), 0) : value) as T;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function copyObject(value: object, copies: Map<object, unknown>, depth: number): unknown {
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (depth >= MAX_DEPTH) return value;
  if (!isPlain(value)) return cloneForeign(value);
  const copy: object = Array.isArray(value) ? [] : {};
  copies.set(value, copy);
  for (const key of Object.keys(value)) copyField(value, copy, key, copies, depth);
  return copy;
}

function copyField(
  from: object,
  into: object,
  key: string,
  copies: Map<object, unknown>,
  depth: number,
): void {
  let field: unknown;
  try {
    field = Reflect.get(from, key);
  } catch {
    return;
  }
  const value = isObject(field) ? copyObject(field, copies, depth + 1) : field;
  // Not an assignment: a field named `__proto__` would become one.
  Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Dates, maps and the like; an object of the host's own class stays what it is where it has no copy. */
function cloneForeign(value: object): unknown {
  try {
    const clone: unknown = structuredClone(value);
    return Object.getPrototypeOf(clone) === Object.getPrototypeOf(value) ? clone : value;
  } catch {
    return value;
  }
}
