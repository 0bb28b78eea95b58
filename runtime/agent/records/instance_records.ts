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
  serviceID as serviceIDKind,
} from "../../../protocol/fields.ts";
import type { ProcessIdentity } from "../../launcher/process_identity.ts";
import { RecordFolder } from "./record_folder.ts";

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

/**
 * The records of an agent, in a folder of its own. Of one that can't be read the process, if there
 * is one, ends itself when nobody takes it over.
 */
export class InstanceRecords extends RecordFolder<InstanceRecord> {
  /** Records in a folder, which must be there. */
  constructor(folder: string) {
    super(folder, isInstanceRecord);
  }

  /** Where the output of an instance is, without the ending. */
  outputPath(serviceID: number): string {
    return this.pathOf(serviceID);
  }

  /** Where the output of a spare is, until it is an instance. */
  spareOutputPath(spareID: number): string {
    return `${this.pathOf(spareID)}.spare`;
  }
}
