/**
 * Facts as JSON text, and the door through which they come back.
 *
 * The guards are as wide as the types: what a manager could record, it can read again.
 *
 * @module
 */

import { permission } from "../../protocol/output.ts";
import { labels, manifests } from "../../protocol/announcements.ts";
import { isRecord, plugConfiguration } from "../../protocol/fields.ts";
import type {
  AgentTraits,
  ConnectionEnds,
  CrashMark,
  Fact,
  FactKind,
  StartSplit,
} from "../../roles/manager/memory/facts.ts";
import {
  type FieldGuards,
  type Guard,
  isFinite,
  isFlag,
  isText,
  isWhole,
  listOf,
  oneOf,
  optional,
  shapeOf,
} from "./guards.ts";

type FieldsOf<Kind extends FactKind> = Omit<
  Extract<Fact, { kind: Kind }>,
  "kind" | "seq" | "atMs"
>;

const ENDS: FieldGuards<ConnectionEnds> = {
  connectionID: isWhole,
  serviceID: isWhole,
  service: isText,
  sourcePlug: isWhole,
  destServiceID: isWhole,
  destService: isText,
  destPlug: isWhole,
};

/** The guards of what an agent may say of its host. */
export const AGENT_TRAITS: FieldGuards<AgentTraits> = {
  labels: optional(labels.accepts),
  capacity: optional(isWhole),
  incarnation: optional(isText),
  sessionCertificate: optional(isText),
};

const STARTED = { serviceID: isWhole, service: isText } as const;
const PLACED = { ...STARTED, agent: isText, plugs: plugConfiguration.accepts } as const;

const FIELDS: { readonly [Kind in FactKind]: FieldGuards<FieldsOf<Kind>> } = {
  agentRegistered: {
    agent: isText,
    network: isText,
    port: isWhole,
    repository: listOf(isText),
    manifests: manifests.accepts,
    ...AGENT_TRAITS,
  },
  agentRepositoryChanged: {
    agent: isText,
    repository: listOf(isText),
    manifests: manifests.accepts,
    edited: listOf(isText),
  },
  agentDraining: { agent: isText, draining: isFlag, reason: isText },
  agentDisconnected: { agent: isText, reason: isText },
  agentLost: { agent: isText, reason: isText },
  instanceRegistered: PLACED,
  instanceStarting: { ...PLACED, reason: isText },
  instanceStarted: {
    ...STARTED,
    took: optional(
      shapeOf<StartSplit>({
        waitMs: isFinite,
        placeMs: isFinite,
        spawnMs: isFinite,
        loadMs: isFinite,
      }),
    ),
  },
  instanceLeaving: {
    ...STARTED,
    cause: oneOf("none", "drain", "outdated", "memory", "unhealthy", "moving", "removed"),
    reason: isText,
    crash: optional(shapeOf<CrashMark>({ inRow: isWhole, pauseMs: isFinite })),
  },
  instanceClosing: {
    ...STARTED,
    phase: oneOf("drain", "soft", "hard"),
    reason: isText,
    isFault: optional(isFlag),
  },
  instanceEnded: {
    ...STARTED,
    status: isWhole,
    reason: isText,
    exitCode: optional(isWhole),
    signal: optional(isText),
    crash: optional(shapeOf<CrashMark>({ inRow: isWhole, pauseMs: isFinite })),
  },
  instanceUsed: { ...STARTED, reason: isText },
  instanceRefused: {
    ...STARTED,
    permission: permission.accepts,
    target: optional(isText),
  },
  serviceCrashLooping: { service: isText, crashes: isWhole, reason: isText },
  serviceRecovered: { service: isText, reason: isText },
  connectionOffered: ENDS,
  connectionOpened: { ...ENDS, connectMs: optional(isFinite) },
  connectionUsed: { ...ENDS, count: isWhole, firstMs: optional(isFinite) },
  connectionClosing: { ...ENDS, reason: isText },
  connectionClosed: { ...ENDS, status: isWhole, reason: isText },
  requestFailed: { ...STARTED, destService: isText, status: isWhole, reason: isText },
};

const KIND_GUARDS: ReadonlyMap<string, Guard<unknown>> = new Map(
  Object.entries(FIELDS).map(([kind, fields]) => [kind, shapeOf<unknown>(fields)]),
);

/** Every kind of fact. */
export const FACT_KINDS: readonly FactKind[] = Object.keys(FIELDS).filter(isFactKind);

/** Whether a word is a kind of fact. */
export function isFactKind(word: string): word is FactKind {
  return Object.hasOwn(FIELDS, word);
}

/** Whether a value that was read as JSON is a fact. */
export function isFact(value: unknown): value is Fact {
  if (!isRecord(value) || !isText(value.kind)) return false;
  if (!isWhole(value.seq) || !isFinite(value.atMs)) return false;
  return KIND_GUARDS.get(value.kind)?.(value) ?? false;
}

/** Reads a fact, or gives undefined for a text that is none. */
export function parseFact(text: string): Fact | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFact(value) ? value : undefined;
  } catch {
    // A text that is not JSON is no fact: the caller knows where it came from and says so.
    return undefined;
  }
}

/** The service, instance and connection that a fact is about, at both ends. */
export interface Subjects {
  /** The service, or the one that dials. */
  readonly service: string | null;
  /** The service that is dialled. */
  readonly destService: string | null;
  /** The instance, or the one that dials. */
  readonly serviceID: number | null;
  /** The instance that is dialled. */
  readonly destServiceID: number | null;
  /** The connection. */
  readonly connectionID: number | null;
}

/** What a fact is about. */
export function subjectsOf(fact: Fact): Subjects {
  return {
    service: "service" in fact ? fact.service : null,
    destService: "destService" in fact ? fact.destService : null,
    serviceID: "serviceID" in fact ? fact.serviceID : null,
    destServiceID: "destServiceID" in fact ? fact.destServiceID : null,
    connectionID: "connectionID" in fact ? fact.connectionID : null,
  };
}
