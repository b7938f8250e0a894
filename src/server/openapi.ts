import { z } from "zod";
import { ApiError, LiveEvent } from "./api-report-types.ts";
import { type ApiRoute, apiRoutes } from "./api-routes.ts";

type Schema = Readonly<Record<string, unknown>>;

const refTo = (id: string): string => `#/components/schemas/${id}`;

/** All schemas that have a name, referring to one another. */
function readComponents(): Schema {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: refTo, io: "output" });
  return Object.fromEntries(
    Object.entries(schemas)
      .map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

const idOf = (schema: z.ZodType): string => String(z.globalRegistry.get(schema)?.id);

const json = (id: string): Schema => ({ "application/json": { schema: { $ref: refTo(id) } } });

/** `/api/turns/:turn` as OpenAPI writes it: `/api/turns/{turn}`. */
const pathOf = (path: string): string => path.replaceAll(/:(\w+)/g, "{$1}");

const paramsOf = (path: string): Schema[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true },
    schema: { type: "string" },
  }));

function queryOf(query: z.ZodObject | undefined): Schema[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const schema = typeof property === "object" ? property : {};
    const { description, ...rest } = schema;
    return {
      ...{ name, in: "query", required: required.includes(name) },
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

const failures = {
  "400": { description: "The query is wrong", content: json(idOf(ApiError)) },
  "401": { description: "No token, or a wrong one", content: json(idOf(ApiError)) },
  "403": { description: "The host or the origin is not ours", content: json(idOf(ApiError)) },
};
const notFound = {
  "404": { description: "There is no such thing", content: json(idOf(ApiError)) },
};

const operationOf = ({ path, summary, query, response }: ApiRoute): Schema => ({
  get: {
    summary,
    parameters: [...paramsOf(path), ...queryOf(query)],
    responses: {
      "200": { description: summary, content: json(idOf(response)) },
      ...failures,
      ...(path.includes(":") ? notFound : {}),
    },
  },
});

const plain = (summary: string, contentType: string, schema: Schema): Schema => ({
  get: {
    summary,
    responses: { "200": { description: summary, content: { [contentType]: { schema } } } },
  },
});

/** The query API as an OpenAPI 3.1 document. */
export function describeApi(version: string): Schema {
  return {
    openapi: "3.1.0",
    info: {
      title: "Turnspan query API",
      version,
      description:
        "Times are epoch milliseconds, money is integer nano-dollars of API list price, null is not known.",
    },
    security: [{ token: [] }, { cookie: [] }],
    paths: {
      ...Object.fromEntries(apiRoutes.map((one) => [pathOf(one.path), operationOf(one)])),
      "/api/live": plain("Changes as they happen", "text/event-stream", {
        $ref: refTo(idOf(LiveEvent)),
      }),
      "/healthz": plain("Whether the server can store what it is sent", "application/json", {
        type: "object",
      }),
      "/metrics": plain("Sums in Prometheus' text format", "text/plain", { type: "string" }),
    },
    components: {
      schemas: readComponents(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        cookie: { type: "apiKey", in: "cookie", name: "turnspan_<port>" },
      },
    },
  };
}
