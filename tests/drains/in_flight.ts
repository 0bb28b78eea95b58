/**
 * What is in flight for long while something else happens: an event stream, an upload that streams,
 * and a WebSocket, of a service at `/work`.
 *
 * @module
 */

import { assertMatch } from "@std/assert";

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
  upload: "began 300000",
  socket: [1012, true],
};

/** An upload that has begun. */
interface Upload {
  readonly answer: Reading;
  /** Sends the rest of it. */
  readonly more: () => void;
}

/** Three things in flight. */
export class InFlight {
  readonly #release: string;
  readonly #events: Reading;
  readonly #upload: Upload;
  readonly #socket: WebSocket;
  readonly #closed: Promise<FlightReport["socket"]>;

  private constructor(
    release: string,
    { events, upload, socket }: {
      readonly events: Reading;
      readonly upload: Upload;
      readonly socket: WebSocket;
    },
  ) {
    this.#release = release;
    this.#events = events;
    this.#upload = upload;
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<FlightReport["socket"]>();
    socket.onclose = ({ code, wasClean }) => resolve([code, wasClean]);
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
    const socket = await openSocket(`${gatewayUrl.replace("http", "ws")}/work/socket`);
    const events = new Reading(await fetch(`${gatewayUrl}/work/events`));
    await events.first();
    const upload = await beginUpload(`${gatewayUrl}/work/upload`);
    return new InFlight(`${signals}/release`, { events, upload, socket });
  }

  /** Lets all of it end, which it does by itself, and tells what came of it. */
  async end(): Promise<FlightReport> {
    await Deno.writeTextFile(this.#release, "");
    this.#upload.more();
    return {
      events: await this.#events.whole(),
      upload: await this.#upload.answer.whole(),
      socket: await this.#closed,
    };
  }

  /** That the WebSocket is open still: a message comes back, before it is closed here. */
  async assertOpen(): Promise<void> {
    const answered = new Promise<string>((resolve) => {
      this.#socket.onmessage = ({ data }) => resolve(data);
    });
    this.#socket.send("again");
    const closed = this.#closed.then((how) => `closed ${how}`);
    assertMatch(await Promise.race([answered, closed]), /^again /);
    this.#socket.close(3000);
  }
}

/** Resolves when a message has come back. */
async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onerror = reject;
    socket.onopen = () => socket.send("hello");
    socket.onmessage = resolve;
  });
  return socket;
}

/** Sends a part at once and the rest when it is told to; resolves when the service has begun. */
async function beginUpload(url: string): Promise<Upload> {
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
  const response = await fetch(url, { method: "POST", body });
  const answer = new Reading(response);
  await answer.first();
  return { answer, more };
}

/** A response that comes in parts. */
class Reading {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    const body = response.body ?? new ReadableStream();
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits for the first part. */
  async first(): Promise<void> {
    this.#text += (await this.#reader.read()).value ?? "";
  }

  /** Waits for the end, and tells all that came. */
  async whole(): Promise<string> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return this.#text;
      this.#text += value;
    }
  }
}
