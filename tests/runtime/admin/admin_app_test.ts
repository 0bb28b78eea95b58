import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createAdminApp } from "../../../runtime/admin/admin_app.ts";
import { OPERATION_NAMES, OPERATIONS } from "../../../runtime/admin/operations.ts";
import type { OperationSpec } from "../../../runtime/admin/operations.ts";
import type { AnswerName } from "../../../runtime/admin/views/view_schema.ts";
import { ask, checked, createFakeBackend, TOKEN } from "./fake_backend.ts";

const BEARER = { authorization: `Bearer ${TOKEN}` };

function setUp(hosts: readonly string[] = []) {
  const backend = createFakeBackend();
  return { backend, app: createAdminApp(backend, { token: TOKEN, hosts }) };
}

/** Asserts that a response tells a problem, and gives its detail. */
async function detailOf(response: Response, status: number): Promise<string> {
  assertEquals(response.status, status);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(response.headers.get("access-control-allow-origin"), null);
  assertEquals(response.headers.get("cache-control"), "no-store");
  const problem = await response.json();
  assertEquals(problem.status, status);
  assertEquals(typeof problem.title, "string");
  return problem.detail;
}

Deno.test("createAdminApp() answers every operation in the shape that is described", async () => {
  const { app } = setUp();
  for (const name of OPERATION_NAMES) {
    const { method, path, answer, mediaType }: OperationSpec = OPERATIONS[name];
    if (mediaType !== undefined) continue;
    const headers = method === "post" ? BEARER : {};
    const response = await ask(app, path.replace("{id}", "2").replace("{name}", "local"), {
      method,
      headers,
    });
    assertEquals(response.status, 200, `${name}`);
    const value = await response.json();
    if (answer !== undefined) assertEquals(checked(answer, value), value, name);
  }
});

Deno.test("GET /v1/instances/:id shows plugs in both directions", async () => {
  const { app, backend } = setUp();
  const greeter = checked("Instance", await (await ask(app, "/v1/instances/2")).json());
  assertEquals(greeter.plug, 20_000);
  assertEquals(greeter.startedAt, "2026-11-24T22:00:03.000Z");
  assertEquals(greeter.out, []);
  assertEquals(greeter.in, [{
    plug: 20_000,
    connection: 1,
    state: "open",
    to: { service: "gateway", id: 1, plug: 3 },
    lastUsed: "2026-11-24T22:00:05.000Z",
  }]);
  assertEquals(greeter.closesAt, null);
  const gateway = checked("Instance", await (await ask(app, "/v1/instances/1")).json());
  assertEquals(gateway.out.map(({ to }) => to), [{ service: "greeter", id: 2, plug: 20_000 }]);
  assertEquals([gateway.launched, gateway.plug, gateway.connections], [false, null, 1]);
  backend.record({
    kind: "connectionClosed",
    status: 111,
    reason: "closed",
    connectionID: 1,
    serviceID: 1,
    service: "gateway",
    sourcePlug: 3,
    destServiceID: 2,
    destService: "greeter",
    destPlug: 20_000,
  });
  const idle = checked("Instance", await (await ask(app, "/v1/instances/2")).json());
  assertEquals(idle.lastUsed, "2026-11-24T22:00:10.000Z");
  assertEquals(idle.closesAt, "2026-11-24T22:01:10.000Z");
});

Deno.test("GET /v1/instances/:id tells when an instance ended", async () => {
  const { app } = setUp();
  assertStringIncludes(
    await detailOf(await ask(app, "/v1/instances/4"), 404),
    "it ended at 2026-11-24T22:00:12.000Z",
  );
  assertStringIncludes(await detailOf(await ask(app, "/v1/instances/99"), 404), "there is none");
  assertStringIncludes(await detailOf(await ask(app, "/v1/instances/x"), 400), "a number");
});

Deno.test("GET /v1/services shows edges, connections and instances", async () => {
  const { app } = setUp();
  const { items } = checked("ServiceList", await (await ask(app, "/v1/services")).json());
  assertEquals(items.map(({ service }) => service), ["greeter", "counter", "gateway"]);
  const [greeter, counter, gateway] = items;
  assertEquals(greeter?.plugs, ["counter"]);
  assertEquals(greeter?.agents, ["local"]);
  assertEquals(greeter?.idle, { connectionMs: 30_000, serviceMs: 60_000 });
  assertEquals(counter?.instances, { starting: 0, running: 0, closing: 1 });
  assertEquals(gateway?.plugs, "*");
  assertEquals(gateway?.connected, [{ service: "greeter", connections: 1 }]);
  assertEquals(gateway?.idle, null);
});

