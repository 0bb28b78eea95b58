/**
 * One connection to an HTTP/1.1 server, and one exchange at a time on it.
 *
 * @module
 */

import { after } from "../../../transports/timer.ts";
import type { HeaderList } from "../../sessions/session.ts";
import {
  BodyPieces,
  type Framing,
  requestFraming,
  responseFraming,
  writeAll,
  writeBody,
} from "./bodies.ts";
import { ByteReader, HttpError } from "./byte_reader.ts";
import { encodeHead, hasValue, parseResponseHead, type ResponseHead, valuesOf } from "./heads.ts";

/** A request to a server. */
export interface HttpRequest {
  /** The method. */
  readonly method: string;
  /** The target, as it is written: a path with its query. */
  readonly target: string;
  /** Names and values, the host among them, and nothing of the framing but the length. */
  readonly headers: HeaderList;
  /** The body. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Ends the exchange at any time. */
  readonly signal?: AbortSignal | undefined;
}

/** The response of a server. */
export interface HttpResponse {
  /** 200 to 999, or 101 for whoever has asked for another protocol. */
  readonly status: number;
  /** Names in lower case, and values. */
  readonly headers: HeaderList;
  /** The body; bytes if it came whole with its head. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | null;
  /** The connection, which speaks another protocol from now on. */
  readonly upgraded?: HttpConnection;
}

/** The server closed the connection before it answered: it may have been about to, anyhow. */
export class ClosedError extends HttpError {}

/** A body whose length nobody told is sent with it if it is no longer than this. Bytes. */
const COLLECTED_BYTES_MAX = 65_536;
/** And if it is there in so long a time; many a small server does not know chunks. Milliseconds. */
const COLLECTED_MS = 20;

/** Methods whose bodies a server expects to be told the length of. */
const WITH_BODY = /^(?:POST|PUT|PATCH)$/;

/** A connection to a server. */
export class HttpConnection {
  /** What arrives. */
  readonly reader: ByteReader;
  readonly #connection: Deno.Conn;
  #isClosed = false;
  /** Why this end has closed it. */
  #failure: unknown;
  /** Whether all of the last request was written. */
  #isSent = false;

