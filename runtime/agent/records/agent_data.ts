/**
 * The data folder of an agent: what one that is started again must know of the one before, so that
 * its services find it and it knows them.
 *
 * @module
 */

import { resolve } from "node:path";
import { isRecord, port as portKind } from "../../../protocol/fields.ts";
import { FileError, readBoundedSync, readBoundedTextSync } from "../../bounded_file.ts";
import { newSecret, SECRET_BYTES } from "./instance_secrets.ts";
import { GatewayRecords } from "./gateway_records.ts";
import { InstanceRecords } from "./instance_records.ts";

/** Most bytes of a file that says who the agent is. */
const FILE_BYTES_MAX = 64 * 1024;

/** What is in a data folder. */
export interface AgentData {
  /** The folder, absolute. */
  readonly folder: string;
  /** What the secrets of instances follow from. */
  readonly secret: Uint8Array;
  /** The port on which the agent before listened for services; undefined: there was none. */
  readonly port: number | undefined;
  /** The instances that were started. */
  readonly records: InstanceRecords;
  /** The gateways that were registered. */
  readonly gateways: GatewayRecords;
  /** Writes down the port. */
  keepPort(port: number): void;
}

/**
 * Opens a data folder, and makes it when it is not there. Nobody but its owner can read it.
 *
 * @param path Where it is.
 * @param agent The name of the agent, to whom the folder belongs from now on.
 * @throws {Error} when it can't be used, or is that of another agent.
 */
export function openAgentData(path: string, agent: string): AgentData {
  // Processes write there too, and each of them works in a folder of its own.
  const folder = resolve(path);
  const instances = `${folder}/instances`;
  const gateways = `${folder}/gateways`;
  for (const made of [instances, gateways]) {
    Deno.mkdirSync(made, { recursive: true, mode: 0o700 });
  }
  const file = `${folder}/agent.json`;
  const known = readDescription(file);
  if (known !== undefined && known.name !== agent) {
    throw new Error(`Cannot use "${folder}": it is the data folder of agent "${known.name}"`);
  }
  return {
    folder,
    secret: readSecret(`${folder}/secret`),
    port: known?.port,
    records: new InstanceRecords(instances),
    gateways: new GatewayRecords(gateways),
    keepPort(port) {
      Deno.writeTextFileSync(`${file}.new`, JSON.stringify({ name: agent, port }));
      Deno.renameSync(`${file}.new`, file);
    },
  };
}

function readDescription(file: string): { name: string; port: number } | undefined {
  const text = readOrUndefined(() => readBoundedTextSync(file, FILE_BYTES_MAX));
  if (text === undefined) return undefined;
  const value = parseOrUndefined(text);
  if (isRecord(value) && typeof value.name === "string" && portKind.accepts(value.port)) {
    return { name: value.name, port: value.port };
  }
  throw new Error(`Cannot use "${file}": it is no description of an agent`);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked says what is wrong with it.
    return undefined;
  }
}

function readSecret(file: string): Uint8Array {
  const known = readOrUndefined(() => readBoundedSync(file, FILE_BYTES_MAX));
  if (known !== undefined) {
    if (known.length === SECRET_BYTES) return known;
    throw new Error(`Cannot use "${file}": expected ${SECRET_BYTES} bytes, found ${known.length}`);
  }
  const secret = newSecret();
  Deno.writeFileSync(`${file}.new`, secret, { mode: 0o600 });
  Deno.renameSync(`${file}.new`, file);
  return secret;
}

function readOrUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileError && error.isMissing) return undefined;
    throw error;
  }
}
