/**
 * Queries of a store as SQL. The newest facts come first: the caller turns them round.
 *
 * @module
 */

import type { SQLInputValue } from "node:sqlite";
import type { StoreQuery } from "./store.ts";

/** A statement and the values of its parameters. */
export interface SqlQuery {
  /** The statement; its parameters are question marks. */
  readonly sql: string;
  /** A value for each question mark. */
  readonly values: readonly SQLInputValue[];
}

/** Facts by number, both ends included, and in which order they are given. */
export interface SeqRange {
  /** The first. */
  readonly first: number;
  /** The last. */
  readonly last: number;
  /** At most so many. */
  readonly limit: number;
  /** Whether the oldest are given when there are more, or the newest. */
  readonly isForward: boolean;
  /** The tables where they are. */
  readonly tables: readonly string[];
}

/**
 * Writes a query. One condition chooses the index; the others get a plus sign, which tells SQLite
 * not to look for one. Each end of a connection has its own index, and each is asked for at most
 * `limit` facts, so the cost does not grow with the history.
 */
export function sqlOf(filter: StoreQuery, range: SeqRange): SqlQuery {
  const branches = range.tables.flatMap((table) =>
    branchesOf(filter).map((branch) => ({ table, ...branch }))
  );
  const order = `ORDER BY seq ${range.isForward ? "ASC" : "DESC"} LIMIT ?`;
  const rest = restOf(filter);
  const values: SQLInputValue[] = [];
  const selects = branches.map((branch) => {
    const conditions = [...branch.conditions, ...rest.conditions, "seq BETWEEN ? AND ?"];
    values.push(...branch.values, ...rest.values, range.first, range.last, range.limit);
    const where = conditions.join(" AND ");
    return `SELECT * FROM (SELECT seq, body FROM ${branch.table} WHERE ${where} ${order})`;
  });
  values.push(range.limit);
  return { sql: `${selects.join(" UNION ALL ")} ${order}`, values };
}

interface Conditions {
  readonly conditions: readonly string[];
  readonly values: readonly SQLInputValue[];
}

/** The conditions that choose an index: that of the narrowest subject asked for. */
function branchesOf({ connectionID, serviceID, service }: StoreQuery): Conditions[] {
  if (connectionID !== undefined) {
    return [{ conditions: ["connection_id = ?"], values: [connectionID] }];
  }
  if (serviceID !== undefined) {
    return ["service_id = ?", "dest_service_id = ?"].map((condition) => ({
      conditions: [condition],
      values: [serviceID],
    }));
  }
  if (service !== undefined) {
    return ["service = ?", "dest_service = ?"].map((condition) => ({
      conditions: [condition],
      values: [service],
    }));
  }
  return [{ conditions: [], values: [] }];
}

/** The conditions beside the one that chooses the index. */
function restOf({ connectionID, serviceID, service, kinds }: StoreQuery): Conditions {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  if (service !== undefined && (connectionID !== undefined || serviceID !== undefined)) {
    conditions.push("(+service = ? OR +dest_service = ?)");
    values.push(service, service);
  }
  if (serviceID !== undefined && connectionID !== undefined) {
    conditions.push("(+service_id = ? OR +dest_service_id = ?)");
    values.push(serviceID, serviceID);
  }
  if (kinds !== undefined) {
    conditions.push(`kind IN (${kinds.map(() => "?").join(", ")})`);
    values.push(...kinds);
  }
  return { conditions, values };
}
