/**
 * A store in an SQLite file.
 *
 * With a write-ahead log and `synchronous = NORMAL`, a fact that was appended survives the death of
 * the process; the newest ones may be lost when the machine itself loses power, but what is left
 * is then whole.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Fact } from "../../roles/manager/memory/facts.ts";
import { parseFact, subjectsOf } from "./fact_text.ts";
import { openSqliteFile, rollBack, type Row, type SqliteFile, storeError } from "./sqlite_file.ts";
import { type SeqRange, sqlOf } from "./sqlite_query.ts";
import {
  checkContinues,
  QUERY_LIMIT,
  type Snapshot,
  type Store,
  StoreError,
  type StoreQuery,
  StoreUnavailableError,
} from "./store.ts";

/** How many facts are read at a time. */
const PAGE_FACTS = 1_000;
/** How many facts may wait for their indexes: they take two milliseconds then. */
const FRESH_FACTS_MAX = 512;
/** So many facts at once get their indexes at once. */
const BULK_FACTS = 128;

/**
 * Opens a store in an SQLite file, which is made if it does not exist.
 *
 * @param path The file; its folder must exist.
 * @throws {StoreError} when it is in use, cannot be read, or is of a newer version.
 */
export function openSqliteStore(path: string): Store {
  return new SqliteStore(path);
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #file: SqliteFile;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #insertFresh: StatementSync;
  readonly #readPage: StatementSync;
  readonly #readTime: StatementSync;
  #isOpen = true;
  #firstSeq: number;
  #lastSeq: number;
  #latestMs: number;
  #snapshotSeq: number;
  #freshFacts = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSqliteFile(path);
    this.#database = this.#file.database;
    try {
      this.#insert = this.#prepareInsert("facts");
      this.#insertFresh = this.#prepareInsert("fresh_facts");
      this.#freshFacts = this.#numberOf("SELECT count(*) AS value FROM fresh_facts") ?? 0;
      // They are there when the process that appended them died.
      this.#indexFreshIfPossible();
      this.#readPage = this.#database.prepare(
        `SELECT seq, body
            FROM (SELECT seq, body FROM facts WHERE seq > :seq ORDER BY seq LIMIT :limit)
          UNION ALL SELECT seq, body FROM fresh_facts WHERE seq > :seq ORDER BY seq LIMIT :limit`,
      );
      this.#readTime = this.#database.prepare(
        `SELECT latest_ms FROM facts WHERE seq = :seq
          UNION ALL SELECT latest_ms FROM fresh_facts WHERE seq = :seq`,
      );
      this.#snapshotSeq = this.#numberOf("SELECT seq AS value FROM snapshot") ?? 0;
      const first = this.#numberOf("SELECT min(seq) AS value FROM facts") ??
        this.#numberOf("SELECT min(seq) AS value FROM fresh_facts");
      this.#lastSeq = this.#numberOf("SELECT max(seq) AS value FROM fresh_facts") ??
        this.#numberOf("SELECT max(seq) AS value FROM facts") ?? this.#snapshotSeq;
      this.#firstSeq = first ?? this.#lastSeq + 1;
      this.#latestMs = this.#latestMsAt(this.#lastSeq);
    } catch (error) {
      this.close();
      throw storeError("read", path, error);
    }
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get factCount(): number {
    return this.#lastSeq - this.#firstSeq + 1;
  }

  get snapshotSeq(): number {
    return this.#snapshotSeq;
  }

  append(facts: readonly Fact[]): void {
    checkContinues(facts, this.#lastSeq);
    const isBulk = facts.length >= BULK_FACTS;
    if (isBulk || this.#freshFacts + facts.length > FRESH_FACTS_MAX) this.#indexFresh();
    let latestMs = this.#latestMs;
    const insertAll = () => {
      for (const fact of facts) {
        latestMs = Math.max(latestMs, fact.atMs);
        this.#insertFact(isBulk ? this.#insert : this.#insertFresh, fact, latestMs);
      }
    };
    // A single statement is a transaction of its own.
    if (facts.length === 1) this.#try("write", insertAll);
    else this.#write(insertAll);
    if (!isBulk) this.#freshFacts += facts.length;
    this.#latestMs = latestMs;
    this.#lastSeq += facts.length;
  }

  *read(afterSeq = 0): Iterable<Fact> {
    let seq = afterSeq;
    for (;;) {
      const rows = this.#try("read", () => this.#readPage.all({ seq, limit: PAGE_FACTS }));
      for (const row of rows) yield this.#factOf(row);
      const last = rows.at(-1)?.seq;
      if (typeof last !== "number" || rows.length < PAGE_FACTS) return;
      seq = last;
    }
  }

  query(filter: StoreQuery): Fact[] {
    this.#indexFreshIfPossible();
    const range = this.#rangeOf(filter);
    if (range.first > range.last || range.limit <= 0) return [];
    const { sql, values } = sqlOf(filter, range);
    const rows = this.#try("read", () => this.#database.prepare(sql).all(...values));
    const facts = rows.map((row) => this.#factOf(row));
    return range.isForward ? facts : facts.reverse();
  }

  saveSnapshot({ seq, registry }: Snapshot): void {
    const text = JSON.stringify(registry);
    this.#write(() => {
      this.#database.prepare("INSERT OR REPLACE INTO snapshot (id, seq, registry) VALUES (1, ?, ?)")
        .run(seq, text);
    });
    this.#snapshotSeq = seq;
  }

  loadSnapshot(): Snapshot | undefined {
    const row = this.#try(
      "read",
      () => this.#database.prepare("SELECT seq, registry FROM snapshot").get(),
    );
    if (row === undefined) return undefined;
    const { seq, registry } = row;
    try {
      if (typeof seq === "number" && typeof registry === "string") {
        return { seq, registry: JSON.parse(registry) };
      }
    } catch {
      // A snapshot that is not JSON is corrupt, which is said below.
    }
    throw new StoreError(`Cannot read "${this.#path}": its snapshot is corrupt`);
  }

  prune(keepFacts: number): number {
    const throughSeq = Math.min(this.#snapshotSeq, this.#lastSeq - keepFacts);
    if (throughSeq < this.#firstSeq) return 0;
    this.#indexFresh();
    this.#write(() => {
      this.#database.prepare("DELETE FROM facts WHERE seq <= ?").run(throughSeq);
    });
    const count = throughSeq - this.#firstSeq + 1;
    this.#firstSeq = throughSeq + 1;
    return count;
  }

  close(): void {
    if (!this.#isOpen) return;
    try {
      this.#indexFresh();
    } catch {
      // They are safe where they are, and get their indexes when the file is opened again.
    }
    this.#isOpen = false;
    this.#file.close();
  }

  #prepareInsert(table: string): StatementSync {
    return this.#database.prepare(
      `INSERT INTO ${table} (seq, latest_ms, kind, service, dest_service, service_id,
        dest_service_id, connection_id, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Moves the facts that have no indexes yet to where they have. */
  #indexFresh(): void {
    if (this.#freshFacts === 0) return;
    this.#write(() => {
      this.#database.exec("INSERT INTO facts SELECT * FROM fresh_facts; DELETE FROM fresh_facts;");
    });
    this.#freshFacts = 0;
  }

  /** Facts that get no indexes, because the disk is full, are found without. */
  #indexFreshIfPossible(): void {
    try {
      this.#indexFresh();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  #insertFact(insert: StatementSync, fact: Fact, latestMs: number): void {
    const { service, destService, serviceID, destServiceID, connectionID } = subjectsOf(fact);
    insert.run(
      fact.seq,
      latestMs,
      fact.kind,
      service,
      destService === service ? null : destService,
      serviceID,
      destServiceID === serviceID ? null : destServiceID,
      connectionID,
      JSON.stringify(fact),
    );
  }

  /** A row becomes a fact only when it says what its place says. */
  #factOf({ seq, body }: Row): Fact {
    const fact = typeof body === "string" ? parseFact(body) : undefined;
    if (fact === undefined || fact.seq !== seq) {
      throw new StoreError(`Cannot read "${this.#path}": its fact ${seq} is corrupt`);
    }
    return fact;
  }

  #rangeOf({ afterSeq, sinceMs, untilMs, limit = QUERY_LIMIT }: StoreQuery): SeqRange {
    let first = Math.max((afterSeq ?? 0) + 1, this.#firstSeq);
    let last = this.#lastSeq;
    if (sinceMs !== undefined) {
      first = Math.max(first, this.#firstSeqWhere((latestMs) => latestMs >= sinceMs));
    }
    if (untilMs !== undefined) {
      last = Math.min(last, this.#firstSeqWhere((latestMs) => latestMs > untilMs) - 1);
    }
    const tables = this.#freshFacts === 0 ? ["facts"] : ["facts", "fresh_facts"];
    return { first, last, limit, isForward: afterSeq !== undefined, tables };
  }

  /** The number of the first fact whose latest time holds, found by halving. */
  #firstSeqWhere(holds: (latestMs: number) => boolean): number {
    let low = this.#firstSeq;
    let high = this.#lastSeq + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (holds(this.#try("read", () => this.#latestMsAt(middle)))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #latestMsAt(seq: number): number {
    const value = this.#readTime.get({ seq })?.latest_ms;
    return typeof value === "number" ? value : -Infinity;
  }

  #numberOf(sql: string): number | undefined {
    const value = this.#database.prepare(sql).get()?.value;
    return typeof value === "number" ? value : undefined;
  }

  #write(change: () => void): void {
    this.#try("write", () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        change();
        this.#database.exec("COMMIT");
      } catch (error) {
        rollBack(this.#database);
        throw error;
      }
    });
  }

  #try<Value>(verb: "read" | "write", work: () => Value): Value {
    if (!this.#isOpen) throw new StoreError(`Cannot ${verb} "${this.#path}": it is closed`);
    try {
      return work();
    } catch (error) {
      throw storeError(verb, this.#path, error);
    }
  }
}
