/**
 * How a listener waits for who connects next.
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
