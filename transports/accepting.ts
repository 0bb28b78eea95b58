/**
 * How a listener accepts who connects.
 *
 * @module
 */

/**
 * The next connection of a listener. Who connects and resets the connection before it is accepted,
 * as many a check of a port does, makes `accept` fail: that is no trouble of the listener, and to
 * rest after it would let whoever does so again and again keep everybody else out.
 *
 * @param listener Where to accept.
 * @throws {unknown} what else the listener throws: it was closed, or no descriptor is left.
 *
 * @example
 * ```ts
 * import { acceptNext } from "./accepting.ts";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const dialed = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
 * const accepted = await acceptNext(listener);
 * for (const open of [dialed, accepted, listener]) open.close();
 * ```
 */
export async function acceptNext<Connection>(
  listener: { accept(): Promise<Connection> },
): Promise<Connection> {
  for (;;) {
    try {
      return await listener.accept();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotConnected)) throw error;
    }
  }
}

/** After a failure, which mostly means that no descriptor is left, it rests. Milliseconds. */
const REST_MS = 100;

/** Who hears of what a listener accepts. */
export interface AcceptingEvents<Connection> {
  /** Takes who has connected. What it throws counts as a failure. */
  readonly accepted: (connection: Connection) => void;
  /** Is told why nobody could be accepted; after a moment it is tried again. */
  readonly failed: (error: unknown) => void;
}

/** Accepts everybody who connects to a listener, until it is closed. */
export class Accepting<Connection> {
  readonly #listener: { accept(): Promise<Connection>; close(): void };
  readonly #events: AcceptingEvents<Connection>;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #isOpen = true;

  /** Accepts from now on; the listener is its own. */
  constructor(
    listener: { accept(): Promise<Connection>; close(): void },
    events: AcceptingEvents<Connection>,
  ) {
    this.#listener = listener;
    this.#events = events;
    void this.#run();
  }

  /** Closes the listener. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#rest);
    this.#listener.close();
  }

  async #run(): Promise<void> {
    while (this.#isOpen) {
      try {
        this.#events.accepted(await acceptNext(this.#listener));
      } catch (error) {
        if (!this.#isOpen) return;
        this.#events.failed(error);
        await new Promise<void>((resolve) => this.#rest = setTimeout(resolve, REST_MS));
      }
    }
  }
}
