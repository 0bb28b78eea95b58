import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Ask, ask, askText, requestBytes } from "./case.ts";
import { latin, RawConnection } from "./raw_http.ts";
import { startSubjects, type World } from "./worlds.ts";

function worldOf(mesh: { readonly gatewayUrl: string }): World {
  return { name: "gateway", port: Number(new URL(mesh.gatewayUrl).port), host: "subject.test" };
}

Deno.test("a gateway says where a request is from, and believes no client", async () => {
  await using mesh = await startSubjects();
  const world = worldOf(mesh);
  const lies = [
    "forwarded: for=6.6.6.6",
    "x-forwarded-for: 6.6.6.6",
    "X-Forwarded-Host: evil.test",
    "x-forwarded-proto: https",
    "x-forwarded-prefix: /evil",
    "x-real-ip: 6.6.6.6",
    // Named as options of the connection, headers of the gateway stay all the same.
    "connection: x-forwarded-for, x-request-id, keep-alive",
    "x-request-id: not a name",
  ];
  const reports: string[] = [];
  for (const headers of [lies, [], ["x-request-id: mine-1"]]) {
    const response = await ask(world, { target: "/a", headers });
    const { headers: seen } = JSON.parse(new TextDecoder().decode(response?.body));
    const { "x-request-id": id, ...rest } = seen;
    assertEquals(rest, {
      "forwarded": 'for=127.0.0.1;host="subject.test";proto=http',
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "subject.test",
      "x-forwarded-proto": "http",
    });
    reports.push(id);
  }
  assertMatch(reports[0] ?? "", /^[\da-f-]{36}$/);
  assertMatch(reports[1] ?? "", /^[\da-f-]{36}$/);
  assert(reports[0] !== reports[1]);
  assertEquals(reports[2], "mine-1");
});

Deno.test("a gateway answers what it cannot pass on with the right status", async () => {
  await using mesh = await startSubjects();
  const world = worldOf(mesh);
  const refused: [status: number, request: Ask][] = [
    [404, { target: "/a/..%2fb" }],
    [405, { method: "TRACE" }],
    [501, { method: "POST", headers: ["transfer-encoding: gzip, chunked"], body: "0\r\n\r\n" }],
    // As UTF-8 it is twice as long, and over the limit of a session.
    [431, { headers: [`x-large: ${"\u00e9".repeat(40_000)}`] }],
    [500, { target: "/do/large?size=100000" }],
    [500, { target: "/do/many?size=300" }],
  ];
  for (const [status, request] of refused) {
    assertEquals((await ask(world, request))?.status, status, Deno.inspect(request).slice(0, 80));
  }
  for (const host of ["subject.test/x", "a@subject.test", "subject.test#x"]) {
    using connection = await RawConnection.open(world.port);
    await connection.send(latin(`GET /a HTTP/1.1\r\nhost: ${host}\r\n\r\n`));
    assertEquals((await connection.response())?.status, 400, host);
  }
});

Deno.test("a gateway breaks a response whose service dies, and starts it anew", async () => {
  await using mesh = await startSubjects();
  const world = worldOf(mesh);
  for (const [at, size] of [0, 100].entries()) {
    using connection = await RawConnection.open(world.port);
    const target = `/do/pushable?id=dies-${at}&size=${size}`;
    await connection.send(requestBytes(world, { target }));
    const head = await connection.head();
    assert(head !== undefined);
    assertEquals(head.framing, size === 0 ? "chunked" : "length");
    assert(typeof await connection.piece(head) !== "string");
    const death = await ask(world, { method: "POST", target: "/do/die" });
    assertEquals(death?.status, 502);
    assertEquals(await connection.piece(head), "broken");
  }
  assertEquals(await askText(world, "/do/static?size=3&kind=text"), "xxx");
  assertEquals(mesh.all("instanceStarting", { service: "subject" }).length, 3);
});
