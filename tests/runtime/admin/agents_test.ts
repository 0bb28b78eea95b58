import { assertEquals } from "@std/assert";
import { createAdminApp } from "../../../runtime/admin/admin_app.ts";
import { HOST_BODIES } from "../store/fact_samples.ts";
import { ask, checked, createFakeBackend, TOKEN } from "./fake_backend.ts";

const BEARER = { authorization: `Bearer ${TOKEN}` };

function setUp() {
  const backend = createFakeBackend();
  return { backend, app: createAdminApp(backend, { token: TOKEN }) };
}

/** The detail of a problem, which has this status. */
async function detailOf(response: Response, status: number): Promise<string> {
  assertEquals(response.status, status);
  return (await response.json()).detail;
}

Deno.test("POST /v1/agents/:name/drain and restart give commands, for names only", async () => {
  const { app, backend } = setUp();
  const post = (path: string) => ask(app, path, { method: "POST", headers: BEARER });
  assertEquals((await post("/v1/agents/local/drain")).status, 200);
  assertEquals((await post("/v1/agents/local/undrain")).status, 200);
  assertEquals((await post("/v1/services/greeter/restart")).status, 200);
  assertEquals(backend.commands, [
    { kind: "drainAgent", agent: "local" },
    { kind: "undrainAgent", agent: "local" },
    { kind: "restartService", service: "greeter" },
  ]);
  const odd = await post("/v1/agents/Local%2F1/drain");
  assertEquals(
    await detailOf(odd, 400),
    'Cannot use "/v1/agents/Local%2F1/drain": expected a name, as the lists tell it',
  );
  backend.outcome = { status: 409, reason: "nowhere else" };
  assertEquals(await detailOf(await post("/v1/agents/local/drain"), 409), "nowhere else");
  const unasked = await ask(app, "/v1/agents/local/drain", { method: "POST" });
  assertEquals(unasked.status, 401);
  await unasked.body?.cancel();
});

Deno.test("GET /v1/agents shows labels, load and drains", async () => {
  const { app, backend } = setUp();
  backend.record(...HOST_BODIES);
  const { items } = checked("AgentList", await (await ask(app, "/v1/agents")).json());
  assertEquals(
    items.map(({ agent, load, capacity, draining, labels }) => ({
      agent,
      load,
      capacity,
      draining,
      labels,
    })),
    [
      { agent: "local", load: 2, capacity: null, draining: false, labels: {} },
      {
        agent: "a1",
        load: 0,
        capacity: 8,
        draining: true,
        labels: { disk: "fast", zone: "north" },
      },
    ],
  );
  const greeter = checked("Instance", await (await ask(app, "/v1/instances/2")).json());
  assertEquals(greeter.leaving, "drain");
});
