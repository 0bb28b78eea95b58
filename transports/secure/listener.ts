/**
 * Secure links by listening: TLS, then a proof of who dials, then a link.
 *
 * @module
 */

import { textOf } from "../codec.ts";
import { CLOSED_HERE, type Link, type LinkEvents } from "../link.ts";
import { LINKS_MAX, type TcpListener, type TcpListenOptions } from "../tcp.ts";
import { acceptTcp } from "../tcp_link.ts";
import { after } from "../timer.ts";
import { HANDSHAKE_BYTES_MAX } from "./handshake/dialler_proof.ts";
import { HandshakeError, whyHandshakeFailed } from "./handshake/handshake_error.ts";
import { type Credentials, type Identity, type PeerIdentity, tlsName } from "./identity.ts";
import type { Entrance } from "./handshake/listener_check.ts";
import { isGood, REVOKED } from "./handshake/revocation.ts";
import { Lobby, WAITING_MAX, WAITING_PER_ADDRESS_MAX } from "./lobby.ts";
import { checkStrangers } from "./self_check.ts";
import { type TlsChannel, TlsPort } from "./tls_port.ts";
import { Visit } from "./visit.ts";

/** How long a dialler has from its connection to its proof, unless an option says otherwise. */
export const HANDSHAKE_MS = 5_000;

/** How to listen, whom to believe and whom to let in. */
export interface SecureListenOptions extends Omit<TcpListenOptions, "refused"> {
  /**
   * What this end proves itself by, and whom it believes. It is called for each connection and
   * once in `reloadMs`: what it returns is used from then on, for new connections only. Links of
   * those whose certificates are revoked in it are broken.
   */
  credentials: () => Credentials;
  /** Says why somebody who proved who it is may not come in; undefined when it may. */
  admits: (peer: Identity) => string | undefined;
  /**
   * Is told of everybody who was not let in, and why; and what is wrong with the port.
   *
   * @default {() => {}}
   */
  refused?: (reason: string) => void;
  /**
   * How long the handshake may take, of TLS and of ours together.
   *
   * @default {HANDSHAKE_MS}
   */
  handshakeMs?: number;
  /**
   * How many bytes a dialler may send inside TLS before it is let in.
   *
   * @default {HANDSHAKE_BYTES_MAX}
   */
  handshakeBytesMax?: number;
  /**
   * How many connections from one address may be in the handshake at once; of IPv6 the first 64
   * bits are the address. One more pushes out the oldest.
   *
   * @default {WAITING_PER_ADDRESS_MAX}
   */
  waitingPerAddressMax?: number;
  /**
   * How many connections may be in the handshake at once. One more pushes out the oldest of the
   * address that has most of them.
   *
   * @default {WAITING_MAX}
   */
  waitingMax?: number;
  /**
   * How often to look whether the certificate changed.
   *
   * @default {1000}
   */
  reloadMs?: number;
}

/** What listens for secure links. */
export interface SecureListener extends TcpListener {
  /** How many connections have not proved yet who they are. */
  readonly waiting: number;
  /**
   * Dials itself as strangers do: without a certificate, with one of another authority, with that
   * of somebody else. A role does this once it listens.
   *
   * @throws {Error} when one of them gets in, or it can't be tried.
   */
  selfCheck(): Promise<void>;
}

/** Takes a new link of somebody who proved who it is; no event of the link has fired yet. */
export type AcceptSecureLink = (link: Link, peer: PeerIdentity) => LinkEvents;

/**
 * Listens for connections, and makes a link of each whose dialler proves by a certificate of the
 * mesh who it is. Nothing that a dialler sends before that reaches a link.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 * @throws {Error} when the credentials can't be used.
 */
export function listenSecure(
  options: SecureListenOptions,
  accept: AcceptSecureLink,
): SecureListener {
  return new Listener(options, accept);
}

/** Somebody who was let in. */
interface Entered {
  readonly peer: PeerIdentity;
  readonly channel: TlsChannel;
}

class Listener implements SecureListener {
  readonly #options: SecureListenOptions;
  readonly #accept: AcceptSecureLink;
  readonly #lobby: Lobby;
  readonly #port: TlsPort;
  readonly #reload: ReturnType<typeof setInterval>;
  #used: Credentials;
  /** Where the strangers of a self-check come from: that they are refused is no news. */
  readonly #strangers = new Set<string>();
  #links = 0;
  /** Who is at the other end of each link. */
  readonly #peers = new Map<Link, PeerIdentity>();
  #closed = false;

