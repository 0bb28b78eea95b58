/**
 * One end of a session over a wire, whichever end dialled: reads frames, keeps the exchanges, says
 * ping, and ends in one of three ways.
 *
 * - Graceful: both ends have sent goAway and nothing is in flight. Each end then closes its writing
 *   half and reads until the other has too: else the kernel could throw away what is unread.
 * - Cut: this end aborts, or the peer breaks the rules of frames. A close frame tells the reason.
 * - Broken: the wire ends or fails, or nothing has arrived for three intervals.
 *
 * What is in flight in a session that is cut or broken breaks with {@linkcode SessionBrokenError}.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { after } from "../../transports/timer.ts";
import { NumberTable } from "../../roles/number_table.ts";
import type { IncomingBody, Windows } from "./bodies/incoming_body.ts";
import type { ConnectionOptions, ConnectionRole } from "./connection_role.ts";
import { FRAME, type Frame, FrameDecoder, FrameError } from "./frames/frames.ts";
import { Heartbeat } from "./wires/heartbeat.ts";
import { readCredit, readReason, readReset } from "./frames/heads.ts";
import { Outbox, type Outgoing, type Wire } from "./wires/outbox.ts";
import { SessionBrokenError, type SessionEnd } from "./session.ts";

/** One exchange, as the connection sees it. */
export interface Exchange {
  /** The body that the peer sends, once it may. */
  readonly incoming: IncomingBody | undefined;
  /** The body that this end sends, if there may be one. */
  readonly outgoing: Outgoing | undefined;
  /** The peer's body has ended. */
  arrived(): void;
  /** The peer is done with the exchange; it is no longer in the connection. */
  reset(code: number, reason: string): void;
  /** The session is over; the exchange is no longer in the connection. */
  broke(error: SessionBrokenError): void;
}

const LINGER_MS = 2_000;

