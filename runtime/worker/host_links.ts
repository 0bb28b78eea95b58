/**
 * Where the processes of workers come: each says by a secret which one it is.
 *
 * @module
 */

import type { Link, LinkEvents } from "../../transports/link.ts";
import { listenTcp, type TcpListener } from "../../transports/tcp.ts";
import { readHello } from "./orders.ts";

/** The address of it: everybody of this machine may dial it, services too. */
export const LOOPBACK = "127.0.0.1";

/** Processes and strangers at a time. */
const LINKS_MAX = 4_096;
/** Who has not said who it is. One more pushes out the oldest: a process says it at once. */
const STRANGERS_MAX = 256;
/** Who says nothing holds the place of another. Milliseconds. */
const HELLO_MS = 5_000;
/** Orders that wait for one process: a binary tells each worker all that it runs of ours. */
const ORDERS_BYTES_MAX = 64 * 1024 * 1024;

/** Takes the link of a process that has the secret; undefined: there is none that has it. */
export type AttachHost = (token: string, link: Link) => LinkEvents | undefined;

/** Listens for processes. */
export function listenForHosts(attach: AttachHost): TcpListener {
  const strangers = new Set<Link>();
  const options = { linksMax: LINKS_MAX, waitingBytesMax: ORDERS_BYTES_MAX };
  return listenTcp({ hostname: LOOPBACK, port: 0, ...options }, (link) => {
    let events: LinkEvents | undefined;
    const patience = setTimeout(() => link.abort("it says nothing"), HELLO_MS);
    strangers.add(link);
    const [oldest] = strangers;
    if (strangers.size > STRANGERS_MAX) oldest?.abort("newer ones say nothing either");
    const forget = () => {
      clearTimeout(patience);
      strangers.delete(link);
    };
    return {
      received: (value) => {
        if (events !== undefined) return events.received(value);
        events = attach(readHello(value) ?? "", link);
        if (events === undefined) return link.abort("it is no process of ours");
        forget();
      },
      malformed: (reason) => link.abort(reason),
      closed: (reason) => {
        forget();
        events?.closed(reason);
      },
    };
  });
}
