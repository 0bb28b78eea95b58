/**
 * The starts of instances as the admin API shows them, put together from the history.
 *
 * @module
 */

import type { Fact, FactKind } from "../../../roles/manager/memory/facts.ts";
import type { Store, StoreQuery } from "../../store/store.ts";
import { isoTime } from "./registry_view.ts";
import type { ListView, StartView } from "./view.ts";

/** Most starts that are put together at a time: each takes a few questions to the store. */
const STARTS_MAX = 500;

/** Facts that are looked through for the first use of an instance. */
const LOOKED_MAX = 5;

/** Which starts are shown. */
export interface StartsOptions {
  /** Only those of this service. @default {all} */
  readonly service?: string | undefined;
  /** At most so many, the newest; never more than 500. @default {20} */
  readonly limit?: number | undefined;
}

/** The newest starts, the newest last. */
export function viewStarts(store: Store, options: StartsOptions): ListView<StartView> {
  const { service, limit = 20 } = options;
  const query = { service, limit: Math.min(limit, STARTS_MAX) };
  const items = factsOf(store, "instanceStarted", query).map((fact) => viewStart(store, fact));
  return { total: items.length, items };
}

type FactOf<Kind extends FactKind> = Extract<Fact, { kind: Kind }>;

function factsOf<Kind extends FactKind>(
  store: Store,
  kind: Kind,
  query: StoreQuery,
): FactOf<Kind>[] {
  const isWanted = (fact: Fact): fact is FactOf<Kind> => fact.kind === kind;
  return store.query({ ...query, kinds: [kind] }).filter(isWanted);
}

function viewStart(store: Store, fact: FactOf<"instanceStarted">): StartView {
  const { serviceID, service, atMs, seq, took } = fact;
  const [starting] = factsOf(store, "instanceStarting", { serviceID, limit: 1 });
  const after = { afterSeq: seq, limit: LOOKED_MAX };
  const opened = factsOf(store, "connectionOpened", { serviceID, ...after })
    .find(({ destServiceID }) => destServiceID === serviceID);
  const used = opened === undefined
    ? []
    : factsOf(store, "connectionUsed", { connectionID: opened.connectionID, ...after });
  return {
    id: serviceID,
    service,
    agent: starting?.agent ?? null,
    at: isoTime(atMs),
    why: starting?.reason ?? null,
    startMs: starting === undefined ? null : atMs - starting.atMs,
    waitMs: took?.waitMs ?? null,
    placeMs: took?.placeMs ?? null,
    spawnMs: took?.spawnMs ?? null,
    loadMs: took?.loadMs ?? null,
    connectMs: opened === undefined ? null : opened.connectMs ?? 0,
    firstMs: used.find(({ firstMs }) => firstMs !== undefined)?.firstMs ?? null,
  };
}
