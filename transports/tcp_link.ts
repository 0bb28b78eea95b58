/**
 * A link over TCP: one document per line.
 *
 * @module
 */

import { type Codec, plainCodec, textOf } from "./codec.ts";
import { LineReader, ROLE_LINE_BYTES_MAX } from "./lines.ts";
import { type AcceptLink, CLOSED_HERE, CLOSED_THERE, type Link, type LinkEvents } from "./link.ts";
import { after } from "./timer.ts";
import { atEndOfTurn } from "./turn.ts";

/** How many bytes may wait to be written to a connection. */
export const WAITING_BYTES_MAX = 8 * 1024 * 1024;

/** After so many heartbeats in which nothing came a link is broken. */
export const SILENT_BEATS_MAX = 4;

const READ_BYTES_MIN = 4 * 1024;
const READ_BYTES_MAX = 64 * 1024;
const encoder = new TextEncoder();

/** How to link a connection. */
export interface TcpLinkOptions {
  /**
   * What to call this end in logs.
   *
   * @default {"tcp:<address of the other end>"}
   */
  name?: string;
  /**
   * What a line holds. Both ends must use the same.
   *
   * @default {plainCodec}
   */
  codec?: Codec;
  /**
   * How many bytes a received line may have; a longer one breaks the link.
   *
   * @default {ROLE_LINE_BYTES_MAX}
   */
  lineBytesMax?: number;
  /**
   * How many bytes may wait to be written before the link breaks.
   *
   * @default {WAITING_BYTES_MAX}
   */
  waitingBytesMax?: number;
  /**
   * How long `close()` waits until all is written and the other end has closed too.
   *
   * @default {2000}
   */
  closeTimeoutMs?: number;
  /**
   * How often an empty line tells the other end that this one is there. Where nothing comes for
   * {@linkcode SILENT_BEATS_MAX} times as long the link breaks: a host that vanished sends no end.
   *
   * @default {never}
   */
  heartbeatMs?: number;
  /** What was read before the connection became a link. @default {new Uint8Array(0)} */
  first?: Uint8Array;
  /** Whether to answer all that is read at once, if only by an empty line. @default {false} */
  answersAtOnce?: boolean;
}

/**
 * Makes one end of a link from a connection, which the link owns from here on.
 *
 * @example Link the two ends of a connection
 * ```ts
 * import { linkTcp } from "./tcp.ts";
 *
 * const quiet = { received() {}, malformed() {}, closed() {} };
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { hostname, port } = listener.addr;
 * const dialed = linkTcp(await Deno.connect({ hostname, port }), {}, quiet);
 * linkTcp(await listener.accept(), {}, { ...quiet, received: (value) => console.log(value) });
 * dialed.send({ type: "greeting" });
 * dialed.close();
 * listener.close();
 * ```
 */
export function linkTcp(conn: Deno.Conn, options: TcpLinkOptions, events: LinkEvents): Link {
  return new TcpEnd(conn, options, () => events);
}

/**
 * Makes one end of a link whose host wants to know the link before its first event; otherwise
 * like {@linkcode linkTcp}.
 */
export function acceptTcp(conn: Deno.Conn, options: TcpLinkOptions, accept: AcceptLink): Link {
  return new TcpEnd(conn, options, accept);
}

class TcpEnd implements Link {
  readonly name: string;
  readonly #conn: Deno.Conn;
  readonly #events: LinkEvents;
  readonly #codec: Codec;
  readonly #reader: LineReader;
  readonly #waitingBytesMax: number;
  readonly #closeTimeoutMs: number;
  readonly #answersAtOnce: boolean;
  // Lines of this turn; their length is exact only once they are bytes, so both are bounded.
  #batch = "";
  #flushing = false;
  #writing = false;
  #writingBytes = 0;
  // A link that is closing takes nothing more to send, writes what waits, and still reads.
  #state: "open" | "closing" | "ended" = "open";
  #closeReason = CLOSED_HERE;
  #inputEnded = false;
  #stopWaiting: (() => void) | undefined;
  #beats: ReturnType<typeof setInterval> | undefined;
  // Counted, not timed: a process that stood still must not take its own pause for the other's.
  #silentBeats = 0;

