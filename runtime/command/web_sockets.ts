/// <reference lib="deno.unstable" />
/**
 * WebSockets to a program: a stream of the platform's to it, the channel of an exchange to whoever
 * asked. Either waits for the other, so that whoever reads slowly stops whoever writes fast.
 *
 * @module
 */

import { problemResponse } from "../problem.ts";
import { SocketChannel } from "../web_sockets/channel.ts";
import { ACCEPTED_HEADER, CLOSE, type Close } from "../web_sockets/messages.ts";

/** Headers of a handshake that each of its two ends makes by itself. */
const HANDSHAKE = /^(?:host|connection|upgrade|sec-websocket-.*)$/;
/** Above so many bytes that the other end has not taken, the program is read no further. */
const WAITING_BYTES = 1_048_576;

/** Where a WebSocket leads. */
export interface OpenOptions {
  /** The origin of the program. */
  readonly origin: string;
  /** Aborts when the session of the exchange begins to close. */
  readonly leaving: AbortSignal | undefined;
}

/** Opens a WebSocket to the program; once it is open, accepts the exchange that asked for it. */
export async function openWebSocket(
  { url, headers: given, body, signal }: Request,
  { origin, leaving }: OpenOptions,
): Promise<Response> {
  const offered = given.get("sec-websocket-protocol")?.split(",") ?? [];
  const protocols = offered.map((one) => one.trim());
  const headers = [...given].filter(([name]) => !HANDSHAKE.test(name));
  const { pathname, search } = new URL(url);
  try {
    if (body === null) throw new Error("the exchange has no messages");
    const stream = new WebSocketStream(`${origin}${pathname}${search}`, {
      ...{ protocols, headers, signal },
    });
    // That it failed is told by what is read of it.
    stream.closed.catch(() => {});
    const opened = await stream.opened;
    const bridge = new Bridge(stream, leaving);
    void bridge.toProgram(body, opened.writable.getWriter());
    void bridge.fromProgram(opened.readable);
    const { outgoing } = bridge.channel;
    return new Response(outgoing, { headers: { [ACCEPTED_HEADER]: opened.protocol } });
  } catch {
    // Its reasons are in the words of the platform, and are about a port that nobody knows.
    body?.cancel("the WebSocket was refused").catch(() => {});
    const detail = "Cannot open the WebSocket: the program did not accept it";
    return problemResponse({ status: 502, detail });
  }
}

/** One WebSocket: that of the program at one side, the channel to the mesh at the other. */
class Bridge {
  readonly channel = new SocketChannel();
  readonly #stream: WebSocketStream;
  readonly #leaving: AbortSignal | undefined;
  readonly #leave = () => this.#say({ code: CLOSE.restart, reason: "service restart" });
  #stopWatching: (() => void) | undefined;

  constructor(stream: WebSocketStream, leaving: AbortSignal | undefined) {
    this.#stream = stream;
    this.#leaving = leaving;
    leaving?.addEventListener("abort", this.#leave);
    if (leaving?.aborted) this.#leave();
  }

  /** Passes on what the mesh says, each message once the program has taken the one before. */
  async toProgram(
    body: ReadableStream<Uint8Array>,
    writer: WritableStreamDefaultWriter<string | Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    const { channel } = this;
    // What can't be written any more is nobody's loss: the program is gone, which the other
    // direction tells.
    writer.closed.catch(() => {});
    try {
      await channel.receive(body, async (message) => {
        if (message.kind !== "close") {
          return await writer.write(message.kind === "text" ? message.text : message.bytes)
            .catch(() => {});
        }
        channel.close(message);
        channel.end();
        this.#closeProgram(message);
      });
      channel.end();
    } catch (error) {
      channel.fail(error);
    }
    this.#stopWatching?.();
    this.#leaving?.removeEventListener("abort", this.#leave);
    this.#closeProgram({ code: CLOSE.lost, reason: "" });
  }

  /** Passes on what the program says, no faster than the mesh takes it. */
  async fromProgram(readable: ReadableStream<string | Uint8Array<ArrayBuffer>>): Promise<void> {
    const { channel } = this;
    try {
      for await (const message of readable) {
        const refusal = typeof message === "string"
          ? channel.text(message)
          : channel.binary(message);
        if (refusal !== undefined) this.#closeProgram(refusal);
        await channel.below(WAITING_BYTES);
      }
      this.#say(closeOf(await this.#stream.closed));
    } catch {
      // It broke the connection: it has crashed, most likely.
      this.#say({ code: CLOSE.lost, reason: "" });
    }
  }

  /** Says the close to the mesh, which must answer it in time. */
  #say(close: Close): void {
    const { channel } = this;
    channel.close(close);
    this.#stopWatching ??= channel.watch(() => {
      channel.fail(new Error("the other end of a WebSocket did not answer the close"));
    });
  }

  /** Codes of one end that no end may say are told as the going away that they are. */
  #closeProgram({ code, reason }: Close): void {
    const isOwn = code === 1000 || (code >= 3000 && code <= 4999);
    if (code === CLOSE.none) return this.#stream.close();
    const close = isOwn ? { code, reason } : { code: 4000, reason: "the other end went away" };
    // Deno's types have another name for the code than its streams, and the standard.
    this.#stream.close({ ...close, ...{ closeCode: close.code } });
  }
}

/** The close of a program, whose code has another name in Deno's types than it has. */
function closeOf(said: object): Close {
  const code = "closeCode" in said && typeof said.closeCode === "number" ? said.closeCode : 0;
  const reason = "reason" in said && typeof said.reason === "string" ? said.reason : "";
  return { code: code === 0 ? CLOSE.none : code, reason };
}
