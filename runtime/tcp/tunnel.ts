/**
 * A TCP connection that goes on in the two bodies of an exchange: what it says leaves as one of
 * them, what comes as the other is written to it. Each direction ends by itself, is as fast as
 * whoever reads it, and breaks when the other end of the connection does.
 *
 * @module
 */

import { after } from "../../transports/timer.ts";

/** The part of a TCP connection that a tunnel uses. */
export interface TunnelConnection {
  /** Reads what is there; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of it, and returns how much. */
  write(bytes: Uint8Array): Promise<number>;
  /** Says that nothing more is written. */
  closeWrite(): Promise<void>;
  /** Ends it at once. */
  close(): void;
}

/** The times and sizes of tunnels. */
export const TUNNEL_LIMITS = {
  /** A connection that shall end ends once nothing has moved for so long after an answer. */
  quietMs: 100,
  /** Before the first word of a new connection it may be quiet for so long. */
  firstWordMs: 1_000,
  /** One that is never quiet ends with the first answer after this. */
  leaveMs: 1_500,
  /** It ends after this whatever moves, so that time is left for its program to end. */
  leaveMsMax: 2_500,
  /** What the first read takes; later ones take what suits the connection. */
  bufferBytesMin: 4_096,
  /** What one read takes at most. */
  bufferBytesMax: 65_536,
} as const;

const { bufferBytesMin, bufferBytesMax, firstWordMs, leaveMs, leaveMsMax, quietMs } = TUNNEL_LIMITS;

/** What a tunnel knows of its connection. */
export interface TunnelOptions {
  /** At whose end it is: the other end of the connection is a client, or the program. */
  readonly of: "client" | "program";
}

/** One connection, and the two directions in which it goes on. */
export class Tunnel {
  /** Settles when the connection is closed; never rejects. */
  readonly ended: Promise<void>;
  readonly #connection: TunnelConnection;
  readonly #isOfClient: boolean;
  readonly #settle: () => void;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #bufferBytes: number = bufferBytesMin;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #incoming: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #stopLeaving: (() => void) | undefined;
  #hasRead = false;
  #hasWritten = false;
  #isOver = false;
  /** The time from which on it ends with any answer. */
  #lastMs = Infinity;
  /** Whether what moved last was a question, to which the answer has not come yet. */
  #isAsked = false;
  /** When something moved last; of a new connection, when it will be waited for no more. */
  #movedMs = performance.now() + firstWordMs - quietMs;

  /** Takes the connection over; nothing moves yet. */
  constructor(connection: TunnelConnection, { of }: TunnelOptions) {
    this.#connection = connection;
    this.#isOfClient = of === "client";
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
  }

