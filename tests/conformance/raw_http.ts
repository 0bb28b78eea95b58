/**
 * HTTP/1.1 by hand, so that nothing between a case and the server repairs what is sent, or hides
 * what is answered.
 *
 * @module
 */

/** A response as its bytes tell it. */
export interface RawResponse {
  /** The statuses of 1xx responses that came before it. */
  readonly interim: readonly number[];
  /** The status. */
  readonly status: number;
  /** The text behind the status. */
  readonly reason: string;
  /** Names in lower case, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** How the end of the body is told. */
  readonly framing: "none" | "length" | "chunked" | "close";
  /** The bytes of the body that came. */
  readonly body: Uint8Array;
  /** Whether the body came to the end that was told. */
  readonly isWhole: boolean;
}

/** The head of a response. */
export type RawHead = Pick<RawResponse, "interim" | "status" | "reason" | "headers" | "framing">;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a text in which each character is one byte. */
export function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A connection to a server, read and written by hand. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #buffer = new Uint8Array(0);
  #isOver = false;
  /** What is left of a body whose length was told. */
  #left = Infinity;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<RawConnection> {
    return new RawConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Writes everything; that the server has hung up is seen when its answer is read. */
  async send(content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Says that nothing more will be sent. */
  async end(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** Reads a response; undefined when the server hangs up instead. */
  async response(method = "GET"): Promise<RawResponse | undefined> {
    const head = await this.head(method);
    if (head === undefined) return undefined;
    const pieces: Uint8Array[] = [];
    let isWhole = head.framing === "none";
    while (!isWhole) {
      const piece = await this.piece(head);
      if (piece === "broken") break;
      if (piece === "whole") isWhole = true;
      else pieces.push(piece);
    }
    return { ...head, body: joined(pieces), isWhole };
  }

  /** Reads the head of a response, and of 1xx responses before it. */
  async head(method = "GET"): Promise<RawHead | undefined> {
    const interim: number[] = [];
    for (;;) {
      const lines: string[] = [];
      for (let line; (line = await this.line()) !== "";) {
        if (line === undefined) return undefined;
        lines.push(line);
      }
      const [, status = "", reason = ""] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(lines[0] ?? "") ?? [];
      if (status.startsWith("1")) {
        interim.push(Number(status));
        continue;
      }
      const headers = lines.slice(1).map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      });
      const framing = framingOf(Number(status), method, headers);
      this.#left = framing === "length" ? lengthOf(headers) : Infinity;
      return { interim, status: Number(status), reason, headers, framing };
    }
  }

  /** Reads the next piece of a body: a chunk, or what there is. */
  async piece(head: RawHead): Promise<Uint8Array | "whole" | "broken"> {
    if (head.framing !== "chunked") {
      if (this.#left === 0) return "whole";
      if (this.#buffer.length === 0 && !await this.#fill()) {
        return head.framing === "close" ? "whole" : "broken";
      }
      const count = Math.min(this.#buffer.length, this.#left);
      this.#left -= count;
      return this.#take(count);
    }
    const size = parseInt(await this.line() ?? "", 16);
    if (Number.isNaN(size)) return "broken";
    const chunk = await this.#bytes(size);
    const end = await this.line();
    if (chunk === undefined || end === undefined) return "broken";
    return size === 0 ? "whole" : chunk;
  }

  /** Whether the server hangs up, without a word more. */
  async isClosed(): Promise<boolean> {
    return this.#buffer.length === 0 && !await this.#fill();
  }

  /** Reads some bytes, at most so many. */
  async some(most: number): Promise<number> {
    if (this.#buffer.length === 0 && !await this.#fill()) return 0;
    return this.#take(Math.min(most, this.#buffer.length)).length;
  }

  /** Reads a line of a head, without its end; undefined when the server hangs up. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(10);
      if (end !== -1) return decoder.decode(this.#take(end + 1)).replace(/\r?\n$/, "");
      if (!await this.#fill()) return undefined;
    }
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #bytes(count: number): Promise<Uint8Array | undefined> {
    while (this.#buffer.length < count) if (!await this.#fill()) return undefined;
    return this.#take(count);
  }

  #take(count: number): Uint8Array {
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }

  async #fill(): Promise<boolean> {
    if (this.#isOver) return false;
    const buffer = new Uint8Array(65_536);
    try {
      const count = await this.#connection.read(buffer);
      if (count !== null) {
        const rest = this.#buffer;
        this.#buffer = rest.length === 0
          ? buffer.subarray(0, count)
          : joined([rest, buffer.subarray(0, count)]);
        return true;
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.#isOver = true;
    return false;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}

function framingOf(
  status: number,
  method: string,
  headers: RawResponse["headers"],
): RawResponse["framing"] {
  if (method === "HEAD" || status === 204 || status === 304) return "none";
  const names = headers.map(([name]) => name);
  if (names.includes("transfer-encoding")) return "chunked";
  if (names.includes("content-length")) return "length";
  // A status for which some servers tell the end of no body, since there can be none.
  return status === 205 ? "none" : "close";
}

function lengthOf(headers: RawResponse["headers"]): number {
  return Number(headers.find(([name]) => name === "content-length")?.[1]);
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(sizeOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
