/**
 * A connection from one service to another that speaks tcp.
 *
 * @module
 */

import type { PlugConnection } from "../service/calls/plug.ts";
import { type OpenOptions, openTunnel } from "./open.ts";

/**
 * Opens a connection to a service.
 *
 * @throws {Error} there is none, with the reason.
 */
export async function connectTo(
  service: string,
  exchange: OpenOptions["exchange"],
): Promise<PlugConnection> {
  const controller = new AbortController();
  const { signal } = controller;
  const said = new TransformStream<Uint8Array<ArrayBufferLike>, Uint8Array<ArrayBufferLike>>();
  const reader = said.readable.getReader();
  const opened = await openTunnel({
    service,
    exchange,
    outgoing: (until) => saidSince(until, reader),
    signal,
  });
  if ("refusal" in opened) throw new Error(opened.refusal);
  const close = () => controller.abort(new Error(`the connection to "${service}" was closed`));
  return {
    readable: opened.incoming,
    writable: said.writable,
    close,
    [Symbol.dispose]: close,
  };
}

/** What is said, but nothing before the connection is open: else it might be lost. */
function saidSince(
  opened: Promise<void>,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBufferLike>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isOpen = false;
  void opened.then(() => isOpen = true);
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      await opened;
      const { done, value } = await reader.read();
      if (done) controller.close();
      // Whoever said it may use its buffer again before it has left.
      else controller.enqueue(value.slice());
    },
    async cancel(reason) {
      if (isOpen) await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
