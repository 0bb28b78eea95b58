/**
 * Bytes between a connection from outside and TLS inside of this process.
 *
 * A connection of TLS that Deno accepted can't be closed while its handshake waits for the other
 * end (2.4 to 2.9): somebody who says nothing would hold it for as long as they like. So TLS is
 * spoken on a second connection within the host, and this one, which can be closed at any time,
 * decides how long the other lives.
 *
 * @module
 */

import { after } from "../timer.ts";
import { closeConn } from "./dismissal.ts";

const BUFFER_BYTES_MIN = 4 * 1024;
const BUFFER_BYTES_MAX = 64 * 1024;
/** How long what is left may take to reach the other end when the inside has closed. */
const FINISH_MS = 2_000;

/** The two connections of a {@linkcode Relay}, which owns them. */
export interface RelayEnds {
  /** The connection from outside. */
  readonly outer: Deno.TcpConn;
  /** The connection to TLS. */
  readonly inner: Deno.TcpConn;
  /** What was read from outside already. */
  readonly first: Uint8Array;
}

/** Passes bytes both ways, with the end of each direction, until it is ended. */
export class Relay {
  readonly #outer: Deno.TcpConn;
  readonly #inner: Deno.TcpConn;
  /** The end of what comes from inside. */
  readonly #outward: Promise<void>;
  #ended = false;

  /** Passes on at once. */
  constructor({ outer, inner, first }: RelayEnds) {
    this.#outer = outer;
    this.#inner = inner;
    this.#outward = this.#pass(inner, { dest: outer, first: new Uint8Array(0) });
    this.#pass(outer, { dest: inner, first });
  }

  /** Ends when all that comes from inside, which has closed, has left. */
  finish(): void {
    const cancel = after(FINISH_MS, () => this.abort());
    this.#outward.finally(() => {
      cancel();
      this.abort();
    });
  }

  /** Ends at once. */
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const conn of [this.#outer, this.#inner]) closeConn(conn);
  }

  /** Never rejects: what breaks one direction ends both. */
  async #pass(
    source: Deno.TcpConn,
    { dest, first }: { dest: Deno.TcpConn; first: Uint8Array },
  ): Promise<void> {
    let buffer = new Uint8Array(BUFFER_BYTES_MIN);
    try {
      if (first.length > 0) await writeAll(dest, first);
      for (;;) {
        const count = await source.read(buffer);
        if (count === null) break;
        await writeAll(dest, buffer.subarray(0, count));
        if (count === buffer.length && count < BUFFER_BYTES_MAX) {
          buffer = new Uint8Array(count * 2);
        }
      }
      await dest.closeWrite();
    } catch {
      // One of the ends is gone. The link inside finds that out by its connection's end.
      this.abort();
    }
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let written = await conn.write(bytes);
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}
