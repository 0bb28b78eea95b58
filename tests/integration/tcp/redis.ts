/**
 * Redis as a service, and a client of it that speaks its protocol byte by byte.
 *
 * @module
 */

/** The service: it gets its port from its companion, and keeps nothing. */
export const REDIS = {
  command: ["sh", "-c", 'exec redis-server --port "$PORT" --bind 127.0.0.1 --save ""'],
  protocol: "tcp",
} as const;

/** Runs a test that needs Redis. Where there is none it says so; in CI that is a failure. */
export async function withRedis(work: () => Promise<void>): Promise<void> {
  if (await isInstalled()) return await work();
  const why = "there is no redis-server (apt-get install redis-server)";
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot start Redis: ${why}`);
  console.warn(`This was not tested: ${why}`);
}

async function isInstalled(): Promise<boolean> {
  try {
    return (await new Deno.Command("redis-server", { args: ["--version"] }).output()).success;
  } catch {
    // There is no such program.
    return false;
  }
}

/** What Redis answers: a text, a number, bytes as text, nothing, or a list of these. */
export type Reply = string | number | null | Reply[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A connection to Redis. */
export class RedisClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  #buffer = new Uint8Array(65_536);
  #from = 0;
  #to = 0;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<RedisClient> {
    return new RedisClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends commands, without waiting for their answers. */
  async send(...commands: readonly (readonly string[])[]): Promise<void> {
    const bytes = encoder.encode(commands.map(encoded).join(""));
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** The next answer; throws an error that Redis answers, and at the end of the connection. */
  async reply(): Promise<Reply> {
    const line = await this.#line();
    const [kind, rest] = [line[0], line.slice(1)];
    if (kind === "+") return rest;
    if (kind === ":") return Number(rest);
    if (kind === "-") throw new Error(rest);
    const count = Number(rest);
    if (count < 0) return null;
    if (kind === "$") return await this.#text(count);
    const replies: Reply[] = [];
    for (let n = 0; n < count; n += 1) replies.push(await this.reply());
    return replies;
  }

  /** Sends a command, and returns its answer. */
  async ask(...command: readonly string[]): Promise<Reply> {
    const sent = this.send(command);
    const reply = await this.reply();
    await sent;
    return reply;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.subarray(this.#from, this.#to).indexOf(10);
      if (end >= 0) {
        const line = decoder.decode(this.#buffer.subarray(this.#from, this.#from + end - 1));
        this.#from += end + 1;
        return line;
      }
      await this.#more(1);
    }
  }

  async #text(length: number): Promise<string> {
    while (this.#to - this.#from < length + 2) {
      await this.#more(length + 2 - (this.#to - this.#from));
    }
    const text = decoder.decode(this.#buffer.subarray(this.#from, this.#from + length));
    this.#from += length + 2;
    return text;
  }

  /** Reads once, with room for so many bytes. */
  async #more(room: number): Promise<void> {
    if (this.#buffer.length - this.#to < room) {
      const held = this.#buffer.subarray(this.#from, this.#to);
      const buffer = new Uint8Array(Math.max(65_536, 2 * (held.length + room)));
      buffer.set(held);
      [this.#buffer, this.#from, this.#to] = [buffer, 0, held.length];
    }
    const count = await this.#connection.read(this.#buffer.subarray(this.#to));
    if (count === null) throw new Error("the connection has ended");
    this.#to += count;
  }
}

function encoded(command: readonly string[]): string {
  const parts = command.map((part) => `$${encoder.encode(part).length}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join("")}`;
}
