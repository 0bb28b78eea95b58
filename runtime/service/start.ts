/**
 * What the agent tells a process that it starts: one JSON document in the environment.
 *
 * @module
 */

import {
  certificate,
  durationMs,
  isRecord,
  messageID,
  name,
  network,
  port,
  serviceID,
  token,
} from "../../protocol/fields.ts";
import type { ServiceStart } from "../../roles/service/state.ts";

/** The name of the environment variable. */
export const START_VARIABLE = "SMMP_START";

/** What a process is told when it is started. */
export interface StartInfo extends ServiceStart {
  /** The name of its service. */
  readonly service: string;
  /** The address at which it listens and is dialled. */
  readonly network: string;
  /** With what it checks the tickets of who dials it. */
  readonly ticketKey: string;
  /** The certificate that it shows to who dials it, in PEM. @default {its sessions are plain} */
  readonly sessionCertificate?: string;
  /** The private key of that certificate, in PEM. */
  readonly sessionKey?: string;
  /** The address of its agent. */
  readonly agentNetwork: string;
  /** The port of its agent. */
  readonly agentPort: number;
  /** How long it goes on without an agent before it ends itself. Milliseconds. */
  readonly agentGraceMs: number;
}

function isStartInfo(value: unknown): value is StartInfo {
  return isRecord(value) && messageID.accepts(value.messageID) &&
    serviceID.accepts(value.serviceID) && port.accepts(value.plug) && token.accepts(value.token) &&
    name.accepts(value.service) && network.accepts(value.network) &&
    token.accepts(value.ticketKey) && network.accepts(value.agentNetwork) &&
    port.accepts(value.agentPort) && durationMs.accepts(value.agentGraceMs) &&
    isOptionalText(value.sessionCertificate) && isOptionalText(value.sessionKey);
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || certificate.accepts(value);
}

/**
 * Reads and removes what the agent told: nobody else needs to see the token.
 *
 * @throws {Error} when the process was not started by an agent.
 */
export function readStart(): StartInfo {
  const text = Deno.env.get(START_VARIABLE) ?? "";
  Deno.env.delete(START_VARIABLE);
  const value: unknown = text === "" ? undefined : JSON.parse(text);
  if (isStartInfo(value)) return value;
  throw new Error(`Cannot start as a service: an agent must start it with ${START_VARIABLE} set`);
}
