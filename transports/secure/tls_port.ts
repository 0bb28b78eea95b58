/**
 * A port on which TLS is spoken, with a certificate that may change.
 *
 * @module
 */

import { textOf } from "../codec.ts";

/** How long a port rests after a failure to accept or to open it again. */
const RETRY_MS = 100;

/** A certificate with its key, PEM. */
export interface TlsPair {
  /** The certificate. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
}

/** What a {@linkcode TlsPort} tells. */
export interface TlsPortEvents {
  /** Somebody connected; its TLS handshake has not run. */
  connected(conn: Deno.TlsConn): void;
  /** Something of the system or of a certificate is wrong, as a sentence. */
  failed(reason: string): void;
}

/** Where to open a port. */
export interface TlsPortOptions {
  /** The address. */
  readonly hostname: string;
  /** The port; 0 lets the system choose. */
  readonly port: number;
  /** What to prove this end by. */
  readonly pair: TlsPair;
}

/**
 * Accepts TLS connections on one port. A certificate can't be changed in a listener of Deno, so
 * the port is opened a second time with the new one before it is closed with the old one: no
 * moment comes in which nobody listens. Connections are not touched.
 */
export class TlsPort {
  readonly hostname: string;
  readonly port: number;
  readonly #events: TlsPortEvents;
  #listener: Deno.TlsListener | undefined;
  #closed = false;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  /**
   * Opens a port.
   *
   * @throws {Deno.errors.AddrInUse} when it is taken.
   * @throws {Error} when the pair can't be used.
   */
  constructor({ hostname, port, pair }: TlsPortOptions, events: TlsPortEvents) {
    this.#events = events;
    // A port that can be shared is not refused to a second process: so ask for it alone first.
    if (canSharePort() && port !== 0) Deno.listen({ hostname, port }).close();
    const listener = listen({ hostname, port, pair });
    this.hostname = listener.addr.hostname;
    this.port = listener.addr.port;
    this.#start(listener);
  }

  /**
   * Uses another pair from here on.
   *
   * @throws {Error} when it can't be used; then the pair of before is used on.
   */
  renew(pair: TlsPair): void {
    if (this.#closed) return;
    const before = this.#listener;
    if (canSharePort()) {
      this.#start(listen({ hostname: this.hostname, port: this.port, pair }));
      before?.close();
      return;
    }
    // On a port of its own a pair that is wrong shows before the port is given up.
    listen({ hostname: this.hostname, port: 0, pair }).close();
    before?.close();
    this.#listener = undefined;
    this.#reopen(pair);
  }

  /** Accepts nothing more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#listener?.close();
  }

  /** Opens the port when the system gives it back, which is some turns after it was closed. */
  #reopen(pair: TlsPair, attempt = 1): void {
    try {
      this.#start(listen({ hostname: this.hostname, port: this.port, pair }));
    } catch (error) {
      if (attempt === 10) {
        this.#events.failed(`Cannot open port "${this.port}" again: ${textOf(error)}`);
      }
      this.#later(attempt < 10 ? 0 : RETRY_MS, () => this.#reopen(pair, attempt + 1));
    }
  }

  #start(listener: Deno.TlsListener): void {
    this.#listener = listener;
    this.#run(listener);
  }

  async #run(listener: Deno.TlsListener): Promise<void> {
    for (;;) {
      let conn: Deno.TlsConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (this.#closed || this.#listener !== listener) return;
        this.#events.failed(`Cannot accept on port "${this.port}": ${textOf(error)}`);
        this.#later(RETRY_MS, () => this.#run(listener));
        return;
      }
      if (this.#closed) conn.close();
      else this.#events.connected(conn);
    }
  }

  #later(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) run();
    }, delayMs);
    this.#timers.add(timer);
  }
}

/** Whether two listeners may have one port: what needs it ends the process where it may not. */
function canSharePort(): boolean {
  return "listenDatagram" in Deno;
}

function listen({ hostname, port, pair }: TlsPortOptions): Deno.TlsListener {
  const options = {
    hostname,
    port,
    cert: pair.certificate,
    key: pair.key,
    ...(canSharePort() ? { reusePort: true } : {}),
  };
  return Deno.listenTls(options);
}
