/**
 * A gate that services ask and wait at, so that a test decides when they go on.
 *
 * @module
 */

import { DEADLINE_MS } from "./mesh_process.ts";

/** One who waits at a gate. */
export interface Waiting {
  /** The instance that asks: another one for each process. */
  readonly mark: string;
  /** What it was asked for. */
  readonly path: string;
  /** Lets it go on. */
  release(): void;
}

/** A service of which each request waits at the gate; so does its start if it says so. */
export function gatedService(gate: Gate, { isGatedAtStart = false } = {}): string {
  return `
    const mark = crypto.randomUUID();
    const wait = async (path) => {
      const response = await fetch("${gate.url}" + path, { headers: { mark } });
      await response.body?.cancel();
    };
    ${isGatedAtStart ? 'await wait("/start");' : ""}
    export default {
      async fetch(request) {
        const path = new URL(request.url).pathname;
        await wait(path);
        return Response.json({ mark, path });
      },
    };
  `;
}

/** A gate: what asks it is held until it is released. */
export class Gate implements AsyncDisposable {
  /** Everybody who is held, in the order in which they came. */
  readonly held: Waiting[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #watching = new Set<() => void>();
  #isOpen = false;

  /** A gate on a free port of the loopback. */
  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#hold(request),
    );
  }

  /** Where services ask. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The instances that hold requests, in the order in which they came. */
  get marks(): string[] {
    return [...new Set(this.held.map(({ mark }) => mark))];
  }

  #hold(request: Request): Promise<Response> | Response {
    if (this.#isOpen) return new Response();
    const { promise, resolve } = Promise.withResolvers<Response>();
    const mark = request.headers.get("mark") ?? "";
    const waiting: Waiting = {
      mark,
      path: new URL(request.url).pathname,
      release: () => {
        this.held.splice(this.held.indexOf(waiting), 1);
        resolve(new Response());
      },
    };
    this.held.push(waiting);
    for (const look of [...this.#watching]) look();
    return promise;
  }

  /**
   * Waits until so many are held.
   *
   * @throws {Error} when there are fewer in the end.
   */
  async holds(count: number, path?: string): Promise<readonly Waiting[]> {
    const find = () => this.held.filter((one) => path === undefined || one.path === path);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => find().length >= count && resolve();
    const timer = setTimeout(
      () => reject(new Error(`Cannot see "${count}" at the gate: there are ${find().length}`)),
      DEADLINE_MS,
    );
    this.#watching.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#watching.delete(look);
    }
    return find();
  }

  /** Lets everybody go on, also those who come later. */
  open(): void {
    this.#isOpen = true;
    for (const one of [...this.held]) one.release();
  }

  /** Lets everybody go on, and listens no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
    await this.#server.shutdown();
  }
}
