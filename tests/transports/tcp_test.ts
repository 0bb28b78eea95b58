import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { superjsonCodec } from "../../transports/superjson_codec.ts";
import {
  DialError,
  dialTcp,
  linkTcp,
  listenTcp,
  SILENT_BEATS_MAX,
  type TcpListener,
  type TcpListenOptions,
} from "../../transports/tcp.ts";
import { End, testLinks } from "./link_conformance.ts";

/** The far connection of each end, to put garbage on. */
const farConns = new WeakMap<End, Deno.Conn>();

async function connectPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  return await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
}

for (const codec of [undefined, superjsonCodec]) {
  testLinks({
    symbol: codec ? "linkTcp() with superjson" : "linkTcp()",
    async connect(left, right, { narrow }) {
      const [leftConn, rightConn] = await connectPair();
      const options = {
        ...(codec ? { codec } : {}),
        ...(narrow ? { waitingBytesMax: 1024 * 1024 } : {}),
      };
      left.link = linkTcp(leftConn, options, left);
      right.link = linkTcp(rightConn, options, right);
      farConns.set(right, leftConn);
    },
    garbage: async (end) => {
      await farConns.get(end)?.write(new Uint8Array([0xff, 0x7b, 0x0a]));
    },
  });
}

/** Accepts one link, and gives its end and a plain connection to it. */
async function dialPlain(options: TcpListenOptions): Promise<[End, Deno.TcpConn, TcpListener]> {
  const end = new End();
  const accepted = Promise.withResolvers<void>();
  const listener = listenTcp(options, (link) => {
    end.link = link;
    accepted.resolve();
    return end;
  });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  await accepted.promise;
  return [end, conn, listener];
}

async function readAll(conn: Deno.Conn): Promise<string> {
  return await new Response(conn.readable).text();
}

Deno.test("linkTcp() closes the link at a line that is too long, with the reason", async () => {
  const [end, conn, listener] = await dialPlain({ lineBytesMax: 1000 });
  await conn.write(new TextEncoder().encode("1\n" + "x".repeat(1001)));
  assertStringIncludes(await end.ending(), "a line is longer than 1000 bytes");
  assertEquals(end.values, [1]);
  conn.close();
  listener.close();
});

Deno.test("linkTcp() tells of a line that the end of the input cut off", async () => {
  const [end, conn, listener] = await dialPlain({});
  await conn.write(new TextEncoder().encode('{"a":1}\r\n\n{"b"'));
  conn.close();
  assertEquals(await end.ending(), "closed by the other end");
  assertEquals(end.values, [{ a: 1 }]);
  assertEquals(end.malformations.length, 1);
  listener.close();
});

Deno.test("linkTcp() answers after the other end has closed its own direction", async () => {
  const [end, conn, listener] = await dialPlain({});
  end.onReceived = () => {
    for (let index = 0; index < 20_000; index++) end.link.send({ index });
  };
  await conn.write(new TextEncoder().encode("1\n"));
  await end.until(() => end.values.length === 1);
  await conn.closeWrite();
  const lines = (await readAll(conn)).trim().split("\n");
  assertEquals(lines.length, 20_000);
  assertEquals(lines.at(-1), '{"index":19999}');
  assertEquals(await end.ending(), "closed by the other end");
  listener.close();
});

Deno.test("linkTcp() writes all before it closes, though the other end closes first", async () => {
  const [end, conn, listener] = await dialPlain({ closeTimeoutMs: 60_000 });
  // More than the sockets hold, so that it takes many writes, which the system cuts anywhere.
  const texts = [...Array(60).keys()].map((index) => String(index).repeat(50_000));
  for (const text of texts) end.link.send(text);
  end.link.close();
  await conn.closeWrite();
  const lines = (await readAll(conn)).trim().split("\n");
  assertEquals(lines.map((line): unknown => JSON.parse(line)), texts);
  assertEquals(await end.ending(), "closed at this end");
  listener.close();
});

Deno.test("linkTcp() gives up a close that the other end does not answer", async () => {
  const [end, conn, listener] = await dialPlain({ closeTimeoutMs: 50 });
  end.link.send(1);
  end.link.close();
  assertStringIncludes(await end.ending(), "not in order within 50 ms");
  conn.close();
  listener.close();
});