  constructor(conn: Deno.Conn, options: TcpLinkOptions, accept: AcceptLink) {
    this.name = options.name ?? `tcp:${addressOf(conn.remoteAddr)}`;
    this.#conn = conn;
    this.#codec = options.codec ?? plainCodec;
    this.#waitingBytesMax = options.waitingBytesMax ?? WAITING_BYTES_MAX;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 2000;
    this.#answersAtOnce = options.answersAtOnce ?? false;
    const { lineBytesMax = ROLE_LINE_BYTES_MAX } = options;
    this.#reader = new LineReader({ lineBytesMax, codec: this.#codec }, {
      received: (value) => this.#events.received(value),
      malformed: (reason) => this.#events.malformed(`Cannot read from "${this.name}": ${reason}`),
      refused: (reason) => this.abort(`Cannot read from "${this.name}": ${reason}`),
    });
    // A connection that is not TCP, or is broken already, is found out by the first read.
    if (isTcp(conn)) attempt(() => conn.setNoDelay(true));
    this.#events = accept(this);
    this.#read(options.first);
    const { heartbeatMs } = options;
    if (heartbeatMs !== undefined) {
      this.#beats = setInterval(() => this.#beat(heartbeatMs), heartbeatMs);
    }
  }

  send(value: unknown): void {
    if (this.#state !== "open") return;
    try {
      this.#sendLine(this.#codec.encode(value));
    } catch (error) {
      this.abort(`Cannot send a value on "${this.name}": ${textOf(error)}`);
    }
  }

  #sendLine(line: string): void {
    this.#batch += line + "\n";
    if (this.#overBound(this.#batch.length) || this.#flushing || this.#writing) return;
    this.#flushing = true;
    atEndOfTurn(() => {
      this.#flushing = false;
      this.#write();
    });
  }

  close(): void {
    this.#startClosing(CLOSED_HERE);
  }

  abort(reason: string): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#stopWaiting?.();
    if (this.#beats !== undefined) clearInterval(this.#beats);
    this.#batch = "";
    this.#reader.stop();
    // It may have been closed by the system, which is what is wanted.
    attempt(() => this.#conn.close());
    queueMicrotask(() => this.#events.closed(reason));
  }

  #beat(heartbeatMs: number): void {
    this.#silentBeats += 1;
    if (this.#silentBeats > SILENT_BEATS_MAX) {
      this.abort(`nothing came from "${this.name}" for ${SILENT_BEATS_MAX * heartbeatMs} ms`);
    } else if (this.#state === "open") this.#sendLine("");
  }

  #startClosing(reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#closeReason = reason;
    this.#stopWaiting = after(
      this.#closeTimeoutMs,
      () => this.abort(`${reason}, not in order within ${this.#closeTimeoutMs} ms`),
    );
    // A running or scheduled write finds the state by itself.
    if (!this.#writing && !this.#flushing) this.#write();
  }

  #overBound(batchBytes: number): boolean {
    if (batchBytes + this.#writingBytes <= this.#waitingBytesMax) return false;
    this.abort(
      `Cannot send on "${this.name}": more than ${this.#waitingBytesMax} bytes are waiting`,
    );
    return true;
  }

  /** Writes all that waits; what is sent meanwhile leaves in one write after this one. */
  async #write(): Promise<void> {
    if (this.#state === "ended" || this.#writing) return;
    this.#writing = true;
    try {
      while (this.#batch !== "") {
        const bytes = encoder.encode(this.#batch);
        this.#batch = "";
        if (this.#overBound(bytes.length)) return;
        await this.#writeAll(bytes);
      }
      this.#writing = false;
      if (this.#state === "closing") await this.#finish();
    } catch (error) {
      this.abort(`Cannot write to "${this.name}": ${textOf(error)}`);
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      this.#writingBytes = bytes.length - written;
      written += await this.#conn.write(written === 0 ? bytes : bytes.subarray(written));
    }
    this.#writingBytes = 0;
  }

  /**
   * Ends a link on which all is written. Where this end closes first, it closes only its own
   * direction and waits for the other end to do the same: a socket that is closed with unread
   * input is reset, and a reset destroys what the other end has not read yet.
   */
  async #finish(): Promise<void> {
    if (this.#inputEnded) this.abort(this.#closeReason);
    else await this.#conn.closeWrite();
  }

  async #read(first: Uint8Array | undefined): Promise<void> {
    if (first !== undefined && first.length > 0) {
      // No event fires inside the call that makes a link.
      await Promise.resolve();
      this.#reader.push(first);
    }
    let buffer = new Uint8Array(READ_BYTES_MIN);
    while (this.#state !== "ended") {
      if (this.#answersAtOnce && this.#state === "open") this.#sendLine("");
      let count: number | null;
      try {
        count = await this.#conn.read(buffer);
      } catch (error) {
        this.abort(`Cannot read from "${this.name}": ${textOf(error)}`);
        return;
      }
      if (count === null) {
        this.#endOfInput();
        return;
      }
      this.#silentBeats = 0;
      this.#reader.push(buffer.subarray(0, count));
      if (count === buffer.length && count < READ_BYTES_MAX) {
        buffer = new Uint8Array(count * 2);
      }
    }
  }

  #endOfInput(): void {
    this.#reader.end();
    this.#inputEnded = true;
    if (this.#state === "open") this.#startClosing(CLOSED_THERE);
    else if (this.#allWritten) this.abort(this.#closeReason);
  }

  get #allWritten(): boolean {
    return this.#batch === "" && !this.#writing;
  }
}

/** Returns an address as `host:port`, or what else a transport has. */
function addressOf(address: Deno.Addr): string {
  return "hostname" in address ? `${address.hostname}:${address.port}` : address.transport;
}

function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

/** Does what may fail only because the connection is gone, which its read loop reports. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The connection is gone already.
  }
}