Deno.test("GET lists are narrowed by service and cut by limit, and tell the total", async () => {
  const { app } = setUp();
  const read = async (path: string) => checked("InstanceList", await (await ask(app, path)).json());
  assertEquals((await read("/v1/instances?limit=1")).items.length, 1);
  assertEquals((await read("/v1/instances?limit=1")).total, 3);
  assertEquals((await read("/v1/instances?service=greeter")).total, 1);
  for (const query of ["limit=0", "limit=10001", "limit=x", "service=%20", "colour=red"]) {
    await detailOf(await ask(app, `/v1/instances?${query}`), 400);
  }
});

Deno.test("GET /v1/history finds, pages and describes", async () => {
  const { app } = setUp();
  const read = async (query: string) => {
    const response = await ask(app, `/v1/history?${query}`);
    return checked("History", await response.json()).items;
  };
  assertEquals(
    (await read("service=greeter&limit=2")).at(-1)?.text,
    "connection 2 greeter#2 -> counter#3 closed: closed on command",
  );
  assertEquals((await read("after=3&limit=2")).map(({ seq }) => seq), [4, 5]);
  assertEquals((await read("after=3&limit=1"))[0]?.text, "greeter#2 started in 1 s");
  assertEquals((await read("since=2026-11-24T22:00:17Z")).map(({ seq }) => seq), [18, 19]);
  assertEquals((await read(`until=${Date.UTC(2026, 10, 24, 22)}`)).map(({ seq }) => seq), [1]);
  assertEquals((await read("instance=4")).length, 2);
  assertEquals((await read("connection=1")).length, 2);
  assertEquals((await read("connection=1&details=false")).length, 1);
  const detail = await detailOf(await ask(app, "/v1/history?since=yesterday"), 400);
  assertStringIncludes(detail, 'Cannot use since "yesterday": expected a time');
});

Deno.test("POST stop and close give commands and tell their outcome", async () => {
  const { app, backend } = setUp();
  const post = (path: string, body?: string) =>
    ask(app, path, {
      method: "POST",
      headers: { ...BEARER, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body }),
    });
  assertEquals(await (await post("/v1/instances/2/stop")).json(), backend.outcome);
  await post("/v1/instances/2/stop", '{"mode":"hard"}');
  await post("/v1/instances/2/stop", "{}");
  await post("/v1/connections/1/close");
  assertEquals(backend.commands, [
    { kind: "stopInstance", serviceID: 2, mode: "soft" },
    { kind: "stopInstance", serviceID: 2, mode: "hard" },
    { kind: "stopInstance", serviceID: 2, mode: "soft" },
    { kind: "closeConnection", connectionID: 1 },
  ]);
  backend.outcome = { status: 404, reason: 'Cannot stop instance "9": there is none' };
  assertEquals(await detailOf(await post("/v1/instances/9/stop"), 404), backend.outcome.reason);
});

Deno.test("POST refuses bodies that it does not understand, and gives no command", async () => {
  const { app, backend } = setUp();
  const post = (body: string, type = "application/json") =>
    ask(app, "/v1/instances/2/stop", {
      method: "POST",
      headers: { ...BEARER, "content-type": type },
      body,
    });
  for (const body of ["{", "[]", "null", '"hard"', '{"mode":"now"}', '{"mode":"hard","x":1}']) {
    await detailOf(await post(body), 400);
  }
  await detailOf(await post('{"mode":"hard"}', "text/plain"), 400);
  await detailOf(await post(`"${"a".repeat(20_000)}"`), 413);
  assertEquals(backend.commands, []);
});

Deno.test("POST changes nothing without the token", async () => {
  const { app, backend } = setUp();
  const wrong = ["", "Bearer", "Bearer ", `bearer ${TOKEN}`, TOKEN, `Bearer ${TOKEN}x`, "Bearer x"];
  for (const authorization of wrong) {
    const headers = authorization === "" ? {} : { authorization };
    for (const path of ["/v1/instances/2/stop", "/v1/connections/1/close"]) {
      const response = await ask(app, path, { method: "POST", headers });
      assertEquals(response.headers.get("www-authenticate"), "Bearer");
      await detailOf(response, 401);
    }
  }
  assertEquals(backend.commands, []);
});

