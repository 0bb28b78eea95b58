/**
 * The least that two hops over TCP can cost: a relay and an echo that copy bytes. A message gives
 * the port to relay to, or none for the echo; the answer is the port that is listened on.
 *
 * @module
 */

async function copy(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (let done = 0; done < count;) done += await to.write(buffer.subarray(done, count));
    }
    await to.closeWrite();
  } catch {
    // The other end went away, as it does when the bench is over.
  }
}

async function accept(listener: Deno.TcpListener, target: number | undefined): Promise<void> {
  for await (const conn of listener) {
    conn.setNoDelay(true);
    if (target === undefined) {
      void copy(conn, conn);
      continue;
    }
    const next = await Deno.connect({ hostname: "127.0.0.1", port: target });
    next.setNoDelay(true);
    void copy(conn, next);
    void copy(next, conn);
  }
}

self.onmessage = ({ data }: MessageEvent<{ target: number | undefined }>) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void accept(listener, data.target);
  self.postMessage(listener.addr.port);
};
