import { assertEquals, assertRejects } from "@std/assert";
import { followLines } from "../../../../runtime/cli/access/followed_lines.ts";
import { captureIO } from "../captured_io.ts";

const TOLD =
  "Cannot follow the lines for now: the mesh has ended, or is out of reach; they go on\n";

/** An admin API whose answers are lines without end, until it is ended. */
class LineServer implements AsyncDisposable {
  readonly asked: string[] = [];
  refusals = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #controllers = new Set<ReadableStreamDefaultController<Uint8Array>>();

  constructor(first: string) {
    const listen = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(listen, (request) => {
      this.asked.push(new URL(request.url).search);
      if (this.refusals > 0) {
        this.refusals -= 1;
        return Response.json({ detail: "Cannot read it: you are not known" }, { status: 401 });
      }
      return new Response(
        new ReadableStream({
          start: (controller) => {
            this.#controllers.add(controller);
            controller.enqueue(new TextEncoder().encode(`${first}\n`));
          },
        }),
      );
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const controller of this.#controllers) controller.close();
    await this.#server.shutdown();
  }
}

Deno.test("followLines() goes on with the next mesh, elsewhere, and says so once", async () => {
  const io = captureIO();
  let count = 0;
  let url = "";
  const lines = followLines({
    find: () => Promise.resolve({ url, token: undefined, gatewayUrl: undefined }),
    ask: () => ({ path: "/lines", query: { count: count++ } }),
    what: "the lines",
    then: "they go on",
  }, io);
  {
    await using first = new LineServer("one");
    url = first.url;
    assertEquals((await lines.next()).value, "one");
  }
  const later = lines.next();
  // Nobody is there for a while: it is tried again and again.
  while (count < 3) await new Promise((resolve) => setTimeout(resolve));
  await using second = new LineServer("two");
  second.refusals = 2;
  url = second.url;
  assertEquals((await later).value, "two");
  assertEquals(io.err, `${TOLD}Cannot read it: you are not known\n`);
  assertEquals(second.asked.length, 3);
  await lines.return(undefined);
});

Deno.test("followLines() fails when there is nobody to begin with, or it is refused", async () => {
  const io = captureIO();
  await using server = new LineServer("one");
  server.refusals = 1;
  const follow = (url: string) =>
    followLines({
      find: () => Promise.resolve({ url, token: undefined, gatewayUrl: undefined }),
      ask: () => ({ path: "/lines" }),
      what: "the lines",
      then: "they go on",
    }, io).next();
  await assertRejects(() => follow(server.url), Error, "you are not known");
  await assertRejects(() => follow("http://127.0.0.1:1"), Error, "Cannot reach the mesh");
  assertEquals(io.err, "");
});
