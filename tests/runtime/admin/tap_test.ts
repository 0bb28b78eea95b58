import { assert, assertEquals } from "@std/assert";
import type { Message } from "../../../protocol/messages.ts";
import { createAdminApp } from "../../../runtime/admin/admin_app.ts";
import { EVENT_STREAMS_MAX } from "../../../runtime/admin/admin_operations.ts";
import { TAP_LIMITS } from "../../../runtime/tap/tap_stream.ts";
import { lines } from "../../integration/meshes/output.ts";
import { ask, createFakeBackend, TOKEN } from "./fake_backend.ts";

const OPERATOR = { headers: { authorization: `Bearer ${TOKEN}` } };
const USED: Message = {
  type: "processData",
  messageID: 1,
  serviceID: 2,
  sourcePlug: 1,
  destPlug: 20_000,
};

Deno.test("GET /v1/tap drops what a client does not read, and says how much", async () => {
  const backend = createFakeBackend();
  const app = createAdminApp(backend, { token: TOKEN });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/v1/tap`, OPERATOR);
  const count = 5 * TAP_LIMITS.messages;
  for (let messageID = 1; messageID <= count; messageID += 1) {
    backend.taps.pass({ link: "a", message: { ...USED, messageID }, isLeaving: false });
  }
  let told = 0;
  for await (const line of lines(response.body!)) {
    const entry = JSON.parse(line);
    if (entry.kind === "dropped") {
      assertEquals(told + entry.count, count);
      break;
    }
    told += 1;
    assertEquals(entry.message.messageID, told);
  }
  assert(told <= 2 * TAP_LIMITS.messages, `${told} were kept`);
  await server.shutdown();
  assertEquals(backend.taps.areOpen, false);
});

Deno.test("GET /v1/tap has a bound on its clients, and is no place for others", async () => {
  const backend = createFakeBackend();
  const app = createAdminApp(backend, { token: TOKEN });
  assertEquals((await ask(app, "/v1/tap")).status, 401);
  const head = await ask(app, "/v1/tap", { ...OPERATOR, method: "HEAD" });
  assertEquals([head.status, backend.taps.areOpen], [200, false]);
  const open = await Promise.all(
    Array.from({ length: EVENT_STREAMS_MAX }, () => ask(app, "/v1/tap", OPERATOR)),
  );
  assertEquals((await ask(app, "/v1/tap", OPERATOR)).status, 429);
  for (const response of open) await response.body?.cancel();
  const again = await ask(app, "/v1/tap", OPERATOR);
  assertEquals(again.status, 200);
  await again.body?.cancel();
  assertEquals(backend.taps.areOpen, false);
});
