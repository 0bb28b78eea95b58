import { assertEquals, assertStringIncludes } from "@std/assert";
import { problemResponse } from "../../../../runtime/problem.ts";
import { TOKEN } from "../../admin/fake_backend.ts";
import { runWords, withServedMesh } from "../served_mesh.ts";

/** Answers with what it was asked. */
async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  const body = await request.text();
  const x = headers.get("x-colour");
  const authorization = headers.get("authorization");
  return Response.json({ method, path: pathname + search, body, x, authorization });
}

Deno.test("call sends a request through the gateway and prints the body", async () => {
  await withServedMesh(async ({ run }) => {
    const { code, out, err } = await run("call greeter /hello/Ada?loud=1");
    assertEquals([code, err], [0, ""]);
    assertEquals(JSON.parse(out), {
      method: "GET",
      path: "/.smmp/call/greeter/hello/Ada?loud=1",
      body: "",
      x: null,
      authorization: `Bearer ${TOKEN}`,
    });
    const posted = await run("call greeter /", ["--body", "a b", "--header", "x-colour: red"]);
    assertEquals(JSON.parse(posted.out), {
      method: "POST",
      path: "/.smmp/call/greeter/",
      body: "a b",
      x: "red",
      authorization: `Bearer ${TOKEN}`,
    });
    const put = await run("call greeter / --method put", ["--body", "x"]);
    assertEquals(JSON.parse(put.out).method, "PUT");
  }, echo);
});

Deno.test("call fails with the status, and tells a problem in words", async () => {
  const gateway = (request: Request) =>
    request.url.endsWith("/gone")
      ? new Response("not here\n", { status: 404 })
      : problemResponse({ status: 503, detail: 'Cannot start "greeter": it crashed' });
  await withServedMesh(async ({ run }) => {
    assertEquals(await run("call greeter /gone"), {
      code: 1,
      out: "not here\n",
      err: "404 Not Found\n",
    });
    assertEquals(await run("call greeter /x"), {
      code: 1,
      out: "",
      err: '503 Service Unavailable: Cannot start "greeter": it crashed\n',
    });
    const { code, out } = await run("call greeter /gone --json");
    assertEquals([code, JSON.parse(out).status, JSON.parse(out).body], [1, 404, "not here\n"]);
  }, gateway);
});

Deno.test("call prints what was sent before the answer broke", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const breaking = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(10_000));
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\n";
    await connection.write(new TextEncoder().encode(`${head}first part`));
    connection.close();
  })();
  await withServedMesh(async ({ url, backend, data }) => {
    Object.assign(backend, { gatewayUrl: `http://127.0.0.1:${listener.addr.port}` });
    const away = ["--data", `${data}/nowhere`, "--admin", url, "--token", TOKEN];
    const { code, out, err } = await runWords(["call", "greeter", "/", ...away]);
    assertEquals([code, out], [1, "first part"]);
    assertStringIncludes(err, "Cannot read the answer to its end");
  });
  await breaking;
  listener.close();
});

Deno.test("call does not follow a redirect", async () => {
  const gateway = () => new Response(null, { status: 302, headers: { location: "/elsewhere" } });
  await withServedMesh(async ({ run }) => {
    assertEquals(await run("call greeter /"), { code: 0, out: "", err: "302 Found\n" });
  }, gateway);
});

Deno.test("call refuses what would reach something else than it says", async () => {
  let requests = 0;
  await withServedMesh(async ({ run }) => {
    const refusals: [words: string, reason: string][] = [
      ["call greeter /../counter/visits", "it leads out of greeter"],
      ["call greeter /%2e%2e/%2E%2E/secret", "it leads out of greeter"],
      ["call ../x /", "it is not the name of a service"],
      ["call greeter / --header authorization:x", "the call itself needs it"],
      ["call greeter / --method GET --body x", 'Cannot call "greeter"'],
    ];
    for (const [words, reason] of refusals) {
      const { code, err } = await run(words);
      assertEquals(code, 1, words);
      assertStringIncludes(err, reason);
    }
  }, () => {
    requests += 1;
    return new Response();
  });
  assertEquals(requests, 0);
});

Deno.test("call asks the admin API for the gateway when no data folder tells it", async () => {
  await withServedMesh(async ({ url, backend, data }) => {
    const gateway = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => new Response("from there"),
    );
    try {
      Object.assign(backend, { gatewayUrl: `http://127.0.0.1:${gateway.addr.port}` });
      const away = ["--data", `${data}/nowhere`, "--admin", url, "--token", TOKEN];
      assertEquals((await runWords(["call", "greeter", "/", ...away])).out, "from there");
      Object.assign(backend, { gatewayUrl: undefined });
      const none = await runWords(["call", "greeter", "/", ...away]);
      assertStringIncludes(none.err, "it has no gateway");
    } finally {
      await gateway.shutdown();
    }
  });
});
