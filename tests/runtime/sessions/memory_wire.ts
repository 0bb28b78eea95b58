import type { Wire } from "../../../runtime/sessions/wires/outbox.ts";

/** One end of a pair of wires without a socket. */
export class MemoryWire implements Wire {
  /** Everything that this end wrote. */
  readonly written: Uint8Array[] = [];
  /** How many bytes one read delivers at most. */
  readBytes = Infinity;
  /** Whether writes to this end never finish, as when nobody reads. */
  stalled = false;
  /** Resolves when the first such write has begun. */
  readonly stalling: PromiseWithResolvers<void> = Promise.withResolvers();
  #peer: MemoryWire | undefined;
  #arrived: Uint8Array[] = [];
  #atEnd = false;
  #wake: (() => void) | undefined;

  /** Two wires, each of which reads what is written to the other. */
  static pair(): [MemoryWire, MemoryWire] {
    const first = new MemoryWire();
    const second = new MemoryWire();
    first.#peer = second;
    second.#peer = first;
    return [first, second];
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#arrived.length === 0) {
      if (this.#atEnd) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const next = this.#arrived[0] ?? new Uint8Array(0);
    const length = Math.min(next.length, buffer.length, this.readBytes);
    buffer.set(next.subarray(0, length));
    if (length === next.length) this.#arrived.shift();
    else this.#arrived[0] = next.subarray(length);
    return length;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#peer === undefined || this.#peer.#atEnd) return Promise.reject(new Error("no peer"));
    if (this.#peer.stalled) {
      this.#peer.stalling.resolve();
      return new Promise<never>(() => {});
    }
    const copy = bytes.slice();
    this.written.push(copy);
    this.#peer.#arrived.push(copy);
    this.#peer.#wake?.();
    return Promise.resolve(copy.length);
  }

  closeWrite(): Promise<void> {
    const peer = this.#peer;
    if (peer !== undefined) {
      peer.#atEnd = true;
      peer.#wake?.();
    }
    return Promise.resolve();
  }

  close(): void {
    this.#atEnd = true;
    this.#wake?.();
    this.closeWrite();
  }
}
