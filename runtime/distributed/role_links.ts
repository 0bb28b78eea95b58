/**
 * Links between roles of different processes: plain TCP, or TLS with a proof of who dials where a
 * role has certificates.
 *
 * @module
 */

import { STATUS } from "../../protocol/status.ts";
import type { AcceptLink, Link, LinkEvents } from "../../transports/link.ts";
import { goodFrom, REVOKED } from "../../transports/secure/handshake/revocation.ts";
import {
  type Credentials,
  type Identity,
  type IdentityRole,
  type PeerIdentity,
  tlsName,
} from "../../transports/secure/identity.ts";
import { superjsonCodec } from "../../transports/superjson_codec.ts";
import { dialTcp, listenTcp, type TcpListener } from "../../transports/tcp.ts";
import type { Refusal } from "../links.ts";
import { cannotListen } from "../listen_http.ts";
import type { Address } from "./address.ts";

/** Most bytes of a line: an agent registers with 20,000 instances and all their connections. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** How every such link is: both ends of it agree. */
const LINK_OPTIONS = {
  codec: superjsonCodec,
  lineBytesMax: LINE_BYTES_MAX,
  waitingBytesMax: 2 * LINE_BYTES_MAX,
  // A host that vanished is noticed after four of them.
  heartbeatMs: 1_500,
} as const;

/** What a role proves itself by; it may change while the role runs. */
export type CredentialsSource = () => Credentials;

/** How a role listens for others. */
export interface RoleListenOptions {
  /** Where. */
  readonly address: Address;
  /** Who is listened for, such as `agents`; for an error. */
  readonly what: string;
  /** The flag with which another port can be chosen, for an error. */
  readonly flag: string;
  /** What it proves itself by; without it links are plain and nobody is known. */
  readonly credentials: CredentialsSource | undefined;
  /** Says why somebody who proved who it is may not come in; undefined when it may. */
  readonly admits: (peer: Identity) => string | undefined;
  /** Is told why somebody was not let in. */
  readonly refused: (reason: string) => void;
}

/** Why somebody was not let in, as it is counted: told once a minute for each reason. */
export function refusedStranger(reason: string): Refusal {
  // Everybody comes from another port.
  const topic = reason.replace(/"[^"]*:\d+"/, "");
  return { link: "handshake", type: "handshake", status: STATUS.unauthorized, reason, topic };
}

/** Takes a new link, and who proved to be at its other end. */
export type AcceptRole = (link: Link, peer: PeerIdentity | undefined) => LinkEvents;

/**
 * Listens for roles of other processes.
 *
 * @throws {Error} when the port is taken or the address is not this machine's, with what to do.
 */
export async function listenForRoles(
  options: RoleListenOptions,
  accept: AcceptRole,
): Promise<TcpListener> {
  const { address, credentials, admits, refused, what, flag } = options;
  const place = { ...LINK_OPTIONS, ...address, refused };
  const listen = async () => {
    if (credentials === undefined) return listenTcp(place, (link) => accept(link, undefined));
    // Only who has certificates loads what they need.
    const { listenSecure } = await import("../../transports/secure/listener.ts");
    const listener = listenSecure({ ...place, credentials, admits }, accept);
    await listener.selfCheck();
    return listener;
  };
  try {
    return await listen();
  } catch (cause) {
    throw new Error(cannotListen({ ...address, what, flag }, cause), { cause });
  }
}

/** How often it is looked whether the certificate of a listener was revoked. Milliseconds. */
const FOLLOW_MS = 1_000;

/** Whom a role dials. */
export interface RoleDialOptions {
  /** Where. */
  readonly address: Address;
  /** What this end proves itself by; without it the link is plain. */
  readonly credentials: CredentialsSource | undefined;
  /** Who must be there, where there are certificates. */
  readonly expects: { readonly role: IdentityRole; readonly name: string };
}

/**
 * Dials a role of another process.
 *
 * @throws {DialError} when it is not reached, is not who was expected, or refuses; with the reason.
 */
export async function dialRole(options: RoleDialOptions, accept: AcceptLink): Promise<Link> {
  const { address, credentials, expects } = options;
  const place = { ...LINK_OPTIONS, ...address };
  if (credentials === undefined) return await dialTcp(place, accept);
  const { dialSecure } = await import("../../transports/secure/dialler.ts");
  const used = credentials();
  return await dialSecure({ ...place, credentials: used, expects }, (link) => {
    const events = accept(link);
    const follow = () => {
      // The next link asks for a certificate of after that, which the other end may have by now.
      if (isRevokedSince(used, credentials(), expects)) link.abort(REVOKED);
    };
    const timer = setInterval(follow, FOLLOW_MS);
    return {
      received: (value) => events.received(value),
      malformed: (reason) => events.malformed(reason),
      closed: (reason) => {
        clearInterval(timer);
        events.closed(reason);
      },
    };
  });
}

/** Whether the certificates of somebody were revoked since others were used. */
function isRevokedSince(used: Credentials, now: Credentials, who: Identity): boolean {
  const name = tlsName(who);
  return goodFrom(now.revoked, name) > goodFrom(used.revoked, name);
}
