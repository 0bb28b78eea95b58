/**
 * The one table of commands: parsing, help and suggestions derive from it.
 *
 * @module
 */

import { CHANGE_COMMANDS } from "./change_commands.ts";
import type { ArgumentValues, CommandSpec, FlagValues } from "./command_spec.ts";
import { ADMIN_FLAGS, JSON_FLAG } from "./mesh_flags.ts";
import { ROLE_COMMANDS } from "./role_commands.ts";

const AUTHORITY_FLAG = {
  dir: {
    type: "text",
    label: "FOLDER",
    default: "./ca",
    doc: "The folder of the authority; whoever reads it can be anybody.",
  },
} as const;

/** Whose certificate it is. */
const IDENTITY_ARGUMENTS = {
  role: { type: "role", label: "ROLE", doc: "manager, agent, gateway or operator." },
  name: {
    type: "text",
    label: "NAME",
    optional: true,
    doc: "Which of that role it is, such as a1; a manager needs none.",
  },
} as const;

/** Every command by name, in the order of the help. */
export const COMMANDS = {
  mesh: {
    invocation: "deno task mesh",
    summary: "Start a mesh: manager, agent and gateway.",
    arguments: {
      path: {
        type: "text",
        label: "FOLDER|mesh.json",
        optional: true,
        doc: "The services; when it is left out examples/hello, with the binary this folder.",
      },
    },
    flags: {
      port: { type: "port", label: "PORT", default: 8080, doc: "The port of the gateway." },
      host: { type: "host", label: "HOST", default: "127.0.0.1", doc: "Its address." },
      "gateway-workers": {
        type: "count",
        label: "N",
        doc: "Gateways that share that port, on Linux; else what mesh.json says, or 1.",
      },
      "admin-port": {
        type: "port",
        label: "PORT",
        default: 8081,
        doc: "The port of the admin API, on the loopback.",
      },
      data: {
        type: "text",
        label: "FOLDER",
        default: ".smmp",
        doc: 'Where the history is kept; "none" keeps it in memory.',
      },
      watch: {
        type: "boolean",
        doc: "Take in what is edited: a service's files replace just that service, softly.",
      },
      json: { type: "boolean", doc: "Print one JSON document for each thing that happens." },
    },
  },
  ...ROLE_COMMANDS,
  ps: {
    invocation: "deno task smmp ps",
    summary: "List what runs, what it uses, and when it will be closed or tried again.",
    arguments: {},
    flags: {
      all: { type: "boolean", doc: "Also services that could run and do not." },
      service: { type: "text", label: "SERVICE", doc: "Only those of this service." },
      sort: { type: "order", label: "memory|cpu", doc: "Those that use most of it first." },
      ...ADMIN_FLAGS,
    },
  },
  agents: {
    invocation: "deno task smmp agents",
    summary: "List the agents and what they can start.",
    arguments: {},
    flags: ADMIN_FLAGS,
  },
  connections: {
    invocation: "deno task smmp connections",
    summary: "List the open connections between instances.",
    arguments: {},
    flags: ADMIN_FLAGS,
  },
  history: {
    invocation: "deno task smmp history",
    summary: "Tell what happened, and why.",
    arguments: {},
    flags: {
      service: { type: "text", label: "SERVICE", doc: "Only what concerns this service." },
      since: {
        type: "moment",
        label: "TIME",
        doc: "Only what is newer: how long ago (10m), or a time (2026-11-24T22:00).",
      },
      limit: { type: "count", label: "N", default: 100, doc: "At most the N newest entries." },
      details: { type: "boolean", doc: "Also each offer and use of a connection." },
      ...ADMIN_FLAGS,
    },
  },
  starts: {
    invocation: "deno task smmp starts",
    summary: "Tell how long starts took, and what of it took how long.",
    arguments: {
      service: {
        type: "text",
        label: "SERVICE",
        optional: true,
        doc: "Only those of this service.",
      },
    },
    flags: {
      limit: { type: "count", label: "N", default: 20, doc: "The N newest, at most 500." },
      ...ADMIN_FLAGS,
    },
  },
  logs: {
    invocation: "deno task smmp logs",
    summary: "Print what the instances of a service wrote, also of some that have ended.",
    arguments: {
      of: { type: "text", label: "SERVICE|ID", doc: "A service, or the number of an instance." },
    },
    flags: {
      follow: { type: "boolean", doc: "Go on with what is written from now on." },
      lines: { type: "count", label: "N", default: 100, doc: "At most the N newest lines." },
      since: {
        type: "moment",
        label: "TIME",
        doc: "Only what is newer: how long ago (10m), or a time (2026-11-24T22:00).",
      },
      stderr: { type: "boolean", doc: "Only what was written to stderr." },
      ...ADMIN_FLAGS,
    },
  },
  tap: {
    invocation: "deno task smmp tap",
    summary: "Print the messages of the protocol as the manager gets and sends them.",
    arguments: {},
    flags: {
      service: { type: "text", label: "SERVICE", doc: "Only what concerns this service." },
      kind: { type: "text", label: "KIND", doc: "Only one kind, such as connectionRequest." },
      id: { type: "id", label: "ID", doc: "Only what concerns the instance of this number." },
      ...ADMIN_FLAGS,
    },
  },
  graph: {
    invocation: "deno task smmp graph",
    summary: "Draw which service may reach which, and which does.",
    arguments: {},
    flags: ADMIN_FLAGS,
  },
  ...CHANGE_COMMANDS,
  call: {
    invocation: "deno task smmp call",
    summary: "Send a request to a service through the mesh.",
    arguments: {
      service: { type: "text", label: "SERVICE", doc: "The name of the service." },
      path: { type: "path", label: "PATH", doc: "The path, as the service sees it." },
    },
    flags: {
      method: {
        type: "method",
        label: "METHOD",
        doc: "The HTTP method; when it is left out, GET, or POST for a request with a body.",
      },
      header: { type: "headers", label: "'NAME: VALUE'", doc: "A header field; may be repeated." },
      body: { type: "text", label: "TEXT", doc: "The body of the request." },
      gateway: {
        type: "url",
        label: "URL",
        doc: "The gateway to send it to, instead of the one that the data folder tells.",
      },
      ...ADMIN_FLAGS,
    },
  },
  check: {
    invocation: "deno task smmp check",
    summary: "Check a mesh without starting it.",
    arguments: {
      config: { type: "text", label: "FOLDER|mesh.json", doc: "The folder or file to check." },
    },
    flags: JSON_FLAG,
  },
  bundle: {
    invocation: "deno task smmp bundle",
    summary: "Make each service one file of JavaScript that needs nothing else.",
    arguments: {
      path: {
        type: "text",
        label: "FOLDER|mesh.json",
        optional: true,
        doc: "The services; those of this folder when it is left out.",
      },
    },
    flags: {
      out: { type: "text", label: "FOLDER", default: "./bundles", doc: "Where the files go." },
      ...JSON_FLAG,
    },
  },
  "ca init": {
    invocation: "deno task smmp ca init",
    summary: "Create the authority that issues the certificates of a mesh.",
    arguments: {},
    flags: AUTHORITY_FLAG,
  },
  "ca issue": {
    invocation: "deno task smmp ca issue",
    summary: "Issue or renew the certificate of a role.",
    arguments: IDENTITY_ARGUMENTS,
    flags: {
      host: {
        type: "hosts",
        label: "HOST",
        doc: "A name or address by which browsers and other programs reach it; may be repeated.",
      },
      days: { type: "count", label: "N", default: 365, doc: "How long it is valid." },
      ...AUTHORITY_FLAG,
      out: {
        type: "text",
        label: "FOLDER",
        doc: "Where to put it; ./certs/NAME when it is left out.",
      },
    },
  },
  "ca revoke": {
    invocation: "deno task smmp ca revoke",
    summary: "Make all certificates worthless that a role has got so far, such as stolen ones.",
    arguments: IDENTITY_ARGUMENTS,
    flags: AUTHORITY_FLAG,
  },
  "ca show": {
    invocation: "deno task smmp ca show",
    summary: "Tell whose the certificate in a folder is, and until when.",
    arguments: {
      folder: { type: "text", label: "FOLDER", doc: "Where it is, such as ./certs/a1." },
    },
    flags: JSON_FLAG,
  },
} as const satisfies Record<string, CommandSpec>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Every name of a command, in the order of the help. */
export const COMMAND_NAMES: readonly CommandName[] = Object.keys(COMMANDS).filter(isCommandName);

/** Whether a word is the name of a command. */
export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

/** A command line that can be run: `Parsed<"ps">` for one command, `Parsed` for any of them. */
export type Parsed<Name extends CommandName = CommandName> = {
  [Each in Name]: {
    /** Tells it from a request for help and from an error. */
    readonly kind: "command";
    /** The command to run. */
    readonly command: Each;
    /** Its arguments by name. */
    readonly arguments: ArgumentValues<(typeof COMMANDS)[Each]["arguments"]>;
    /** Its flags by name, defaults included. */
    readonly flags: FlagValues<(typeof COMMANDS)[Each]["flags"]>;
  };
}[Name];