Deno.test("linkTcp() breaks when the other end does not read", async () => {
  const [end, conn, listener] = await dialPlain({ waitingBytesMax: 64 * 1024 });
  const text = "x".repeat(10_000);
  while (end.endings.length === 0) {
    end.link.send(text);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertStringIncludes(end.endings[0] ?? "", "more than 65536 bytes are waiting");
  conn.close();
  listener.close();
});

Deno.test("listenTcp() refuses what is over its limit and takes it again later", async () => {
  const refused: string[] = [];
  const ends: End[] = [];
  const listener = listenTcp(
    { linksMax: 1, refused: (reason) => refused.push(reason) },
    (link) => {
      const end = new End();
      end.link = link;
      ends.push(end);
      return end;
    },
  );
  const dial = async () => {
    const end = new End();
    end.link = await dialTcp({ port: listener.port, closeTimeoutMs: 20_000 }, () => end);
    return end;
  };
  const [first, second] = [await dial(), await dial()];
  await second.ending();
  assertEquals(refused.length, 1);
  assertStringIncludes(refused[0] ?? "", "1 links are open");
  assertEquals(listener.links, 1);
  first.link.close();
  await first.ending();
  await ends[0]?.ending();
  assertEquals(listener.links, 0);
  const third = await dial();
  third.link.send("hello");
  third.link.close();
  await third.ending();
  assertEquals(ends[1]?.values, ["hello"]);
  listener.close();
  listener.close();
});

Deno.test("listenTcp() leaves its links open when it closes", async () => {
  const [end, conn, listener] = await dialPlain({});
  listener.close();
  await conn.write(new TextEncoder().encode("1\n"));
  await end.until(() => end.values.length === 1);
  await assertRejects(() => dialTcp({ port: listener.port }, () => new End()), DialError);
  conn.close();
  await end.ending();
});

Deno.test("dialTcp() says why it cannot connect", async () => {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const error = await assertRejects(() => dialTcp({ port }, () => new End()), DialError);
  assertStringIncludes(error.message, `Cannot connect to "127.0.0.1:${port}"`);
  assert(error.cause instanceof Error);
});

Deno.test("dialTcp() gives up after its timeout and closes what comes later", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const realConnect = Deno.connect;
  const go = Promise.withResolvers<void>();
  const connected = Promise.withResolvers<Deno.Conn>();
  const slowConnect = async () => {
    await go.promise;
    const conn = await realConnect({ hostname: "127.0.0.1", port: listener.addr.port });
    connected.resolve(conn);
    return conn;
  };
  Object.defineProperty(Deno, "connect", { value: slowConnect, configurable: true });
  try {
    await assertRejects(
      () => dialTcp({ port: 1, connectTimeoutMs: 20 }, () => new End()),
      DialError,
      'Cannot connect to "127.0.0.1:1": no answer within 20 ms',
    );
  } finally {
    Object.defineProperty(Deno, "connect", { value: realConnect, configurable: true });
  }
  go.resolve();
  const accepted = await listener.accept();
  await connected.promise;
  assertEquals(await accepted.read(new Uint8Array(1)), null);
  accepted.close();
  listener.close();
});

Deno.test("linkTcp() breaks a link by which nothing comes, not even a heartbeat", async () => {
  const [end, conn, listener] = await dialPlain({ heartbeatMs: 5 });
  assertStringIncludes(await end.ending(), "nothing came from");
  conn.close();
  listener.close();
});

Deno.test("linkTcp() keeps a link that is idle at both ends while heartbeats come", async () => {
  const [end, conn, listener] = await dialPlain({ heartbeatMs: 5 });
  const beat = new TextEncoder().encode("\n");
  for (let beats = 0; beats < 3 * SILENT_BEATS_MAX; beats += 1) {
    assertEquals(await conn.read(new Uint8Array(1)), 1);
    await conn.write(beat);
  }
  await conn.write(new TextEncoder().encode('"still here"\n'));
  await end.until(() => end.values.length > 0);
  assertEquals(end.values, ["still here"]);
  end.link.close();
  conn.close();
  await end.ending();
  listener.close();
});

Deno.test("linkTcp() answers all that it reads by an empty line where wanted", async () => {
  const [end, conn, listener] = await dialPlain({ answersAtOnce: true });
  const read = async () => {
    const buffer = new Uint8Array(100);
    return new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  };
  assertEquals(await read(), "\n");
  await conn.write(new TextEncoder().encode("1\n"));
  assertEquals(await read(), "\n");
  assertEquals(end.values, [1]);
  conn.close();
  await end.ending();
  listener.close();
});
