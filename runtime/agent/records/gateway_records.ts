/**
 * What an agent writes down of each gateway that is registered by it, so that the agent that is
 * started after it was killed waits for them, and they go on under their numbers: one small file
 * for each.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import {
  isRecord,
  name,
  plugConfiguration,
  serviceID as serviceIDKind,
} from "../../../protocol/fields.ts";
import type { RecordedGateway } from "../../../roles/agent/events.ts";
import { RecordFolder } from "./record_folder.ts";

function isRecordedGateway(value: unknown): value is RecordedGateway {
  return isRecord(value) && serviceIDKind.accepts(value.serviceID) && name.accepts(value.service) &&
    plugConfiguration.accepts(value.plugs) &&
    (value.token === undefined || typeof value.token === "string") &&
    (value.peer === undefined || typeof value.peer === "string");
}

/** The gateways of an agent, in a folder of its own. One that can't be read gets a new number. */
export class GatewayRecords extends RecordFolder<RecordedGateway> {
  /** Records in a folder, which must be there. */
  constructor(folder: string) {
    super(folder, isRecordedGateway);
  }

  /** Adds a record. One that can't be written is told: the next agent will give a new number. */
  remember(gateway: RecordedGateway, warn: (text: string) => void): void {
    try {
      this.add(gateway);
    } catch (error) {
      const { service, serviceID } = gateway;
      warn(`Cannot write down "${service}#${serviceID}": ${reasonOf(error)}`);
    }
  }
}
