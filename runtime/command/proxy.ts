/**
 * The HTTP proxy by which a program reaches other services as `http://NAME.mesh/…`, under the edges
 * of its own service. Whatever else it asks for by the proxy is passed on plainly.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { isSameText } from "../../protocol/same_text.ts";
import { Accepting } from "../../transports/accepting.ts";
import { withoutHops } from "../hop_headers.ts";
import { problemResponse } from "../problem.ts";
import { type MeshFetch, serviceOf } from "../service/calls/mesh_fetch.ts";
import { statusTextOf } from "../service/calls/status_texts.ts";
import type { HeaderList } from "../sessions/session.ts";
import {
  BodyPieces,
  canHaveBody,
  type Framing,
  requestFraming,
  writeAll,
  writeBody,
} from "./http/bodies.ts";
import { ByteReader, bytesOf } from "./http/byte_reader.ts";
import { HttpConnection } from "./http/connection.ts";
import {
  encodeHead,
  hasValue,
  parseRequestHead,
  type RequestHead,
  valuesOf,
} from "./http/heads.ts";

/** Connections at a time; of more the oldest without the password goes first, else the newest. */
const CONNECTIONS_MAX = 1_000;

const MESH_AUTHORITY = /^([a-z][a-z0-9-]*\.mesh)(?::80)?$/;
/** On any other port a service speaks something else than HTTP. */
const TCP_AUTHORITY = /^([a-z][a-z0-9-]*)\.mesh:\d{1,5}$/;
const AUTHORITY = /^\[?([^\]]+)\]?:(\d{1,5})$/;

/** What the program asks for: a request whose URL is whole. */
interface Asked {
  readonly head: RequestHead;
  readonly url: string;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly signal: AbortSignal;
}

/** A proxy on the loopback, for whoever knows its password. */
export class MeshProxy {
  /** The variables by which programs find it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #send: MeshFetch;
  readonly #authorization: string;
  readonly #connectionsMax: number;
  /** Who has not shown the password yet: any program of the host may connect. */
  readonly #strangers = new Set<Deno.TcpConn>();
  #connections = 0;

  /**
   * Listens from now on, for as long as the process runs.
   *
   * @param send Sends a request to a service.
   * @param connectionsMax How many connections it has at a time.
   */
  constructor(send: MeshFetch, connectionsMax: number = CONNECTIONS_MAX) {
    this.#send = send;
    this.#connectionsMax = connectionsMax;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const password = crypto.randomUUID();
    const url = `http://smmp:${password}@127.0.0.1:${listener.addr.port}`;
    const direct = "localhost,127.0.0.1,::1";
    this.#authorization = `Basic ${btoa(`smmp:${password}`)}`;
    this.environment = {
      HTTP_PROXY: url,
      http_proxy: url,
      NO_PROXY: direct,
      no_proxy: direct,
      // Node asks for it by name before it looks at the others.
      NODE_USE_ENV_PROXY: "1",
    };
    void new Accepting(listener, {
      accepted: (connection) => this.#admit(connection),
      failed() {
        // Too many files are open, which passes; who connects waits meanwhile.
      },
    });
  }

  #admit(connection: Deno.TcpConn): void {
    if (this.#hasRoom()) void this.#serve(connection);
    else connection.close();
  }

  #hasRoom(): boolean {
    if (this.#connections < this.#connectionsMax) return true;
    const [oldest] = this.#strangers;
    if (oldest === undefined) return false;
    this.#strangers.delete(oldest);
    oldest.close();
    return true;
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    this.#connections += 1;
    this.#strangers.add(connection);
    try {
      connection.setNoDelay(true);
      await this.#answerAll(connection);
    } catch {
      // The program went away, or speaks no HTTP: it sees the end of its connection.
    }
    this.#connections -= 1;
    this.#strangers.delete(connection);
    try {
      connection.close();
    } catch {
      // It was closed by the other end.
    }
  }

