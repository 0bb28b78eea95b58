/**
 * What an agent and the host process of its workers say to each other. They share a machine and a
 * secret; still, what comes by the link is read like anything that comes from outside.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import { isPermissionLists } from "../binary/worker_permissions.ts";
import type { PermissionLists } from "../launcher/sandbox.ts";

/** Longest order: it holds the secrets of a service. Bytes. */
export const ORDER_BYTES_MAX = 4 * 1024 * 1024;

/** Where a host process finds its agent, and how each knows the other. */
export interface HostStart {
  /** The address of the agent. */
  readonly hostname: string;
  /** Where it listens for host processes. */
  readonly port: number;
  /** The secret by which the host proves itself. */
  readonly token: string;
  /** What marks the lines of the host itself in its output. */
  readonly tag: string;
}

/** Start a worker. */
export interface StartOrder {
  /** Tells orders apart. */
  readonly type: "start";
  /** Its number, which no other worker of this agent has had. */
  readonly workerID: number;
  /** What it is called by Deno, in what that prints. */
  readonly name: string;
  /** The text of its main module. */
  readonly main: string;
  /** What it may do. */
  readonly permissions: PermissionLists;
}

/** End a worker, at once. */
export interface EndOrder {
  /** Tells orders apart. */
  readonly type: "end";
  /** Which one. */
  readonly workerID: number;
}

/** What an agent orders. */
export type HostOrder = StartOrder | EndOrder;

/** What a host process tells of a worker. */
export interface HostReport {
  /** It has ended, or does not end though it was ordered to, as its thread does not listen. */
  readonly type: "ended" | "stuck";
  /** Which one. */
  readonly workerID: number;
  /** Its exit code; of one that is stuck 0. */
  readonly exitCode: number;
}

/** Narrows an order; undefined when it is none. */
export function readOrder(value: unknown): HostOrder | undefined {
  if (!isRecord(value)) return undefined;
  const { type, workerID, name, main, permissions } = value;
  if (typeof workerID !== "number") return undefined;
  if (type === "end") return { type, workerID };
  const isStart = type === "start" && typeof name === "string" && typeof main === "string" &&
    isPermissionLists(permissions);
  return isStart ? { type, workerID, name, main, permissions } : undefined;
}

/** Narrows a report; undefined when it is none. */
export function readReport(value: unknown): HostReport | undefined {
  if (!isRecord(value)) return undefined;
  const { type, workerID, exitCode } = value;
  if (type !== "ended" && type !== "stuck") return undefined;
  if (typeof workerID !== "number" || typeof exitCode !== "number") return undefined;
  return { type, workerID, exitCode };
}

/** The secret that a host shows as its first word; undefined when it is something else. */
export function readHello(value: unknown): string | undefined {
  return isRecord(value) && value.type === "workerHost" && typeof value.token === "string"
    ? value.token
    : undefined;
}
