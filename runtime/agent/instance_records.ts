/**
 * What an agent writes down of each instance that it started, so that the agent that is started
 * after it was killed finds them: one small file for each.
 *
 * @module
 */

import {
  isRecord,
  name,
  type PlugConfiguration,
  plugConfiguration,
} from "../../protocol/fields.ts";
import { serviceID as serviceIDKind } from "../../protocol/fields.ts";
import type { ProcessIdentity } from "../launcher/process_identity.ts";

/** An instance that was started and may still run. */
export interface InstanceRecord extends ProcessIdentity {
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly service: string;
  /** Its plugs. */
  readonly plugs: PlugConfiguration;
  /** Of which version of its service it is; absent when nobody knows. */
  readonly version?: string;
}

function isInstanceRecord(value: unknown): value is InstanceRecord {
  return isRecord(value) && serviceIDKind.accepts(value.serviceID) && name.accepts(value.service) &&
    plugConfiguration.accepts(value.plugs) && Number.isInteger(value.pid) &&
    Number(value.pid) > 1 && typeof value.startedAt === "string" &&
    (value.version === undefined || typeof value.version === "string");
}

const RECORD_FILE = /^(\d+)\.json$/;

/** The records of an agent, in a folder of its own. */
export class InstanceRecords {
  readonly #folder: string;

  /** Records in a folder, which must be there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the output of an instance is, without the ending. */
  outputPath(serviceID: number): string {
    return `${this.#folder}/${serviceID}`;
  }

  /**
   * Every instance that was started and whose end was not seen. What can't be read is no record:
   * its process, if there is one, ends itself when nobody takes it over.
   */
  list(): InstanceRecord[] {
    const records: InstanceRecord[] = [];
    for (const entry of Deno.readDirSync(this.#folder)) {
      const number = RECORD_FILE.exec(entry.name)?.[1];
      if (number === undefined) continue;
      const record = this.#read(Number(number));
      if (record === undefined) this.remove(Number(number));
      else records.push(record);
    }
    return records.toSorted((left, right) => left.serviceID - right.serviceID);
  }

  /**
   * Writes down an instance, before its process can come by a link.
   *
   * @throws {Error} when it can't be written: then the instance must not run.
   */
  add(record: InstanceRecord): void {
    const path = this.#path(record.serviceID);
    // A half of a record would be none, so it appears as a whole.
    Deno.writeTextFileSync(`${path}.new`, JSON.stringify(record));
    Deno.renameSync(`${path}.new`, path);
  }

  /** Forgets an instance. */
  remove(serviceID: number): void {
    try {
      Deno.removeSync(this.#path(serviceID));
    } catch {
      // It is not there; and one too many is found to be of no process the next time.
    }
  }

  #read(serviceID: number): InstanceRecord | undefined {
    try {
      const value: unknown = JSON.parse(Deno.readTextFileSync(this.#path(serviceID)));
      return isInstanceRecord(value) && value.serviceID === serviceID ? value : undefined;
    } catch {
      // A file that is no JSON, or that is gone: no record.
      return undefined;
    }
  }

  #path(serviceID: number): string {
    return `${this.#folder}/${serviceID}.json`;
  }
}