  async #answerAll(connection: Deno.TcpConn): Promise<void> {
    const reader = new ByteReader(connection);
    let tunnel = "";
    for (;;) {
      const bytes = await reader.head();
      if (bytes === undefined) return;
      const head = parseRequestHead(bytes);
      const given = valuesOf(head.headers, "proxy-authorization")[0] ?? "";
      if (tunnel === "" && !isSameText(given, this.#authorization)) {
        const refusal = problemResponse({
          status: 407,
          detail: "Cannot use the proxy: its password is missing or wrong",
        });
        refusal.headers.set("proxy-authenticate", 'Basic realm="smmp"');
        return await writeResponse(connection, { head, response: refusal, isKept: false });
      }
      this.#strangers.delete(connection);
      if (head.method === "CONNECT") {
        const host = MESH_AUTHORITY.exec(head.target)?.[1];
        const service = TCP_AUTHORITY.exec(head.target)?.[1];
        if (host === undefined && service !== undefined) {
          return await this.#connectMesh(connection, { head, reader, service });
        }
        if (host === undefined) return await this.#connect(connection, { head, reader });
        tunnel = `http://${host}`;
        await writeAll(connection, bytesOf("HTTP/1.1 200 Connected\r\n\r\n"));
        continue;
      }
      const url = head.target.startsWith("/") ? `${tunnel}${head.target}` : head.target;
      if (!await this.#answer(connection, { head, reader, url })) return;
    }
  }

  /** Answers one request; false when the connection can't be used for another one. */
  async #answer(
    connection: Deno.TcpConn,
    { head, reader, url }: { head: RequestHead; reader: ByteReader; url: string },
  ): Promise<boolean> {
    const pieces = new BodyPieces(reader, requestFraming(head.headers));
    const controller = new AbortController();
    const watch = () => {
      const gone = () => controller.abort(new Error("the program has gone"));
      reader.fill().then((isThere) => isThere || gone(), gone);
    };
    if (hasValue(head.headers, "expect", "100-continue")) {
      await writeAll(connection, bytesOf("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    const hasNone = pieces.isWhole;
    if (hasNone) watch();
    const body = hasNone ? null : bodyOf(pieces, watch);
    const response = await this.#pass({ head, url, body, signal: controller.signal });
    const isKept = pieces.isWhole && !head.isOld && !hasValue(head.headers, "connection", "close");
    await writeResponse(connection, { head, response, isKept });
    return isKept;
  }

  async #pass(asked: Asked): Promise<Response> {
    const { head, url, body, signal } = asked;
    const service = serviceOf(url);
    try {
      if (service === undefined) return await passElsewhere(asked);
      const headers = withoutHops(head.headers).filter(([name]) => !OWN.has(name));
      return await this.#send(service, { method: head.method, url, headers, body, signal });
    } catch (error) {
      return problemResponse({ status: 502, detail: `Cannot reach "${url}": ${reasonOf(error)}` });
    }
  }

  /** Bytes of whatever kind, to a service that speaks tcp. Seldom, so it is loaded now. */
  async #connectMesh(
    connection: Deno.TcpConn,
    { head, reader, service }: { head: RequestHead; reader: ByteReader; service: string },
  ): Promise<void> {
    const { passTunnel } = await import("./tunnels.ts");
    const refusal = await passTunnel(connection, { reader, service, exchange: this.#send });
    if (refusal === undefined) return;
    const response = problemResponse({ status: 502, detail: refusal, service });
    await writeResponse(connection, { head, response, isKept: false });
  }

  /** Bytes of whatever kind, to a place outside of the mesh. */
  async #connect(
    connection: Deno.TcpConn,
    { head, reader }: { head: RequestHead; reader: ByteReader },
  ): Promise<void> {
    const [, hostname, port] = AUTHORITY.exec(head.target) ?? [];
    let dest: HttpConnection;
    try {
      if (hostname === undefined || /\.mesh$/.test(hostname)) throw new Error("no such place");
      dest = new HttpConnection(await Deno.connect({ hostname, port: Number(port) }));
    } catch (error) {
      const detail = `Cannot connect to "${head.target}": ${reasonOf(error)}`;
      const response = problemResponse({ status: 502, detail });
      return await writeResponse(connection, { head, response, isKept: false });
    }
    await writeAll(connection, bytesOf("HTTP/1.1 200 Connected\r\n\r\n"));
    const copy = async (from: ByteReader, to: { write(bytes: Uint8Array): Promise<number> }) => {
      for (let piece = await from.some(); piece !== undefined; piece = await from.some()) {
        await writeAll(to, piece);
      }
    };
    const forth = copy(reader, dest).then(() => dest.closeWrite());
    const back = copy(dest.reader, connection).then(() => connection.closeWrite());
    await Promise.all([forth, back]).finally(() => dest.close());
  }
}

/** Headers that are between the program and the proxy, besides those of any two neighbours. */
const OWN: ReadonlySet<string> = new Set(["host", "expect"]);

function bodyOf(pieces: BodyPieces, whole: () => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const piece = await pieces.next();
      if (piece !== undefined) return controller.enqueue(piece);
      controller.close();
      whole();
    },
  }, { highWaterMark: 0 });
}

async function passElsewhere({ head, url, body, signal }: Asked): Promise<Response> {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  if (protocol !== "http:") throw new Error("a proxy takes http only");
  const bare = hostname.replace(/^\[|\]$/g, "");
  const dest = new HttpConnection(
    await Deno.connect({ hostname: bare, port: port === "" ? 80 : Number(port) }),
  );
  const kept = withoutHops(head.headers).filter(([name]) => !OWN.has(name));
  const headers: HeaderList = [["host", host], ...kept, ["connection", "close"]];
  const target = `${pathname}${search}`;
  const { method } = head;
  const answer = await dest.exchange({ method, target, headers, body, signal }, () => dest.close());
  const { status } = answer;
  const sent = canHaveBody(method, status) ? answer.body ?? new Uint8Array() : null;
  return new Response(sent, { status, headers: withoutHops(answer.headers) });
}

async function writeResponse(
  connection: Deno.TcpConn,
  { head, response, isKept }: { head: RequestHead; response: Response; isKept: boolean },
): Promise<void> {
  const { status, body } = response;
  const headers = withoutHops(response.headers);
  const hasBody = canHaveBody(head.method, status);
  const length = valuesOf(headers, "content-length")[0];
  let framing: Framing = { kind: "length", bytes: Number(length ?? 0) };
  if (hasBody && body === null && length === undefined) headers.push(["content-length", "0"]);
  if (hasBody && body !== null && length === undefined) {
    framing = head.isOld ? { kind: "end" } : { kind: "chunks" };
    if (!head.isOld) headers.push(["transfer-encoding", "chunked"]);
  }
  if (!isKept) headers.push(["connection", "close"]);
  await writeAll(connection, encodeHead(`HTTP/1.1 ${status} ${statusTextOf(status)}`, headers));
  const reader = body?.getReader();
  if (reader === undefined) return;
  if (!hasBody) return await reader.cancel("it has no body");
  try {
    await writeBody(connection, async () => (await reader.read()).value, framing);
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}
