/**
 * How an instance is dialled.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { after } from "../../transports/timer.ts";
import { openSession } from "./dialled_session.ts";
import { checkHello } from "./frames/heads.ts";
import { heartbeatMsOf } from "./wires/heartbeat.ts";
import type { Wire } from "./wires/outbox.ts";
import {
  instanceTlsName,
  type Session,
  type SessionHello,
  SessionRefusedError,
} from "./session.ts";

/** Where and as whom to dial. */
export interface DialOptions {
  /** The address of the instance. */
  readonly hostname: string;
  /** Its in-plug. */
  readonly port: number;
  /** Who dials, and whom it expects. */
  readonly hello: SessionHello;
  /** What shows that the manager sent it there. @default {nothing} */
  readonly ticket?: string | undefined;
  /**
   * The authority, in PEM, of the certificate that the instance must show: then the session is
   * encrypted.
   *
   * @default {the session is plain}
   */
  readonly certificate?: string | undefined;
  /**
   * The time for the connection and the peer's welcome together.
   *
   * @default {5_000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * How often to look for signs of life; after three intervals of silence the link is broken.
   *
   * @default {20_000, and 2_250 to another host}
   */
  readonly keepAliveMs?: number;
}

/** What a dial has so far, to be closed when it is too late. */
interface Closable {
  close(): void;
}

/**
 * Opens a session to the in-plug of an instance.
 *
 * @throws {SessionRefusedError} nobody answers there in time, or it is not the expected instance.
 * @throws {RangeError} a number of the hello is none that a frame can carry.
 */
export async function dialSession(options: DialOptions): Promise<Session> {
  const { hostname, port, connectTimeoutMs = 5_000, certificate } = options;
  const { keepAliveMs = heartbeatMsOf(hostname) } = options;
  const what = `dial "${hostname}:${port}"`;
  checkHello(options.hello);
  let connected: Closable | undefined;
  let late = false;
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancel = after(connectTimeoutMs, () => {
    late = true;
    reject(new SessionRefusedError(what, `no session within ${connectTimeoutMs} ms`));
    if (connected !== undefined) close(connected);
  });
  const dialling = connect(options, (wire) => {
    connected = wire;
    // The deadline has been told already; a connection that comes late is of no use.
    if (!late) return;
    wire.close();
    throw new SessionRefusedError(what, "the connection came too late");
  }).then((wire) => {
    return openSession(wire, {
      ...options,
      keepAliveMs,
      what,
      isPrompt: certificate !== undefined,
    });
  });
  try {
    return await Promise.race([dialling, timeout]);
  } catch (error) {
    if (error instanceof SessionRefusedError) throw error;
    const reason = reasonOf(error);
    throw new SessionRefusedError(what, reason, { cause: error });
  } finally {
    cancel();
    // When the deadline was first, this one fails later and nobody waits for it any more.
    dialling.catch(() => {});
  }
}

/** Connects, by TLS if there is a certificate; tells what it has so far. */
async function connect(
  { hostname, port, hello, certificate }: DialOptions,
  progress: (connected: Closable) => void,
): Promise<Wire> {
  const plain = await Deno.connect({ hostname, port });
  plain.setNoDelay(true);
  progress(plain);
  if (certificate === undefined) return plain;
  const name = instanceTlsName(hello.destServiceID);
  const secure = await Deno.startTls(plain, { hostname: name, caCerts: [certificate] });
  progress(secure);
  try {
    await secure.handshake();
  } catch (error) {
    close(secure);
    throw error;
  }
  return secure;
}

function close(connected: Closable): void {
  try {
    connected.close();
  } catch {
    // It is closed already: the deadline and a failure came at the same time.
  }
}
