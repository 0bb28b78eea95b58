/**
 * What instances use of the host: the manager is told what changed noticeably, so that a mesh that
 * does nothing says nothing. Of an instance that holds more memory than it may, it is told at each
 * measurement, since the manager counts how often that is so in a row.
 *
 * @module
 */

import type { ReportedUsage } from "../../protocol/announcements.ts";
import { manifestIn } from "../../protocol/manifest.ts";
import type { LinkID } from "../step.ts";
import type { UsageMeasured } from "./events.ts";
import { type AgentTurn, sendUp } from "./state.ts";

/** What the manager knows. */
export interface ToldUsages {
  /** The link by which it was told; a manager that comes by another one knows nothing. */
  link: LinkID | undefined;
  /** The newest that it was told of each instance. */
  byInstance: ReadonlyMap<number, ReportedUsage>;
}

/** Nothing was told. */
export function emptyToldUsages(): ToldUsages {
  return { link: undefined, byInstance: new Map() };
}

/** Memory that changed by less is as before. Bytes. */
const MEMORY_STEP_BYTES = 1_048_576;
/** Of much memory a part that is as before. */
const MEMORY_STEP_PART = 0.02;
/** Time of a processor that is used bit by bit is told at last. Milliseconds. */
const CPU_STEP_MS = 1_000;
/** A share of a processor that changed by less is as before; thousandths. */
const CPU_STEP_PERMILLE = 10;

/** The host looked what each instance uses: the manager hears what is new. */
export function onUsageMeasured(turn: AgentTurn, { usages }: UsageMeasured): void {
  const { state } = turn;
  const { managerLink, registered, toldUsages } = state;
  if (managerLink === undefined || !registered) return;
  const before = toldUsages.link === managerLink ? toldUsages.byInstance : new Map();
  const known = new Map<number, ReportedUsage>();
  const changed: ReportedUsage[] = [];
  for (const usage of usages) {
    const instance = state.instances.get(usage.serviceID);
    if (instance === undefined) continue;
    const told: ReportedUsage | undefined = before.get(usage.serviceID);
    const limitBytes = manifestIn(state.manifests, instance.service)?.memoryBytes ?? Infinity;
    const isNew = told === undefined || usage.memoryBytes > limitBytes ||
      told.memoryBytes > limitBytes || hasChanged(told, usage);
    known.set(usage.serviceID, isNew ? usage : told);
    if (isNew) changed.push(usage);
  }
  toldUsages.link = managerLink;
  toldUsages.byInstance = known;
  if (changed.length > 0) sendUp(turn, { type: "instancesUsageInfo", usages: changed });
}

function hasChanged(told: ReportedUsage, usage: ReportedUsage): boolean {
  const stepBytes = Math.max(MEMORY_STEP_BYTES, MEMORY_STEP_PART * told.memoryBytes);
  return Math.abs(usage.memoryBytes - told.memoryBytes) >= stepBytes ||
    usage.cpuMs - told.cpuMs >= CPU_STEP_MS ||
    Math.abs(usage.cpuPermille - told.cpuPermille) >= CPU_STEP_PERMILLE;
}
