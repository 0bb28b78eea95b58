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

/** What a process is told that is to wait as a spare. */
export interface SpareStart {
  /** Its number among the spares of its agent. */
  readonly spareID: number;
  /** The name of its service. */
  readonly service: string;
  /** The secret by which it proves itself, once. */
  readonly token: string;
  /** The address of its agent. */
  readonly agentNetwork: string;
  /** The port of its agent. */
  readonly agentPort: number;
}

function isSpareStart(value: unknown): value is SpareStart {
  return isRecord(value) && typeof value.spareID === "number" && name.accepts(value.service) &&
    token.accepts(value.token) && network.accepts(value.agentNetwork) &&
    port.accepts(value.agentPort);
}

/** Whether something is what an agent tells a process that is an instance. */
export function isStartInfo(value: unknown): value is StartInfo {
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
  const value = takeTold();
  if (isStartInfo(value)) return value;
  throw new Error(NOT_TOLD);
}

/** The same for a process that may be a spare. */
export function readStartOrSpare(): StartInfo | SpareStart {
  const value = takeTold();
  if (isStartInfo(value) || isSpareStart(value)) return value;
  throw new Error(NOT_TOLD);
}

const NOT_TOLD = `Cannot start as a service: an agent must start it with ${START_VARIABLE} set`;

function takeTold(): unknown {
  const text = Deno.env.get(START_VARIABLE) ?? "";
  Deno.env.delete(START_VARIABLE);
  return text === "" ? undefined : JSON.parse(text);
}
