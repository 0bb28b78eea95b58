/**
 * What a spare and its agent say to each other, before the spare is an instance: two lines, which
 * are none of the protocol, since nobody else hears of spares.
 *
 * @module
 */

import { isRecord, token as tokenKind } from "../../../protocol/fields.ts";
import { isStartInfo, type StartInfo } from "../start.ts";

/** Spare to agent, once its service is loaded. */
export interface SpareReadyLine {
  /** Which line it is. */
  readonly type: "spareReady";
  /** Its number among the spares of the agent. */
  readonly spareID: number;
  /** The secret that was put in its environment. */
  readonly token: string;
}

/** Agent to spare: be this instance. */
export interface SpareStartLine {
  /** Which line it is. */
  readonly type: "spareStart";
  /** What a process is told that is started as an instance. */
  readonly start: StartInfo;
}

/** Narrows what came by a link; undefined when it is something else. */
export function readSpareReady(value: unknown): SpareReadyLine | undefined {
  if (!isRecord(value) || value.type !== "spareReady") return undefined;
  const { spareID, token } = value;
  if (typeof spareID !== "number" || !tokenKind.accepts(token)) return undefined;
  return { type: "spareReady", spareID, token };
}

/** Narrows what came by a link; undefined when it is something else. */
export function readSpareStart(value: unknown): SpareStartLine | undefined {
  if (!isRecord(value) || value.type !== "spareStart" || !isStartInfo(value.start)) {
    return undefined;
  }
  return { type: "spareStart", start: value.start };
}
