/**
 * What has been registered with `@opentelemetry/api`, whichever of its copies did it. The API's own
 * getters hand out no-op stand-ins that cannot be told from the real thing, and asking them costs more.
 */
interface RegisteredApi {
  readonly trace?: unknown;
  readonly metrics?: unknown;
  readonly logs?: unknown;
}

const API_KEY = Symbol.for("opentelemetry.js.api.1");
/** Where `@opentelemetry/api-logs` keeps its provider: the logs API before 1.10. */
const LOGS_KEY = Symbol.for("io.opentelemetry.js.api.logs");

const globals = globalThis as { readonly [key: symbol]: unknown };

const api = (): RegisteredApi | undefined => globals[API_KEY] as RegisteredApi | undefined;

export const hasGlobalMeter = (): boolean => api()?.metrics != null;
export const hasGlobalLogger = (): boolean => api()?.logs != null || globals[LOGS_KEY] != null;

/** Whether any provider is registered at all. */
export function hasGlobalProvider(): boolean {
  const registered = api();
  if (
    registered !== undefined &&
    (registered.trace ?? registered.metrics ?? registered.logs) != null
  ) {
    return true;
  }
  return globals[LOGS_KEY] != null;
}
