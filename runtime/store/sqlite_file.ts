/**
 * The SQLite file of a store: opened for one user alone, and brought to the schema of this version.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { StoreError, StoreUnavailableError } from "./store.ts";

/** The version of the schema below. */
const SCHEMA_VERSION = 1;

/** Marks the file as one of ours: "SMMP" in ASCII. */
const APPLICATION_ID = 0x534d4d50;

/**
 * How long to wait for the lock of another user. The lock of a worker or process that was killed is
 * gone within some milliseconds; one that stays belongs to a mesh that runs.
 */
const LOCK_WAIT_MS = 2_000;

/**
 * `latest_ms` is the latest time up to this fact, so that it grows with `seq` even when the clock
 * goes back, and a time is found by halving. The columns of the dialled end are only filled where
 * they differ from the other end, so that no fact is found twice.
 */
const COLUMNS = `
  seq INTEGER PRIMARY KEY,
  latest_ms REAL NOT NULL,
  kind TEXT NOT NULL,
  service TEXT,
  dest_service TEXT,
  service_id INTEGER,
  dest_service_id INTEGER,
  connection_id INTEGER,
  body TEXT NOT NULL
`;

/**
 * Facts are appended to `fresh_facts`, which has no index, and moved to `facts` many at a time or
 * before they are searched: a commit writes every page that it changes, and one for each index
 * would make it three times as long.
 */
const SCHEMA = `
  CREATE TABLE fresh_facts (${COLUMNS}) STRICT;
  CREATE TABLE facts (${COLUMNS}) STRICT;
  CREATE INDEX facts_by_service ON facts (service) WHERE service IS NOT NULL;
  CREATE INDEX facts_by_dest_service ON facts (dest_service) WHERE dest_service IS NOT NULL;
  CREATE INDEX facts_by_instance ON facts (service_id) WHERE service_id IS NOT NULL;
  CREATE INDEX facts_by_dest_instance ON facts (dest_service_id)
    WHERE dest_service_id IS NOT NULL;
  CREATE INDEX facts_by_connection ON facts (connection_id) WHERE connection_id IS NOT NULL;
  CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    registry TEXT NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** A row as SQLite gives it. */
export type Row = Record<string, SQLOutputValue>;

/** A database that nobody else writes. */
export interface SqliteFile {
  /** The database. */
  readonly database: DatabaseSync;
  /** Closes it and lets others use it. */
  close(): void;
}

/**
 * Opens a database for one user alone, and makes or checks its schema.
 *
 * @throws {StoreError} when it is in use, is no store of ours, or is of another version.
 */
export function openSqliteFile(path: string): SqliteFile {
  const opened: DatabaseSync[] = [];
  const close = () => {
    for (const database of opened.reverse()) database.close();
  };
  try {
    opened.push(takeLock(`${path}-lock`));
    const database = new DatabaseSync(path);
    opened.push(database);
    database.exec(`
      PRAGMA busy_timeout = ${LOCK_WAIT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
    `);
    prepareSchema(database, path);
    return { database, close };
  } catch (error) {
    close();
    throw error instanceof StoreError ? error : storeError("open", path, error);
  }
}

/**
 * Takes the lock: a transaction in an empty database that is never committed. The system ends it
 * with its process, so no lock is left behind. The database itself is not locked for that, because
 * Deno 2.4 never closes one of a worker that died with prepared statements; this one has none.
 */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec(`
      PRAGMA busy_timeout = ${LOCK_WAIT_MS};
      PRAGMA journal_mode = MEMORY;
      BEGIN EXCLUSIVE;
    `);
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function prepareSchema(database: DatabaseSync, path: string): void {
  const version = readNumber(database, "PRAGMA user_version", "user_version");
  const tables = readNumber(database, "SELECT count(*) AS tables FROM sqlite_schema", "tables");
  if (version === 0 && tables === 0) {
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
    return;
  }
  const applicationID = readNumber(database, "PRAGMA application_id", "application_id");
  if (applicationID !== APPLICATION_ID) {
    throw new StoreError(`Cannot open "${path}": it is not the history of a mesh`);
  }
  if (version !== SCHEMA_VERSION) {
    throw new StoreError(
      `Cannot open "${path}": another version of SMMP wrote it (schema ${version}, this one ` +
        `reads ${SCHEMA_VERSION}); use that version, or another data folder`,
    );
  }
}

function readNumber(database: DatabaseSync, sql: string, column: string): number {
  const value = database.prepare(sql).get()?.[column];
  return typeof value === "number" ? value : 0;
}

/** Ends a transaction that failed. */
export function rollBack(database: DatabaseSync): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has done it already, as it does when the disk is full; Deno 2.4 can't tell before.
  }
}

/** What SQLite says when a write fails by no fault of its own, and what that means. */
const UNAVAILABLE: readonly (readonly [says: RegExp, why: string])[] = [
  [/disk is full/, "the disk is full"],
  [/disk I\/O error/, "the disk fails"],
  [/readonly database/, "the disk can't be written"],
  [/unable to open database file/, "the files of the history can't be opened"],
  [/database is (locked|busy)/, "another program holds the history"],
];

/** Says what SQLite could not do with a file. */
export function storeError(
  verb: "open" | "read" | "write",
  path: string,
  cause: unknown,
): StoreError {
  const reason = reasonOf(cause);
  const why = UNAVAILABLE.find(([says]) => says.test(reason))?.[1];
  if (verb === "write" && why !== undefined) {
    return new StoreUnavailableError(`Cannot write "${path}": ${reason}`, { cause, why });
  }
  if (/database is (locked|busy)/.test(reason)) {
    return new StoreError(`Cannot ${verb} "${path}": another mesh is using it`, { cause });
  }
  const hint = /malformed|not a database/.test(reason) ? "; move it away to begin a new one" : "";
  return new StoreError(`Cannot ${verb} "${path}": ${reason}${hint}`, { cause });
}
