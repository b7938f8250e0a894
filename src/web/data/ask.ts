import type { ApiError } from "../../server/api-report-types.ts";

type Query = Readonly<Record<string, string | number | undefined>>;

/** An answer that is no success; `status` 0: there was none. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Asks the query API. Throws ApiProblem. */
export async function ask<Answer>(
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await fetchApi(path + writeQuery(query), signal);
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as Answer;
  const problem = (body as Partial<ApiError> | undefined)?.error?.message;
  throw new ApiProblem(response.status, problem ?? `the server answered ${response.status}`);
}

async function fetchApi(path: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { signal, headers: { accept: "application/json" } });
  } catch (cause) {
    signal.throwIfAborted();
    throw new ApiProblem(0, "the server does not answer", { cause });
  }
}

function writeQuery(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") params.set(name, String(value));
  }
  return params.size === 0 ? "" : `?${params}`;
}
