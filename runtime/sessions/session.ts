/**
 * The data plane: a session carries many HTTP exchanges at once over one TCP connection, from an
 * out-plug to an in-plug. Everything outside this folder uses the words of this file only.
 *
 * @module
 */

/** Who dials, from which out-plug, and which instance it means to reach. */
export interface SessionHello {
  /** The instance that dials. */
  readonly serviceID: number;
  /** The out-plug of the instance that dials. */
  readonly sourcePlug: number;
  /**
   * The instance that must answer. Another instance which was given the same port since refuses,
   * so a stale address never reaches a stranger.
   */
  readonly destServiceID: number;
}

/** How a session ended: 111 by decision of one of its ends, 122 by a broken link. */
export interface SessionEnd {
  /** The status of the protocol's close messages. */
  readonly status: 111 | 122;
  /** A sentence for the log. */
  readonly reason: string;
  /** Whether it never began, because the peer would not have it. @default {false} */
  readonly isRefusal?: boolean;
}

/** What both ends of a session can see and do. */
export interface SessionHandle {
  /** What the dialling end said of itself. */
  readonly hello: SessionHello;
  /**
   * Exchanges that use the session now. One counts until its response has been sent or has arrived
   * to the last byte, or has been cancelled; an unread body that is still arriving counts.
   */
  readonly inFlight: number;
  /** Bytes of bodies and frames held in memory: arrived and unread, or queued and unwritten. */
  readonly bufferedBytes: number;
  /**
   * Aborts, with the reason, when the session begins to close gracefully, by the word of either
   * end: what is in flight and would go on for ever must come to its end.
   */
  readonly leaving: AbortSignal;
  /** Settles once, when the socket is closed. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /**
   * Ends the session without harm: nothing new starts at either end, what is in flight finishes,
   * then the socket closes. Has no deadline of its own; {@linkcode SessionHandle.abort} cuts it
   * short. Resolves when the session has ended, for whatever reason.
   */
  close(): Promise<void>;
  /** Ends the session at once; what is in flight breaks. The reason is told to the peer. */
  abort(reason: string): void;
}

/**
 * The method of an exchange whose two bodies are the two directions of a connection: each of them
 * ends by itself. Any other request is of no use any more once it has been answered. Nothing from
 * outside may use it.
 */
export const TUNNEL_METHOD = "SMMP-TUNNEL";

/** Names and values of headers, in their order; the same name may repeat. */
export type HeaderList = [name: string, value: string][];

/** A request in its parts, for who has them: a `Request` would only be taken apart again. */
export interface RequestParts {
  /** The method, in upper case. */
  readonly method: string;
  /** The URL, absolute. */
  readonly url: string;
  /** Names in lower case and values. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** The body; it is locked once it is used. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Cancels the exchange at any time. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gives a signal that does so too, and is asked for only once the exchange takes long: a server's
   * request pays for its signal, which most exchanges end too soon to need.
   */
  readonly lateSignal?: () => AbortSignal;
  /** Makes the response of what arrived. @default {responseOf} */
  readonly respond?: (response: ResponseParts) => Response;
  /** Gets, when it is sent, what tells how many bytes of both bodies have moved so far. */
  readonly started?: (movedBytes: () => number) => void;
}

/** A response in its parts, as it arrives. */
export interface ResponseParts {
  /** 200 to 599. */
  readonly status: number;
  /** Names and values, well formed, in their order, names repeated. */
  readonly headers: HeaderList;
  /**
   * The body. One that arrived whole with its head is bytes that will be overwritten, or the text
   * that those bytes are in UTF-8, if that is cheaper to pass on; there is a content-type then.
   */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | string | null;
  /** The length of a body that arrived whole, which no header need tell. */
  readonly bodyBytes?: number;
}

/** The dialling end of a session. */
export interface Session extends SessionHandle {
  /**
   * Sends a request and resolves with the head of its response; both bodies stream. Read or cancel
   * the body of every response: one that is neither read nor cancelled holds its window for ever.
   *
   * The request's signal cancels the exchange at any time, as does cancelling the response's body.
   * A request that this version cannot carry is answered here: 501 for a WebSocket, 431 for a head
   * over {@linkcode SESSION_LIMITS}.
   *
   * @throws {SessionRefusedError} nothing was handled: safe to send to another instance, if there
   * is no body or a copy of it, for some of it may have been read.
   * @throws {SessionBrokenError} the session or the peer's stream broke: it may have been handled.
   */
  fetch(request: Request): Promise<Response>;
  /**
   * The same in parts, for a proxy. `ended` is called once, when the exchange uses the session no
   * more, see {@linkcode SessionHandle.inFlight}; it is told whether everything has been sent and
   * has arrived, and not called before this method has returned.
   */
  exchange(request: RequestParts, ended?: (isWhole: boolean) => void): Promise<Response>;
}

