/**
 * The description of the admin API: OpenAPI 3.1, derived from the table of operations.
 *
 * @module
 */

import { PROBLEM_TYPE } from "../problem.ts";
import { PARAMETERS } from "./admin_query.ts";
import { OPERATIONS, type OperationSpec } from "./operations.ts";
import { answerSchemas } from "./views/view_schema.ts";

const PROBLEM_SCHEMA = {
  type: "object",
  description: "Problem details, RFC 9457.",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "The whole reason, for a person to act on." },
  },
};

/**
 * Describes the API.
 *
 * @param url Where it is reached.
 * @returns An OpenAPI document.
 */
export function describeApi(url: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, spec] of Object.entries<OperationSpec>(OPERATIONS)) {
    const ofPath = paths[spec.path] ?? {};
    paths[spec.path] = ofPath;
    ofPath[spec.method] = describeOperation(name, spec);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "SMMP admin API",
      version: "1",
      description: "Looks into a mesh and changes what runs in it. Reading needs no token on the " +
        "machine of the mesh; everything else needs the one in its data folder.",
    },
    servers: [{ url }],
    paths,
    components: {
      schemas: { ...answerSchemas(), Problem: PROBLEM_SCHEMA },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function describeOperation(name: string, spec: OperationSpec): unknown {
  const { summary, method, body, answer, mediaType = "application/json" } = spec;
  const schema = answer === undefined
    ? { type: "object" }
    : { $ref: `#/components/schemas/${answer}` };
  return {
    operationId: name,
    summary,
    parameters: describeParameters(spec),
    ...(body === undefined ? {} : {
      requestBody: { required: false, content: { "application/json": { schema: body } } },
    }),
    responses: {
      "200": { description: "Done.", content: { [mediaType]: { schema } } },
      default: {
        description: "It was refused or failed.",
        content: { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
    ...(method === "post" || spec.secret === true ? { security: [{ token: [] }] } : {}),
  };
}

const PATH_SCHEMAS = {
  id: { type: "integer", minimum: 1 },
  name: { type: "string", pattern: "^[a-z][a-z0-9-]*$" },
};

function describeParameters({ path, parameters }: OperationSpec): unknown[] {
  const inQuery = parameters.map((name) => ({
    name,
    in: "query",
    required: false,
    description: PARAMETERS[name].doc,
    schema: PARAMETERS[name].schema,
  }));
  const inPath = Object.entries(PATH_SCHEMAS)
    .filter(([name]) => path.includes(`{${name}}`))
    .map(([name, schema]) => ({ name, in: "path", required: true, schema }));
  return [...inPath, ...inQuery];
}
