/**
 * The commands that change what runs in a mesh.
 *
 * @module
 */

import type { CommandSpec } from "./command_spec.ts";
import { ADMIN_FLAGS } from "./mesh_flags.ts";

const INSTANCE = {
  id: { type: "id", label: "ID", doc: "The number of the instance, as ps prints it." },
} as const;

/** The commands that change what runs in a mesh. */
export const CHANGE_COMMANDS = {
  stop: {
    invocation: "deno task smmp stop",
    summary: "Shut an instance down after what it has in flight.",
    arguments: INSTANCE,
    flags: ADMIN_FLAGS,
  },
  kill: {
    invocation: "deno task smmp kill",
    summary: "Kill an instance and everything that it started.",
    arguments: INSTANCE,
    flags: ADMIN_FLAGS,
  },
  close: {
    invocation: "deno task smmp close",
    summary: "Close a connection after what it has in flight.",
    arguments: {
      id: {
        type: "id",
        label: "ID",
        doc: "The number of the connection, as connections prints it.",
      },
    },
    flags: ADMIN_FLAGS,
  },
  drain: {
    invocation: "deno task smmp drain",
    summary: "Move everything away from an agent; nothing new comes to it.",
    arguments: {
      agent: { type: "text", label: "AGENT", doc: "The name of the agent, as agents prints it." },
    },
    flags: {
      undo: { type: "boolean", doc: "End its drain instead; so does a restart of the agent." },
      ...ADMIN_FLAGS,
    },
  },
  restart: {
    invocation: "deno task smmp restart",
    summary: "Replace each instance of a service by a new one.",
    arguments: {
      service: { type: "text", label: "SERVICE", doc: "The name of the service." },
    },
    flags: ADMIN_FLAGS,
  },
  reset: {
    invocation: "deno task smmp reset",
    summary: "Forget the crashes of a service, so that it is started at once.",
    arguments: {
      service: { type: "text", label: "SERVICE", doc: "The name of the service." },
    },
    flags: ADMIN_FLAGS,
  },
} as const satisfies Record<string, CommandSpec>;