Deno.test("createAdminApp() answers no page of another origin and no foreign host", async () => {
  const { app, backend } = setUp(["mesh.example"]);
  const get = (headers: Record<string, string>) => ask(app, "/v1/state", { headers });
  for (const host of ["127.0.0.1:8081", "localhost:8081", "[::1]:8081", "LOCALHOST", "127.9.9.9"]) {
    assertEquals((await get({ host })).status, 200, host);
  }
  const foreign = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"];
  for (const host of [...foreign, "a b", "@", "user@localhost:1@evil.example"]) {
    await detailOf(await get({ host }), 403);
    await detailOf(await get({ host, ...BEARER }), 403);
  }
  const own = { host: "localhost:8081" };
  assertEquals((await get({ ...own, origin: "http://localhost:8081" })).status, 200);
  for (const origin of ["http://evil.example", "null", "http://localhost:3000", "file://", ""]) {
    await detailOf(await get({ ...own, origin, ...BEARER }), 403);
  }
  assertEquals((await get({ ...own, "sec-fetch-site": "none" })).status, 200);
  await detailOf(await get({ ...own, "sec-fetch-site": "cross-site" }), 403);
  await detailOf(await get({ ...own, "sec-fetch-site": "same-site" }), 403);
  const response = await ask(app, "/v1/instances/2/stop", {
    method: "OPTIONS",
    headers: { origin: "http://evil.example", "access-control-request-method": "POST" },
  });
  await detailOf(response, 403);
  assertEquals(backend.commands, []);
});

Deno.test("createAdminApp() asks a reader on another machine for the token", async () => {
  const { app } = setUp(["mesh.example"]);
  const host = { host: "mesh.example" };
  await detailOf(await ask(app, "/v1/state", { headers: host }), 401);
  assertEquals((await ask(app, "/v1/state", { headers: { ...host, ...BEARER } })).status, 200);
  assertEquals((await ask(app, "/healthz", { headers: host })).status, 200);
  const remoteAddr = { transport: "tcp", hostname: "10.0.0.9", port: 1 } as const;
  await detailOf(await ask(app, "/v1/state", { bindings: { remoteAddr } }), 401);
  const local = { ...remoteAddr, hostname: "127.0.0.1" };
  assertEquals((await ask(app, "/v1/state", { bindings: { remoteAddr: local } })).status, 200);
});

Deno.test("createAdminApp() tells wrong paths and methods apart", async () => {
  const { app, backend } = setUp();
  assertStringIncludes(await detailOf(await ask(app, "/v2/state"), 404), "/openapi.json");
  const stop = await ask(app, "/v1/instances/2/stop");
  assertEquals(stop.headers.get("allow"), "POST");
  assertStringIncludes(await detailOf(stop, 405), "use POST");
  for (const method of ["DELETE", "PUT", "POST", "OPTIONS", "BREW"]) {
    const response = await ask(app, "/v1/state", { method, headers: BEARER });
    assertEquals(response.headers.get("allow"), "GET, HEAD");
    await detailOf(response, 405);
  }
  const head = await ask(app, "/v1/state", { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(backend.commands, []);
});

Deno.test("GET /readyz tells whether the mesh takes requests", async () => {
  const { app, backend } = setUp();
  backend.isReady = false;
  await detailOf(await ask(app, "/readyz"), 503);
  assertEquals((await ask(app, "/healthz")).status, 200);
});

Deno.test("GET /readyz, /healthz and /v1/state say why no new work is taken", async () => {
  const { app, backend } = setUp();
  backend.hindrance = "Cannot record: the disk is full";
  assertEquals(await detailOf(await ask(app, "/readyz"), 503), backend.hindrance);
  for (const path of ["/healthz", "/v1/state"]) {
    const response = await ask(app, path);
    assertEquals([response.status, (await response.json()).problem], [200, backend.hindrance]);
  }
  backend.hindrance = undefined;
  assertEquals((await ask(app, "/readyz")).status, 200);
});

Deno.test("GET /openapi.json describes every operation and resolves every reference", async () => {
  const { app } = setUp();
  const text = await (await ask(app, "/openapi.json")).text();
  const document = JSON.parse(text);
  assertEquals(document.openapi, "3.1.0");
  const described = Object.entries<Record<string, unknown>>(document.paths).flatMap(
    ([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`),
  );
  const expected = OPERATION_NAMES.map((name) =>
    `${OPERATIONS[name].method} ${OPERATIONS[name].path}`
  );
  assertEquals(described.sort(), expected.sort());
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  assert(references.length > 10);
  for (const [, name = ""] of references) assert(name in document.components.schemas, name);
  const names: readonly AnswerName[] = ["State", "History", "Instance"];
  for (const name of names) assertEquals(document.components.schemas[name].type, "object");
});

Deno.test("createAdminApp() takes another token for as long as it is good", async () => {
  const good = new Set(["short-lived"]);
  const app = createAdminApp(createFakeBackend(), {
    token: TOKEN,
    accepts: (token) => good.has(token),
  });
  const stop = (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return ask(app, "/v1/instances/2/stop", { method: "POST", headers });
  };
  assertEquals((await stop("short-lived")).status, 200);
  assertEquals((await stop("Bearer short-lived")).status, 401);
  good.clear();
  assertEquals((await stop("short-lived")).status, 401);
});
