/**
 * A listener for secure links and what it tells, for tests.
 *
 * @module
 */

import { dialSecure, type SecureDialOptions } from "../../../transports/secure/dialler.ts";
import type { PeerIdentity } from "../../../transports/secure/identity.ts";
import {
  listenSecure,
  type SecureListener,
  type SecureListenOptions,
} from "../../../transports/secure/listener.ts";
import { End } from "../link_conformance.ts";
import { AGENT_CREDENTIALS, MANAGER_CREDENTIALS } from "./certificates.ts";

/** Values that arrive one after the other, and can be waited for. */
export class Arrivals<Value> {
  readonly all: Value[] = [];
  #wake = Promise.withResolvers<void>();

  add(value: Value): void {
    this.all.push(value);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Resolves to the value with a number, counted from 0, when it has arrived. */
  async at(index: number): Promise<Value> {
    for (;;) {
      const value = this.all[index];
      if (value !== undefined) return value;
      await this.#wake.promise;
    }
  }
}

/** A listener of the manager, who was let in, and who was not. */
export class Door {
  readonly listener: SecureListener;
  readonly peers = new Arrivals<{ peer: PeerIdentity; end: End }>();
  readonly refusals = new Arrivals<string>();

  constructor(options: Partial<SecureListenOptions> = {}) {
    this.listener = listenSecure({
      credentials: () => MANAGER_CREDENTIALS,
      admits: () => undefined,
      refused: (reason) => this.refusals.add(reason),
      ...options,
    }, (link, peer) => {
      const end = new End();
      end.link = link;
      this.peers.add({ peer, end });
      return end;
    });
  }

  /** Dials it, as a good agent unless the options say otherwise. */
  async dial(options: Partial<SecureDialOptions> = {}): Promise<End> {
    const end = new End();
    end.link = await dialSecure({
      port: this.listener.port,
      credentials: AGENT_CREDENTIALS,
      expects: { role: "manager" },
      ...options,
    }, () => end);
    return end;
  }

  /** Dials it and says nothing. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.listener.port });
  }

  /** Dials it by TLS and says nothing inside it. */
  async connectTls(): Promise<Deno.TlsConn> {
    const conn = await Deno.startTls(await this.connect(), {
      hostname: "manager.manager.smmp",
      caCerts: [MANAGER_CREDENTIALS.authority],
    });
    await conn.handshake();
    return conn;
  }
}

/** Closes both ends of links, and waits until they have ended. */
export async function closeEnds(...ends: readonly End[]): Promise<void> {
  for (const end of ends) end.link.close();
  await Promise.all(ends.map((end) => end.ending()));
}
