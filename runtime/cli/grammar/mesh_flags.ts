/**
 * The flags of the commands that reach a mesh that runs.
 *
 * @module
 */

/** Asks for JSON. */
export const JSON_FLAG = {
  json: { type: "boolean", doc: "Print JSON instead of text." },
} as const;

/** Names the data folder. */
export const DATA_FLAG = {
  data: {
    type: "text",
    label: "FOLDER",
    default: ".smmp",
    doc: "The data folder of the mesh; it tells the admin address and token.",
  },
} as const;

/** Names a mesh that runs, and how it is reached. */
export const ADMIN_FLAGS = {
  ...JSON_FLAG,
  ...DATA_FLAG,
  admin: {
    type: "url",
    label: "URL",
    doc: "The admin API, instead of the one in the data folder.",
  },
  token: {
    type: "text",
    label: "TOKEN",
    doc: "The admin token, instead of the one found there; or set SMMP_TOKEN.",
  },
  manager: {
    type: "manager",
    label: "HOST:PORT|URL",
    doc: "The manager of a mesh of many hosts, or the URL of its admin API.",
  },
  tls: {
    type: "text",
    label: "FOLDER",
    doc: "The certificate of an operator, as ca issue operator makes it.",
  },
} as const;