/** Answers the requests of a session. The request's signal aborts when nobody waits any more. */
export type SessionHandler = (
  request: Request,
  hello: SessionHello,
) => Response | Promise<Response>;

/** What a {@linkcode SessionServer} tells. */
export interface SessionServerEvents {
  /** A peer has shown that it means this instance; requests may follow. */
  opened?(hello: SessionHello, session: SessionHandle): void;
  /** The last event of a session that was opened. */
  closed?(hello: SessionHello, end: SessionEnd): void;
  /** A connection that never became a session: garbage, silence, a wrong instance, too many. */
  refused?(reason: string): void;
  /** The handler threw, its response's body broke, or the listener could not accept. */
  failed?(error: unknown): void;
}

/** The accepting end of all sessions to one instance. */
export interface SessionServer {
  /** Exchanges in flight in all sessions, see {@linkcode SessionHandle.inFlight}. */
  readonly inFlight: number;
  /** Bytes held in all sessions, see {@linkcode SessionHandle.bufferedBytes}. */
  readonly bufferedBytes: number;
  /** Sessions that are open. */
  readonly sessions: number;
  /** Settles when the server accepts nothing any more and the last session has ended. */
  readonly ended: Promise<void>;
  /**
   * Stops listening, lets every session finish what is in flight, closes them. Has no deadline of
   * its own; {@linkcode SessionServer.abort} cuts it short.
   */
  drain(): Promise<void>;
  /** Stops listening and ends every session at once. */
  abort(reason: string): void;
}

/** The bounds of this version; the bytes are those of one session, or of one exchange in it. */
export const SESSION_LIMITS = {
  /** Method, URL and headers of a request, or status and headers of a response, as encoded. */
  headBytes: 65_536,
  /** Headers of one head; the same name may repeat. */
  headers: 256,
  /** The body in one frame. */
  dataBytes: 65_536,
  /** A reason that is told to the peer. */
  reasonBytes: 512,
  /** What every body may have under way before its reader has read anything. */
  firstWindowBytes: 65_536,
  /** What a body may have under way once its reader reads. */
  windowBytes: 262_144,
  /** Windows of all bodies together, above which each gets no more than the first window. */
  sharedWindowBytes: 16_777_216,
  /** Frames, other than bodies, that wait for a peer that does not read. */
  queuedBytes: 16_777_216,
  /** What leaves in one write, about. */
  writeBytes: 262_144,
  /** Exchanges at once; one more is refused, safe to send elsewhere. */
  exchanges: 1_000,
  /** Sessions of one server, about: those in the handshake may come on top. */
  sessions: 1_000,
  /** Connections of one server that have not said hello. */
  handshakes: 512,
} as const;

/**
 * The name in the certificate that an instance shows, by which whoever dials knows that it is the
 * one that it means.
 */
export function instanceTlsName(serviceID: number): string {
  return `${serviceID}.instance.smmp`;
}

/** Nothing of the request was handled: it is safe to send it elsewhere. */
export class SessionRefusedError extends Error {
  /** The name of the class. */
  override readonly name = "SessionRefusedError";
  /** Why, without the "Cannot" in front. */
  readonly reason: string;
  /** Whether the instance itself said so, which is there then. */
  readonly isByPeer: boolean;

  /** Says "Cannot <what>: <reason>". */
  constructor(
    what: string,
    reason: string,
    options: ErrorOptions & { readonly isByPeer?: boolean } = {},
  ) {
    super(`Cannot ${what}: ${reason}`, options);
    this.reason = reason;
    this.isByPeer = options.isByPeer ?? false;
  }
}

/** The request may have been handled, in part or whole; its answer is lost. */
export class SessionBrokenError extends Error {
  /** The name of the class. */
  override readonly name = "SessionBrokenError";
  /** Why, without the "Cannot" in front. */
  readonly reason: string;

  /** Says "Cannot <what>: <reason>". */
  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`Cannot ${what}: ${reason}`, options);
    this.reason = reason;
  }
}