  constructor(options: SecureListenOptions, accept: AcceptSecureLink) {
    const { hostname = "127.0.0.1", port = 0, reloadMs = 1000 } = options;
    this.#options = options;
    this.#accept = accept;
    this.#lobby = new Lobby({
      perAddressMax: options.waitingPerAddressMax ?? WAITING_PER_ADDRESS_MAX,
      max: options.waitingMax ?? WAITING_MAX,
    });
    this.#used = options.credentials();
    this.#port = new TlsPort({ hostname, port, pair: this.#used }, {
      connected: (conn) => this.#take(conn),
      failed: (reason) => this.#options.refused?.(reason),
    });
    this.#reload = setInterval(() => this.#renew(), reloadMs);
  }

  get hostname(): string {
    return this.#port.hostname;
  }

  get port(): number {
    return this.#port.port;
  }

  get links(): number {
    return this.#links;
  }

  get waiting(): number {
    return this.#lobby.size;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#reload);
    this.#port.close();
  }

  async selfCheck(): Promise<void> {
    try {
      await checkStrangers({
        hostname: reachable(this.hostname),
        port: this.port,
        credentials: this.#used,
        coming: (from) => this.#strangers.add(from),
      });
    } finally {
      this.#strangers.clear();
    }
  }

  #renew(): void {
    const now = this.#options.credentials();
    const { certificate, key } = this.#used;
    this.#used = now;
    this.#endRevoked();
    if (now.certificate === certificate && now.key === key) return;
    try {
      this.#port.renew(now);
    } catch (error) {
      this.#options.refused?.(`Cannot use the new certificate: ${textOf(error)}`);
    }
  }

  #endRevoked(): void {
    const { revoked } = this.#used;
    if (revoked === undefined) return;
    for (const [link, peer] of [...this.#peers]) {
      const name = tlsName(peer);
      if (!isGood(peer.names ?? [name], { name, revoked })) link.abort(REVOKED);
    }
  }

  #take(conn: Deno.TcpConn): void {
    const visit = new Visit(conn);
    const leave = this.#lobby.enter(visit.hostname, (reason) => {
      visit.end();
      this.#refuse(visit, reason);
    });
    this.#receive(visit).finally(leave).then((entered) => {
      if (entered !== undefined) this.#link(visit, entered);
    });
  }

  /** Takes a connection through the handshake: it is let in, or it is refused and ends. */
  async #receive(visit: Visit): Promise<Entered | undefined> {
    const { handshakeMs = HANDSHAKE_MS } = this.#options;
    const asked = visit.ask(this.#port, () => this.#entrance());
    const late = Promise.withResolvers<"late">();
    const cancel = after(handshakeMs, () => late.resolve("late"));
    try {
      const peer = await Promise.race([asked, late.promise]);
      if (visit.isOver) return undefined;
      if (peer === "late") throw new HandshakeError(`no proof within ${handshakeMs} ms`);
      return { peer, channel: await this.#welcome(visit) };
    } catch (error) {
      if (visit.isOver) return undefined;
      const reason = whyHandshakeFailed(error);
      this.#refuse(visit, reason);
      await visit.dismiss(reason, asked);
      return undefined;
    } finally {
      cancel();
    }
  }

  #entrance(): Entrance {
    const { credentials, admits, handshakeBytesMax = HANDSHAKE_BYTES_MAX } = this.#options;
    return { credentials: credentials(), admits, bytesMax: handshakeBytesMax };
  }

  /** Keeps room for a link while the dialler is told that it is in. */
  async #welcome(visit: Visit): Promise<TlsChannel> {
    const { linksMax = LINKS_MAX } = this.#options;
    if (this.#links >= linksMax) throw new HandshakeError(`${linksMax} links are open already`);
    if (this.#closed) throw new HandshakeError(CLOSED_HERE);
    this.#links += 1;
    try {
      return await visit.welcome();
    } catch (error) {
      this.#links -= 1;
      throw error;
    }
  }

  #link(visit: Visit, { peer, channel: { conn, relay } }: Entered): void {
    const name = `${tlsName(peer)} at ${visit.from}`;
    acceptTcp(conn, { ...this.#options, name }, (link) => {
      const events = this.#accept(link, { ...peer, address: visit.hostname });
      this.#peers.set(link, peer);
      return {
        received: (value) => events.received(value),
        malformed: (reason) => events.malformed(reason),
        closed: (reason) => {
          this.#links -= 1;
          this.#peers.delete(link);
          relay.finish();
          events.closed(reason);
        },
      };
    });
  }

  #refuse({ from }: Visit, reason: string): void {
    if (this.#strangers.has(from)) return;
    this.#options.refused?.(`Cannot let "${from}" in: ${reason}`);
  }
}

/** An address by which a listener can be dialled from its own host. */
function reachable(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  return hostname === "::" ? "::1" : hostname;
}
