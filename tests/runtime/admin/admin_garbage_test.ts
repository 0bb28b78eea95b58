import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isName } from "../../../protocol/manifest.ts";
import { createAdminApp } from "../../../runtime/admin/admin_app.ts";
import { OPERATION_NAMES, OPERATIONS } from "../../../runtime/admin/operations.ts";
import { createFakeBackend, TOKEN } from "./fake_backend.ts";

const KNOWN_PATHS = OPERATION_NAMES.map((name) => OPERATIONS[name].path);

const id = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom(
    "1",
    "2",
    "4",
    "01",
    "1e3",
    "0x1",
    "9".repeat(30),
    "%31",
    "..",
    "{id}",
    "%00",
    "a1",
    "A1",
  ),
  fc.string(),
);

const path = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...KNOWN_PATHS), id).map(fillIn) },
  { weight: 1, arbitrary: fc.webPath() },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }).map((text) => `/${text}`) },
);

const parameter = fc.tuple(
  fc.oneof(fc.constantFrom("service", "since", "until", "after", "limit", "instance"), fc.string()),
  fc.oneof(fc.constantFrom("greeter", "1", "-1", "1e9", "9".repeat(20), "NaN"), fc.string()),
);

const headerName = fc.constantFrom(
  "host",
  "origin",
  "authorization",
  "content-type",
  "content-length",
  "last-event-id",
  "sec-fetch-site",
  "accept",
  "x-forwarded-host",
  "cookie",
);

const headerValue = fc.oneof(
  fc.constantFrom(
    "localhost",
    "127.0.0.1:8081",
    "evil.example",
    "http://localhost",
    "null",
    "Bearer x",
    "application/json",
    "7",
  ),
  fc.string({ unit: "grapheme-ascii" }).map((text) => text.trim()),
);

const method = fc.oneof(
  fc.constantFrom("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"),
  fc.stringMatching(/^[A-Z]{1,12}$/),
);

const body = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('{"mode":"hard"}', "{}", "[", "", "\u0000"),
  fc.json(),
  fc.uint8Array({ maxLength: 20_000 }).map((bytes) => new Uint8Array(bytes)),
  fc.integer({ min: 1, max: 9_000 }).map((depth) => "[".repeat(depth)),
);

const garbage = fc.record({
  path,
  query: fc.array(parameter, { maxLength: 3 }),
  method,
  headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 }),
  body,
});

function fillIn([known, id]: [string, string]): string {
  return known.replace("{id}", id).replace("{name}", id);
}

/** Makes a request of garbage, or undefined when the platform itself does not let it be made. */
function requestOf(
  { path, query, method, headers, body }: typeof garbage extends fc.Arbitrary<infer T> ? T : never,
  more: readonly (readonly [string, string])[] = [],
): Request | undefined {
  try {
    const search = query.length === 0 ? "" : `?${new URLSearchParams(query)}`;
    const init = {
      method,
      headers: [...headers, ...more].map(([name, value]): [string, string] => [name, value]),
    };
    const hasBody = body !== undefined && method !== "GET" && method !== "HEAD";
    return new Request(`http://localhost${path}${search}`, hasBody ? { ...init, body } : init);
  } catch (error) {
    // CONNECT and the like, and header values outside Latin-1, never reach a server.
    assert(error instanceof TypeError);
    return undefined;
  }
}

async function drop(response: Response): Promise<void> {
  await response.body?.cancel();
}

Deno.test("createAdminApp() answers garbage with 2xx or 4xx, and changes nothing", async () => {
  const backend = createFakeBackend();
  const app = createAdminApp(backend, { token: TOKEN, hosts: ["evil.example"] });
  const property = fc.asyncProperty(garbage, async (parts) => {
    const request = requestOf(parts);
    if (request === undefined) return;
    const response = await app.fetch(request);
    assert(response.status >= 200 && response.status < 500, `${response.status}`);
    if (response.status >= 400 && request.method !== "HEAD") {
      assertEquals((await response.json()).status, response.status);
    } else await drop(response);
    assertEquals(backend.commands, []);
  });
  await fc.assert(property, { numRuns: 1_000 });
  assertEquals(backend.listenerCount, 0);
});

Deno.test("createAdminApp() gives commands only of known shape, even with the token", async () => {
  const backend = createFakeBackend();
  const app = createAdminApp(backend, { token: TOKEN });
  const property = fc.asyncProperty(garbage, async (parts) => {
    const request = requestOf(
      { ...parts, headers: parts.headers.filter(([name]) => name === "content-type") },
      [["authorization", `Bearer ${TOKEN}`]],
    );
    if (request === undefined) return;
    const response = await app.fetch(request);
    assert(response.status >= 200 && response.status < 500, `${response.status}`);
    await drop(response);
    for (const command of backend.commands.splice(0)) {
      assert(command.kind !== "stopMesh");
      if ("serviceID" in command) assert(Number.isSafeInteger(command.serviceID));
      if ("connectionID" in command) assert(Number.isSafeInteger(command.connectionID));
      if ("agent" in command) assert(isName(command.agent));
      if ("service" in command) assert(isName(command.service));
      assertEquals(request.method, "POST");
      if (command.kind === "stopInstance") assert(["soft", "hard"].includes(command.mode));
    }
  });
  await fc.assert(property, { numRuns: 1_000 });
});