  /**
   * What the connection says, from its beginning or from where a stream before has left off; one
   * stream at a time.
   *
   * @param opened Nothing is read before it resolves. By default at once.
   */
  outgoing(opened?: Promise<void>): ReadableStream<Uint8Array<ArrayBuffer>> {
    let wait = opened;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        if (wait !== undefined) await wait;
        wait = undefined;
        this.#controller = controller;
        const piece = await this.#read();
        if (piece !== undefined) controller.enqueue(piece);
        else if (!this.#isOver) this.#endOutgoing(controller);
        this.#endIfLast(piece?.length ?? 0);
      },
      cancel: () => {
        if (wait === undefined) this.#endReading();
      },
    }, { highWaterMark: 0 });
  }

  /** Writes a body to the connection, until both directions have ended or one breaks. */
  async receive(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = this.#incoming = body.getReader();
    // It ended before it was open.
    if (this.#isOver) return void reader.cancel().catch(() => {});
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.#moved(!this.#isOfClient);
        if (!await this.#write(value)) return;
      }
    } catch {
      // The exchange is over before its time, and with it the connection.
      return this.#close();
    }
    if (this.#isOver) return;
    // A connection that can't be told any more has ended, or will say so when it is read.
    await this.#connection.closeWrite().catch(() => {});
    this.#hasWritten = true;
    this.#closeWhenDone();
  }

  /**
   * Ends the tunnel when that does the least harm: once an answer was given and nothing has moved
   * for a moment; if that does not happen, with an answer; at the latest after a while, see
   * {@linkcode TUNNEL_LIMITS}.
   */
  leave(): void {
    if (this.#isOver || this.#stopLeaving !== undefined) return;
    const beganMs = performance.now();
    this.#lastMs = beganMs + leaveMs;
    const look = () => {
      const nowMs = performance.now();
      const isQuiet = !this.#isAsked && nowMs - this.#movedMs >= quietMs;
      if (isQuiet || nowMs >= beganMs + leaveMsMax) return this.end();
      this.#stopLeaving = after(quietMs / 2, look);
    };
    look();
  }

  /** Ends the tunnel and the connection at once; what was said before still arrives. */
  end(): void {
    if (this.#isOver) return;
    this.#close();
    // A stream that nobody reads any more has nothing to be told.
    this.#incoming?.cancel("the connection is closed").catch(() => {});
    const controller = this.#controller;
    if (controller !== undefined && !this.#hasRead) this.#endOutgoing(controller);
  }

  /** What is long may have more behind it, so it is no end of an answer. */
  #endIfLast(bytes: number): void {
    if (this.#lastMs === Infinity || this.#isAsked || bytes >= bufferBytesMin) return;
    if (performance.now() >= this.#lastMs) this.end();
  }

  /** The next piece; undefined at the end. */
  async #read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const buffer = this.#buffer ??= new Uint8Array(this.#bufferBytes);
    let count: number | null;
    try {
      count = this.#hasRead ? null : await this.#connection.read(buffer);
    } catch (error) {
      if (this.#isOver) return undefined;
      this.#endReading();
      throw error;
    }
    if (count === null) return undefined;
    this.#moved(this.#isOfClient);
    return this.#take(buffer, count);
  }

  /** What was read, of a buffer that is as large as suits the connection. */
  #take(buffer: Uint8Array<ArrayBuffer>, count: number): Uint8Array<ArrayBuffer> {
    if (count === buffer.length) {
      this.#bufferBytes = Math.min(4 * this.#bufferBytes, bufferBytesMax);
    } else if (count < buffer.length / 4) {
      this.#bufferBytes = Math.max(this.#bufferBytes / 4, bufferBytesMin);
    }
    // What fills much of it is given away with it; a little is copied, and the buffer used again.
    const isLarge = count >= buffer.length / 2;
    if (isLarge || this.#bufferBytes !== buffer.length) this.#buffer = undefined;
    return isLarge ? buffer.subarray(0, count) : buffer.slice(0, count);
  }

  /** Writes a piece; false when the connection takes no more. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let rest = bytes; rest.length > 0;) {
        rest = rest.subarray(await this.#connection.write(rest));
      }
      this.#moved(!this.#isOfClient);
      this.#endIfLast(bytes.length);
      return true;
    } catch {
      // Nobody reads it any more. What the other end still says can be read: it ends by itself.
      this.#incoming?.cancel("the connection takes no more").catch(() => {});
      this.#hasWritten = true;
      this.#closeWhenDone();
      return false;
    }
  }

  #moved(isQuestion: boolean): void {
    this.#isAsked = isQuestion;
    this.#movedMs = performance.now();
  }

  #endOutgoing(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    try {
      controller.close();
    } catch {
      // Whoever read it has cancelled it.
    }
    this.#endReading();
  }

  #endReading(): void {
    this.#hasRead = true;
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#hasRead && this.#hasWritten) this.#close();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#buffer = undefined;
    this.#stopLeaving?.();
    try {
      this.#connection.close();
    } catch {
      // The other end has closed it.
    }
    this.#settle();
  }
}
