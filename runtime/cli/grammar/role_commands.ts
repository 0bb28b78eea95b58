/**
 * The commands that run one role of a mesh as a process.
 *
 * @module
 */

import type { CommandSpec } from "./command_spec.ts";

const SECURITY_FLAGS = {
  tls: {
    type: "text",
    label: "FOLDER",
    doc: "Its certificate, as ca issue makes it; needed beyond the loopback.",
  },
  insecure: {
    type: "boolean",
    doc: "Beyond the loopback without certificates: anybody there can be anything.",
  },
} as const;

const OUTPUT_FLAG = {
  json: { type: "boolean", doc: "Print one JSON document for each thing that happens." },
} as const;

/** Every such command by name, in the order in which they are started. */
export const ROLE_COMMANDS = {
  manager: {
    invocation: "deno task manager",
    summary: "Run the manager of a mesh of many hosts.",
    arguments: {},
    flags: {
      listen: {
        type: "address",
        label: "HOST:PORT",
        default: "127.0.0.1:7400",
        doc: "Where agents come.",
      },
      ...SECURITY_FLAGS,
      data: {
        type: "text",
        label: "FOLDER",
        default: ".smmp/manager",
        doc: 'Where the history is kept; "none" keeps it in memory.',
      },
      admin: {
        type: "address",
        label: "HOST:PORT",
        doc: "The admin API; else port 7401 of the loopback, or with --tls beside --listen.",
      },
      ...OUTPUT_FLAG,
    },
  },
  agent: {
    invocation: "deno task agent",
    summary: "Run the agent of a host: it starts services there.",
    arguments: {
      path: {
        type: "text",
        label: "FOLDER|mesh.json",
        optional: true,
        doc: "The services that it can start.",
      },
    },
    flags: {
      manager: {
        type: "address",
        label: "HOST:PORT",
        default: "127.0.0.1:7400",
        doc: "The manager.",
      },
      name: {
        type: "text",
        label: "NAME",
        doc: "Its name in the mesh; else that of its certificate, or of the host.",
      },
      services: { type: "text", label: "PATH", doc: "The services, instead of the argument." },
      network: {
        type: "host",
        label: "ADDRESS",
        doc: "The address of this host at which other hosts reach its services.",
      },
      listen: {
        type: "address",
        label: "HOST:PORT",
        default: "127.0.0.1:7402",
        doc: "Where gateways come.",
      },
      ...SECURITY_FLAGS,
      data: {
        type: "text",
        label: "FOLDER",
        doc: 'What it must know after a restart, or "none"; else .smmp/agent-NAME.',
      },
      "agent-grace": {
        type: "duration",
        label: "DURATION",
        doc: "How long its services go on without it; else 1m, or 1s with --data none.",
      },
      label: {
        type: "labels",
        label: "NAME=VALUE",
        doc: "What this host is like, for placement; may be repeated.",
      },
      capacity: {
        type: "count",
        label: "N",
        doc: "Most instances at a time; no bound without it.",
      },
      networks: {
        type: "networks",
        label: "CIDR,...",
        doc: "Where services of other hosts are; else the network of this host.",
      },
      ...OUTPUT_FLAG,
    },
  },
  gateway: {
    invocation: "deno task gateway",
    summary: "Run a gateway: users reach services by it.",
    arguments: {
      path: {
        type: "text",
        label: "FOLDER|mesh.json",
        optional: true,
        doc: "The routes; else what the agents of the mesh say.",
      },
    },
    flags: {
      agent: {
        type: "peer",
        label: "[NAME@]HOST:PORT",
        default: "127.0.0.1:7402",
        doc: "Its agent; with --tls also the name of it.",
      },
      name: {
        type: "text",
        label: "NAME",
        doc: "Its name; with --tls it must be that of its certificate.",
      },
      ...SECURITY_FLAGS,
      host: { type: "host", label: "HOST", default: "127.0.0.1", doc: "Its address for users." },
      port: { type: "port", label: "PORT", default: 8080, doc: "Its port for users." },
      "share-port": {
        type: "boolean",
        doc: "Share the port with other gateways of this host that share it too; on Linux.",
      },
      "trust-forwarded": {
        type: "networks",
        label: "NETWORKS",
        doc: "Proxies whose forwarded and x-forwarded-* is believed, such as 10.0.0.0/8.",
      },
      data: {
        type: "text",
        label: "FOLDER",
        default: ".smmp/gateway",
        doc: 'Where smmp call finds it; "none" for nowhere.',
      },
      ...OUTPUT_FLAG,
    },
  },
} as const satisfies Record<string, CommandSpec>;
