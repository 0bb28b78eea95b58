/**
 * What an agent writes down so that the agent that is started after it was killed knows it: one
 * small file for each instance, in a folder.
 *
 * @module
 */

const RECORD_FILE = /^(\d+)\.json$/;

/** Records of one kind, by the number of the instance. */
export class RecordFolder<Entry extends { readonly serviceID: number }> {
  readonly #folder: string;
  readonly #accepts: (value: unknown) => value is Entry;

  /** Records in a folder, which must be there; what a check does not accept is none. */
  constructor(folder: string, accepts: (value: unknown) => value is Entry) {
    this.#folder = folder;
    this.#accepts = accepts;
  }

  /** Every record that was not removed, by its number. What can't be read is none, and removed. */
  list(): Entry[] {
    const records: Entry[] = [];
    for (const entry of Deno.readDirSync(this.#folder)) {
      const number = Number(RECORD_FILE.exec(entry.name)?.[1]);
      if (!Number.isSafeInteger(number)) continue;
      const record = this.#read(number);
      if (record === undefined) this.remove(number);
      else records.push(record);
    }
    return records.toSorted((left, right) => left.serviceID - right.serviceID);
  }

  /**
   * Writes a record, for this user alone.
   *
   * @throws {Error} when it can't be written.
   */
  add(record: Entry): void {
    const path = `${this.pathOf(record.serviceID)}.json`;
    // A half of a record would be none, so it appears as a whole.
    Deno.writeTextFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    Deno.renameSync(`${path}.new`, path);
  }

  /** Forgets a record. */
  remove(serviceID: number): void {
    try {
      Deno.removeSync(`${this.pathOf(serviceID)}.json`);
    } catch {
      // It is not there; and one too many is found to be of nobody the next time.
    }
  }

  /** Where what belongs to an instance is, without the ending. */
  protected pathOf(serviceID: number): string {
    return `${this.#folder}/${serviceID}`;
  }

  #read(serviceID: number): Entry | undefined {
    try {
      const text = Deno.readTextFileSync(`${this.pathOf(serviceID)}.json`);
      const value: unknown = JSON.parse(text);
      return this.#accepts(value) && value.serviceID === serviceID ? value : undefined;
    } catch {
      // A file that is no JSON, or that is gone: no record.
      return undefined;
    }
  }
}
