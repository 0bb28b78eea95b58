/**
 * What an agent writes down of each gateway that is registered by it, so that the agent that is
 * started after it was killed waits for them, and they go on under their numbers: one small file
 * for each.
 *
 * @module
 */

import {
  isRecord,
  name,
  plugConfiguration,
  serviceID as serviceIDKind,
} from "../../protocol/fields.ts";
import type { RecordedGateway } from "../../roles/agent/events.ts";

function isRecordedGateway(value: unknown): value is RecordedGateway {
  return isRecord(value) && serviceIDKind.accepts(value.serviceID) && name.accepts(value.service) &&
    plugConfiguration.accepts(value.plugs) &&
    (value.token === undefined || typeof value.token === "string") &&
    (value.peer === undefined || typeof value.peer === "string");
}

const RECORD_FILE = /^(\d+)\.json$/;

/** The gateways of an agent, in a folder of its own. */
export class GatewayRecords {
  readonly #folder: string;

  /** Records in a folder, which must be there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Every gateway whose end was not seen. What can't be read is none: it gets a new number. */
  list(): RecordedGateway[] {
    const records: RecordedGateway[] = [];
    for (const entry of Deno.readDirSync(this.#folder)) {
      const number = Number(RECORD_FILE.exec(entry.name)?.[1]);
      if (!Number.isSafeInteger(number)) continue;
      const record = this.#read(number);
      if (record === undefined) this.remove(number);
      else records.push(record);
    }
    return records.toSorted((left, right) => left.serviceID - right.serviceID);
  }

  /**
   * Writes down a gateway.
   *
   * @throws {Error} when it can't be written: then it is a new one to the next agent.
   */
  add(record: RecordedGateway): void {
    const path = this.#path(record.serviceID);
    // A half of a record would be none, so it appears as a whole.
    Deno.writeTextFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    Deno.renameSync(`${path}.new`, path);
  }

  /** Forgets a gateway. */
  remove(serviceID: number): void {
    try {
      Deno.removeSync(this.#path(serviceID));
    } catch {
      // It is not there; and one too many is waited for once, for a moment.
    }
  }

  #read(serviceID: number): RecordedGateway | undefined {
    try {
      const value: unknown = JSON.parse(Deno.readTextFileSync(this.#path(serviceID)));
      return isRecordedGateway(value) && value.serviceID === serviceID ? value : undefined;
    } catch {
      // A file that is no JSON, or that is gone: no record.
      return undefined;
    }
  }

  #path(serviceID: number): string {
    return `${this.#folder}/${serviceID}.json`;
  }
}
