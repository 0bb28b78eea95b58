import { assert, assertEquals } from "@std/assert";
import { MANAGER } from "../../../roles/manager/step.ts";
import {
  createManager,
  type ManagerEffect,
  type ManagerEvent,
} from "../../../roles/manager/state.ts";
import { openMemoryStore } from "../../../runtime/store/memory_store.ts";
import { endFuture, recoverRegistry } from "../../../runtime/store/recovery.ts";
import { GATEWAY_TO_GREETER, MESH_BODIES, numbered } from "../store/fact_samples.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** When the manager starts, whatever its history says. */
const NOW_MS = Date.UTC(2026, 10, 25);
/** A gateway, a greeter and a counter run; the connection between the first two is open. */
const BODIES = MESH_BODIES.slice(
  0,
  MESH_BODIES.findIndex(({ kind }) => kind === "instanceClosing"),
);

/** A manager that starts on a history which began at a time by the clock of then. */
function recover(startMs: number) {
  const store = openMemoryStore();
  store.append(numbered(BODIES, { startMs }));
  const registry = recoverRegistry(store);
  endFuture(registry, NOW_MS);
  const state = createManager({}, registry);
  const effects: ManagerEffect[] = [];
  const step = (event: ManagerEvent, nowMs: number) =>
    effects.push(...MANAGER.step(state, event, nowMs));
  step({ kind: "recovered" }, NOW_MS);
  step({
    kind: "message",
    link: "agent@1",
    message: {
      type: "agentRegisterRequest",
      messageID: 1,
      agentName: "local",
      agentNetwork: "127.0.0.1",
      agentPort: 4_000,
      repository: ["greeter", "counter"],
      manifests: registry.agents.get("local")?.manifests ?? {},
      instances: [...registry.instances.values()].map((instance) => ({
        serviceID: instance.serviceID,
        typeOfService: instance.service,
        plugConfiguration: instance.plugs,
        launched: instance.launched,
        started: true,
      })),
      connections: [GATEWAY_TO_GREETER],
    },
  }, NOW_MS + 10);
  /** Lets time pass in steps, as its host does. */
  const wait = (untilMs: number) => {
    for (;;) {
      const dueMs = MANAGER.nextDeadlineMs(state) ?? Infinity;
      if (dueMs > untilMs) return;
      step({ kind: "tick" }, Math.max(dueMs, NOW_MS));
      step({
        kind: "message",
        link: "agent@1",
        message: {
          type: "agentHealthResponse",
          messageID: 1,
          agentNetwork: "127.0.0.1",
          status: 200,
        },
      }, Math.max(dueMs, NOW_MS));
    }
  };
  const closings = () =>
    effects.flatMap((effect) => {
      if (effect.kind !== "record") return [];
      const { fact } = effect;
      if (fact.kind === "connectionClosing") return [`connection ${fact.connectionID}`];
      return fact.kind === "instanceClosing" ? [`instance ${fact.serviceID}`] : [];
    });
  return { registry, effects, wait, closings };
}

for (const [what, startMs] of [["past", 0], ["future", NOW_MS + DAY_MS]] as const) {
  Deno.test(`manager: a history of the ${what} makes it close nothing that is used`, () => {
    const { registry, wait, closings } = recover(startMs);
    assertEquals(registry.instances.size, 3);
    const connection = registry.connections.get(GATEWAY_TO_GREETER.connectionID);
    assertEquals(connection?.state, "open");
    // Whoever uses it has half a minute to say so.
    wait(NOW_MS + 29_000);
    assert(!closings().some((closing) => closing !== "instance 3"), String(closings()));
  });

  Deno.test(`manager: a history of the ${what} does not keep what is idle`, () => {
    const { effects, wait, closings } = recover(startMs);
    wait(NOW_MS + 2 * 60_000);
    assert(closings().includes(`connection ${GATEWAY_TO_GREETER.connectionID}`));
    assert(closings().includes("instance 3"));
    const times = effects.flatMap((effect) => effect.kind === "record" ? [effect.fact.atMs] : []);
    assertEquals(times.filter((atMs) => atMs < NOW_MS || atMs > NOW_MS + HOUR_MS), []);
  });
}

Deno.test("endFuture() lets a plug rest from now on, if it was freed later", () => {
  const { registry } = recover(NOW_MS + DAY_MS);
  assertEquals([...registry.plugs.get("127.0.0.1")?.resting.values() ?? []], [NOW_MS]);
  const past = recover(0).registry.plugs.get("127.0.0.1")?.resting.values() ?? [];
  assert([...past].every((freedAtMs) => freedAtMs < 1_000));
});