  /** Takes over a connection that is open. */
  constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.reader = new ByteReader(connection);
  }

  /** Whether this end has closed it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes bytes, for whoever speaks another protocol. */
  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes);
  }

  /** Says that this end writes nothing more. */
  async closeWrite(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** Closes it; `failure` is thrown to whoever waits for something. */
  close(failure?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failure = failure;
    try {
      this.#connection.close();
    } catch {
      // It has gone by itself.
    }
  }

  /**
   * Sends a request and reads the head of its response; both bodies stream.
   *
   * @param request The request.
   * @param released Is called once when the connection can be used for another exchange.
   * @throws {ClosedError} it was closed before anything of the response came.
   * @throws {HttpError} what came is no response.
   * @throws {unknown} the reason of the signal, or the error of the body of the request.
   */
  async exchange(request: HttpRequest, released: () => void): Promise<HttpResponse> {
    const { signal } = request;
    signal?.throwIfAborted();
    const abort = () => this.close(signal?.reason);
    signal?.addEventListener("abort", abort);
    const done = () => signal?.removeEventListener("abort", abort);
    const sending = this.#send(request);
    try {
      const head = await this.#responseHead(request);
      if (head.status === 101) {
        done();
        return { ...head, body: null, upgraded: this };
      }
      const framing = responseFraming(request.method, head);
      const finish = async () => {
        done();
        // Of a request without a body nothing is left; of another one nobody wants the rest.
        if (request.body === null) await sending;
        if (this.#isSent && isKept(head, framing)) released();
        else this.close();
      };
      const pieces = new BodyPieces(this.reader, framing);
      return { ...head, body: await this.#body(pieces, { framing, request, finish }) };
    } catch (error) {
      done();
      const reason = this.#failure ?? error;
      this.close(reason);
      throw reason;
    }
  }

  /** Bytes when all of it has arrived, else a stream. */
  async #body(
    pieces: BodyPieces,
    { framing, request, finish }: {
      readonly framing: Framing;
      readonly request: HttpRequest;
      readonly finish: () => Promise<void>;
    },
  ): Promise<HttpResponse["body"]> {
    if (framing.kind === "length" && framing.bytes <= this.reader.buffered) {
      const bytes = framing.bytes === 0 ? undefined : await this.reader.exactly(framing.bytes);
      await finish();
      return bytes ?? null;
    }
    return new ReadableStream({
      pull: async (controller) => {
        try {
          const piece = await pieces.next();
          if (piece !== undefined) return controller.enqueue(piece);
          controller.close();
          await finish();
        } catch (error) {
          const reason = this.#failure ?? error;
          this.close(reason);
          controller.error(request.signal?.aborted ? request.signal.reason : reason);
        }
      },
      cancel: (reason) => this.close(reason),
    }, { highWaterMark: 0 });
  }

  /** Never rejects: what becomes of the request is told by its response, or that there is none. */
  async #send({ method, target, headers, body }: HttpRequest): Promise<void> {
    this.#isSent = false;
    const first = `${method} ${target} HTTP/1.1`;
    const reader = body?.getReader();
    const pieces = async () => {
      try {
        return (await reader?.read())?.value;
      } catch (error) {
        // A server must not take a part of a body for the whole.
        this.close(error);
        throw error;
      }
    };
    try {
      if (reader === undefined) await this.#sendHead(first, withLength(headers, method));
      else await this.#sendWithBody({ first, headers, pieces });
      this.#isSent = true;
    } catch (error) {
      reader?.cancel(error).catch(() => {});
      // A server may answer and close before it has read all; its answer is read all the same.
      if (error instanceof HttpError) this.close(error);
    }
  }

  async #sendHead(first: string, headers: HeaderList): Promise<void> {
    await writeAll(this.#connection, encodeHead(first, headers));
  }

  async #sendWithBody({ first, headers, pieces }: {
    readonly first: string;
    readonly headers: HeaderList;
    readonly pieces: () => Promise<Uint8Array | undefined>;
  }): Promise<void> {
    const told = requestFraming(headers);
    if (told.kind === "length" && valuesOf(headers, "content-length").length > 0) {
      // Said twice it would be refused by many a server.
      const others = headers.filter(([name]) => name !== "content-length");
      await this.#sendHead(first, [...others, ["content-length", String(told.bytes)]]);
      return await writeBody(this.#connection, pieces, told);
    }
    const { found, rest } = await collect(pieces);
    const length = found.reduce((sum, { length }) => sum + length, 0);
    const framing: Framing = rest === undefined
      ? { kind: "length", bytes: length }
      : { kind: "chunks" };
    const header: HeaderList[number] = rest === undefined
      ? ["content-length", String(length)]
      : ["transfer-encoding", "chunked"];
    await this.#sendHead(first, [...headers, header]);
    await writeBody(this.#connection, () => {
      const piece = found.shift();
      return piece === undefined ? rest?.() ?? Promise.resolve(undefined) : Promise.resolve(piece);
    }, framing);
  }

  /** Answers 1xx come before the response, and nobody has asked for them. */
  async #responseHead(request: HttpRequest): Promise<ResponseHead> {
    for (;;) {
      const bytes = await this.#firstBytes();
      if (bytes === undefined) throw new ClosedError("it closed the connection without an answer");
      const head = parseResponseHead(bytes);
      if (head.status === 101 && hasValue(request.headers, "connection", "upgrade")) return head;
      if (head.status === 101) throw new HttpError("it changed the protocol unasked");
      if (head.status >= 200) return head;
    }
  }

  /** A connection that was reset has ended just as one that was closed. */
  async #firstBytes(): Promise<Uint8Array | undefined> {
    try {
      return await this.reader.head();
    } catch (error) {
      if (error instanceof HttpError || this.#isClosed || this.reader.buffered > 0) throw error;
      return undefined;
    }
  }
}

/** Whether a connection may be used again after a response. */
function isKept({ isOld, headers }: ResponseHead, framing: Framing): boolean {
  if (framing.kind === "end" || hasValue(headers, "connection", "close")) return false;
  return !isOld || hasValue(headers, "connection", "keep-alive");
}

/** Of a request without a body, a length that it says would be waited for. */
function withLength(headers: HeaderList, method: string): HeaderList {
  const others = headers.filter(([name]) => name !== "content-length");
  const isTold = others.length < headers.length || WITH_BODY.test(method);
  return isTold ? [...others, ["content-length", "0"]] : others;
}

/**
 * Reads the start of a body, for a moment.
 *
 * @returns What was found, and what gives the rest; undefined: it is the whole body.
 */
async function collect(pieces: () => Promise<Uint8Array | undefined>): Promise<{
  found: Uint8Array[];
  rest: (() => Promise<Uint8Array | undefined>) | undefined;
}> {
  const found: Uint8Array[] = [];
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const cancel = after(COLLECTED_MS, () => resolve("late"));
  try {
    for (let bytes = 0; bytes <= COLLECTED_BYTES_MAX;) {
      const next = pieces();
      const piece = await Promise.race([next, late]);
      if (piece === undefined) return { found, rest: undefined };
      if (piece === "late") {
        let isTaken = false;
        const rest = () => {
          const piece = isTaken ? pieces() : next;
          isTaken = true;
          return piece;
        };
        return { found, rest };
      }
      found.push(piece);
      bytes += piece.length;
    }
    return { found, rest: pieces };
  } finally {
    cancel();
  }
}
