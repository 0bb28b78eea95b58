import { assert, assertEquals, assertRejects } from "@std/assert";
import { chunkedBody } from "../../../runtime/gateway/chunked_body.ts";
import { latin, RawConnection } from "../../conformance/raw_http.ts";

const MIB = 1_048_576;
/** Reads of the slow handler, each of which could take in a whole view. */
const READS = 1_000;
/** What the buffers of both ends of a connection hold at most, and a little. */
const UNDER_WAY = 40 * MIB;

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

const FRAMES_BYTES = 262_144;

/** A body as a client sends it: its bytes count up, and chunks have the lengths given, in turn. */
function* framesOf(bytes: number, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes; turn += 1) {
    const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes - at);
    const front = latin(`${length.toString(16)}\r\n`);
    const frame = new Uint8Array(front.length + length + 2);
    frame.set(front);
    for (let index = 0; index < length; index += 1) frame[front.length + index] = at++ % 251;
    frame.set([13, 10], front.length + length);
    yield frame;
  }
  yield latin("0\r\n\r\n");
}

/** A server, which reads a body; `sending` is its client. */
async function serve<Found>(
  read: (body: Body) => Promise<Found>,
  sending: (connection: RawConnection) => Promise<unknown>,
): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    assert(request.body !== null);
    const found = read(request.body);
    found.then(resolve, reject);
    return found.then(() => new Response("read"), () => new Response("broken"));
  });
  let sent;
  {
    using connection = await RawConnection.open(server.addr.port);
    const head = "PUT / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    await connection.send(head);
    sent = sending(connection);
    // Whatever became of it, the body tells.
    await promise.catch(() => {});
  }
  // Its connection is closed: what it still sends is what nobody wants any more.
  await sent.catch(() => {});
  return await promise;
}

async function sumOf(body: Body): Promise<number> {
  let bytes = 0;
  for await (const piece of chunkedBody(body)) {
    for (const byte of piece) if (byte !== bytes++ % 251) throw new Error(`byte ${bytes}`);
  }
  return bytes;
}

for (const lengths of [[1_024], [4_096], [65_536], [300_000], [1], [9_000, 17, 20_000, 1_008]]) {
  Deno.test(`chunkedBody() reads all of a body in chunks of ${lengths.join(", ")}`, async () => {
    const bytes = lengths[0] === 1 ? 10_000 : 3 * MIB;
    const read = await serve(sumOf, async (connection) => {
      for (const frame of framesOf(bytes, lengths)) await connection.send(frame);
    });
    assertEquals(read, bytes);
  });
}

/** Sends chunks of one length, without end, and tells how many bytes have left. */
class Flood {
  sentBytes = 0;
  isOver = false;

  async send(connection: RawConnection, length: number): Promise<void> {
    const frames = [...framesOf(FRAMES_BYTES, [length])].slice(0, -1);
    const block = new Uint8Array(frames.flatMap((frame) => [...frame]));
    while (!this.isOver) {
      await connection.send(block);
      this.sentBytes += FRAMES_BYTES;
    }
  }
}

for (const length of [4_096, 32_768]) {
  const name = `chunkedBody() has the server take in what is read of chunks of ${length}, no more`;
  Deno.test(name, async () => {
    const flood = new Flood();
    const underWay = await serve(async (body) => {
      const reader = chunkedBody(body).getReader();
      let bytes = 0;
      for (let reads = 0; reads < READS; reads += 1) {
        bytes += (await reader.read()).value?.length ?? 0;
        // The client has its turn.
        await new Promise((resolve) => setTimeout(resolve));
      }
      flood.isOver = true;
      await reader.cancel();
      return flood.sentBytes - bytes;
    }, (connection) => flood.send(connection, length));
    assert(underWay < UNDER_WAY, `${underWay / MIB} MiB were taken in`);
  });
}

Deno.test("chunkedBody() tells that a body broke, and that it ended", async () => {
  const { promise: isReading, resolve } = Promise.withResolvers<void>();
  const broken = serve(async (body) => {
    const reader = chunkedBody(body).getReader();
    await reader.read();
    resolve();
    return await reader.read();
  }, async (connection) => {
    await connection.send("5\r\nhello\r\n");
    await isReading;
    await connection.send("nonsense\r\n");
  });
  await assertRejects(() => broken);
  assertEquals(await serve(sumOf, (connection) => connection.send("0\r\n\r\n")), 0);
});

Deno.test("chunkedBody() leaves a body as it is that is no stream of bytes", () => {
  const body = ReadableStream.from([Uint8Array.of(1)]);
  assertEquals(chunkedBody(body), body);
});