/** The state of one end of a session. */
export class Connection {
  /** Exchanges in flight, by their number. */
  readonly exchanges: NumberTable<Exchange> = new NumberTable();
  /** What arriving bodies hold. */
  readonly windows: Windows = { granted: 0, buffered: 0 };
  /** The way out. */
  readonly outbox: Outbox;
  /** Aborts when the session begins to close gracefully, by the word of either end. */
  readonly leaving: AbortController = new AbortController();
  /** Settles once the wire is closed; never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #wire: Wire;
  readonly #role: ConnectionRole;
  readonly #what: string;
  readonly #decoder = new FrameDecoder();
  readonly #settle: (end: SessionEnd) => void;
  readonly #heartbeat: Heartbeat;
  readonly #isPrompt: boolean;
  #stopLingering: (() => void) | undefined;
  #greeted: "no" | "checking" | "yes" = "no";
  #leaving = "";
  #peerLeft = false;
  #finishing = false;
  #over = false;

  /** Starts to read. */
  constructor(wire: Wire, options: ConnectionOptions) {
    this.#wire = wire;
    this.#role = options.role;
    this.#what = options.what;
    this.outbox = new Outbox(wire, {
      failed: (reason) => this.#end({ status: 122, reason }),
      isAlone: () => this.exchanges.size <= 1,
    });
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.ended = promise;
    this.#settle = resolve;
    this.#isPrompt = options.isPrompt ?? false;
    this.#heartbeat = new Heartbeat({
      intervalMs: options.keepAliveMs,
      ask: () => this.#ping(),
      silent: () => this.#end({ status: 122, reason: "the peer gives no sign of life" }),
    });
    // Started in a microtask, so that the role is complete when the first frame comes.
    queueMicrotask(() => this.#read());
  }

  /** Whether a new exchange may start; if not, why. */
  get unavailable(): string | undefined {
    if (this.#over) return "the session has ended";
    if (this.#peerLeft) return "the peer closes the session";
    return this.#leaving === "" ? undefined : "the session is closing";
  }

  /** Bytes of bodies and frames in memory. */
  get bufferedBytes(): number {
    let bytes = this.windows.buffered + this.outbox.bufferedBytes + this.#decoder.bufferedBytes;
    for (const { outgoing } of this.exchanges.values()) bytes += outgoing?.bufferedBytes ?? 0;
    return bytes;
  }

  /** Takes an exchange out; the last one of a session that closes ends it. */
  remove(exchange: number): void {
    this.exchanges.delete(exchange);
    this.#finishWhenIdle();
  }

  /** Closes gracefully; the first reason counts. */
  leave(reason: string): void {
    if (this.#over || this.#leaving !== "") return;
    this.#leaving = reason;
    this.outbox.frames.goAway(reason);
    this.outbox.wake();
    this.leaving.abort(reason);
    this.#finishWhenIdle();
  }

  /** Ends at once by decision of this end, and tells the peer why. */
  cut(reason: string, status: SessionEnd["status"] = 111): void {
    if (this.#over) return;
    this.outbox.frames.close(reason);
    this.#end({ status, reason }, true);
  }

  /**
   * Says that this end is there. With it leaves the acknowledgement of what has arrived, which this
   * kernel holds back for 40 ms else; and so long some peers' kernels hold back what follows.
   */
  acknowledge(): void {
    if (this.#over || this.#finishing) return;
    this.outbox.frames.pong();
    this.outbox.wake();
  }

  async #read(): Promise<void> {
    try {
      while (!this.#over) {
        const count = await this.#wire.read(this.#decoder.room());
        if (count === null) return this.#readEnd();
        this.#heartbeat.heard();
        this.#decoder.arrived(count);
        for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
          this.#receive(frame);
          // Large answers go on meanwhile: they leave while the processor has them in its caches,
          // which have no room for those to all that was asked at once.
          if (frame.type === FRAME.request && this.outbox.isBulky) await null;
        }
        if (this.#isPrompt && this.exchanges.size > 0) this.acknowledge();
      }
    } catch (error) {
      if (error instanceof FrameError) return this.cut(`malformed frames: ${error.message}`, 122);
      this.#end({ status: 122, reason: reasonOf(error) });
    }
  }

  #readEnd(): void {
    if (this.#peerLeft && this.#leaving !== "" && this.exchanges.size === 0) {
      this.#end({ status: 111, reason: this.#leaving });
    } else {
      this.#end({ status: 122, reason: "the peer closed the connection" });
    }
  }

  readonly #receive = (frame: Frame): void => {
    if (this.#over) return;
    if (this.#greeted !== "yes") return this.#greet(frame);
    switch (frame.type) {
      case FRAME.request:
        if (this.#peerLeft) throw new FrameError("a request after goAway");
        return this.#role.head(frame);
      case FRAME.response:
      case FRAME.answer:
        return this.#role.head(frame);
      case FRAME.data:
        return this.#data(frame);
      case FRAME.credit:
        return this.#credit(frame);
      case FRAME.stop:
        return this.#find(frame)?.outgoing?.stop("the peer wants no more of the body");
      case FRAME.reset:
        return this.#reset(frame);
      case FRAME.ping:
        return this.acknowledge();
      case FRAME.pong:
        return;
      case FRAME.goAway:
        return this.#peerLeaves();
      case FRAME.close:
        return this.#end({ status: 122, reason: `the peer: ${readReason(frame.payload)}` });
      default:
        throw new FrameError("a second greeting");
    }
  };

  #greet(frame: Frame): void {
    if (frame.type === FRAME.close) {
      return this.#end({ status: 122, reason: readReason(frame.payload), isRefusal: true });
    }
    if (this.#greeted === "checking") {
      if (frame.type === FRAME.pong) return;
      throw new FrameError("a frame before the welcome");
    }
    if (frame.type !== this.#role.greeting) throw new FrameError("no greeting");
    const checked = this.#role.greeted(frame.payload);
    this.#greeted = checked === undefined ? "yes" : "checking";
    void checked?.then(() => this.#greeted = "yes");
  }

  /** A frame may be late for an exchange that is over at this end; it cannot be early. */
  #find(frame: Frame): Exchange | undefined {
    const exchange = this.exchanges.get(frame.exchange);
    if (exchange === undefined && !this.#role.wasOpen(frame.exchange)) {
      throw new FrameError(`exchange ${frame.exchange} was never open`);
    }
    return exchange;
  }

  #data(frame: Frame): void {
    const exchange = this.#find(frame);
    if (exchange === undefined) return;
    const body = exchange.incoming;
    if (body === undefined) throw new FrameError("a body where none may be");
    body.push(frame.payload);
    if (!frame.end) return;
    body.end();
    exchange.arrived();
  }

  #credit(frame: Frame): void {
    const bytes = readCredit(frame.payload);
    const exchange = this.#find(frame);
    if (exchange === undefined) return;
    if (exchange.outgoing === undefined) throw new FrameError("a credit for no body");
    exchange.outgoing.allow(bytes);
  }

  #reset(frame: Frame): void {
    const { code, reason } = readReset(frame.payload);
    const exchange = this.#find(frame);
    if (exchange === undefined) return;
    this.exchanges.delete(frame.exchange);
    exchange.reset(code, reason);
    this.#finishWhenIdle();
  }

  #peerLeaves(): void {
    this.#peerLeft = true;
    this.leave("closed by the peer");
    this.#finishWhenIdle();
  }

  #finishWhenIdle(): void {
    const idle = this.exchanges.size === 0 && this.#peerLeft && this.#leaving !== "";
    if (!idle || this.#finishing || this.#over) return;
    this.#finishing = true;
    this.#finish();
  }

  async #finish(): Promise<void> {
    await this.outbox.flushed();
    if (this.#over) return;
    this.#stopLingering = after(LINGER_MS, () => this.#readEnd());
    // A wire that is gone already is what this end wanted; the read loop sees it too.
    await this.#wire.closeWrite().catch(() => {});
  }

  #ping(): void {
    if (this.#greeted !== "yes" || this.#finishing) return;
    this.outbox.frames.ping();
    this.outbox.wake();
  }

  #end(end: SessionEnd, speak = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#heartbeat.stop();
    this.#stopLingering?.();
    const spoken = speak ? this.outbox.speakLast() : undefined;
    this.outbox.stop();
    const error = new SessionBrokenError(this.#what, end.reason);
    const broken = this.exchanges.values();
    this.exchanges.clear();
    for (const exchange of broken) exchange.broke(error);
    if (spoken === undefined) this.#closeWire(end);
    else spoken.then(() => this.#closeWire(end));
  }

  #closeWire(end: SessionEnd): void {
    try {
      this.#wire.close();
    } catch {
      // It is closed already: the runtime may have done so when the link broke.
    }
    this.#settle(end);
  }
}
