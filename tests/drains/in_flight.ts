/**
 * What is in flight for long while something else happens: an event stream, an upload that streams,
 * and a WebSocket, of a service at `/work`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const encoder = new TextEncoder();

/** What became of it. */
export interface FlightReport {
  /** The event stream, to its end. */
  readonly events: string;
  /** What the upload was answered with. */
  readonly upload: string;
  /** The code with which the WebSocket was closed, and whether a message came back before. */
  readonly socket: readonly [code: number, wasClean: boolean];
}

/** What it is when nothing was cut: the WebSocket was told to connect again. */
export const WHOLE: FlightReport = {
  events: [0, 1, 2, 3, 4].map((count) => `data: ${count}\n\n`).join(""),
  upload: "300000",
  socket: [1012, true],
};

/** Three things in flight. */
export class InFlight {
  readonly #release: string;
  readonly #events: ReadableStreamDefaultReader<string>;
  readonly #upload: { readonly answer: Promise<string>; readonly more: () => void };
  readonly #socket: WebSocket;
  readonly #closed: Promise<FlightReport["socket"]>;
  #text = "";

  private constructor(
    release: string,
    flight: {
      readonly events: ReadableStreamDefaultReader<string>;
      readonly upload: { readonly answer: Promise<string>; readonly more: () => void };
      readonly socket: WebSocket;
    },
  ) {
    this.#release = release;
    this.#events = flight.events;
    this.#upload = flight.upload;
    this.#socket = flight.socket;
    const { promise, resolve } = Promise.withResolvers<FlightReport["socket"]>();
    this.#socket.onclose = ({ code, wasClean }) => resolve([code, wasClean]);
    this.#closed = promise;
  }

  /** Begins all three; resolves when each of them has reached the service. */
  static async begin(
    gatewayUrl: string,
    { signals }: {
      /** The folder in which the service finds that it may go on. */
      readonly signals: string;
    },
  ): Promise<InFlight> {
    const socket = new WebSocket(`${gatewayUrl.replace("http", "ws")}/work/socket`);
    const response = await fetch(`${gatewayUrl}/work/events`);
    const events = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const upload = beginUpload(`${gatewayUrl}/work/upload`);
    const flight = new InFlight(`${signals}/release`, { events, upload, socket });
    flight.#text += (await events.read()).value;
    await new Promise((resolve, reject) => {
      socket.onerror = reject;
      socket.onopen = () => socket.send("hello");
      socket.onmessage = resolve;
    });
    return flight;
  }

  /** Lets all of it end, which it does by itself, and tells what came of it. */
  async end(): Promise<FlightReport> {
    await Deno.writeTextFile(this.#release, "");
    this.#upload.more();
    for (;;) {
      const { done, value } = await this.#events.read();
      if (done) break;
      this.#text += value;
    }
    const socket = await this.#closed;
    return { events: this.#text, upload: await this.#upload.answer, socket };
  }

  /** That the WebSocket is open still: it would hear of an end at once. */
  async assertOpen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<MessageEvent>();
    this.#socket.onmessage = resolve;
    this.#socket.send("again");
    assertEquals(String((await promise).data).startsWith("again "), true);
    this.#socket.close(3000);
  }
}

/** Sends a part at once and the rest when it is told to. */
function beginUpload(url: string): { answer: Promise<string>; more: () => void } {
  const { promise: told, resolve: more } = Promise.withResolvers<void>();
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!isFirst) await told;
      controller.enqueue(encoder.encode("x".repeat(isFirst ? 100_000 : 200_000)));
      if (!isFirst) controller.close();
      isFirst = false;
    },
  });
  const answer = fetch(url, { method: "POST", body }).then((response) => response.text());
  // When something else is wrong first, that is what is told.
  answer.catch(() => {});
  return { answer, more };
}
