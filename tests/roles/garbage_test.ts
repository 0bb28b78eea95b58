import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MANIFEST_DEFAULTS } from "../../protocol/manifest.ts";
import { MESSAGES } from "../../protocol/messages.ts";
import { hasDeadline } from "../../roles/deadlines.ts";
import type { AgentEvent } from "../../roles/agent/events.ts";
import type { ServiceEvent } from "../../roles/service/state.ts";
import type { SourceEvent } from "../../roles/source/state.ts";
import { AgentBench } from "./agent/agent_bench.ts";
import { forgedMessage } from "./garbage.ts";
import { GatewayBench, ServiceBench } from "./service/service_bench.ts";

const message = forgedMessage(Object.keys(MESSAGES));
const reason = fc.constant("it broke");
const serviceID = fc.integer({ min: 1, max: 8 });
const sourcePlug = fc.integer({ min: 1, max: 3 });
const requestID = fc.nat(6);

function eventsOf<Event>(event: fc.Arbitrary<Event>): fc.Arbitrary<Event[]> {
  return fc.array(event, { minLength: 20, maxLength: 80, size: "max" });
}

const agentEvent: fc.Arbitrary<AgentEvent> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("message" as const),
      link: fc.constantFrom("manager", "service-1", "service-2", "gateway", "stranger"),
      message,
    }),
  },
  fc.record({ kind: fc.constant("processStarted" as const), serviceID, token: fc.constant("t") }),
  fc.record({ kind: fc.constant("processFailed" as const), serviceID, reason }),
  fc.record({
    kind: fc.constant("processExited" as const),
    serviceID,
    exitCode: fc.integer(),
    signal: fc.constantFrom(undefined, "SIGKILL"),
    lastLines: fc.array(fc.string(), { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant("linkClosed" as const),
    link: fc.constantFrom("manager", "service-1", "stranger"),
    reason,
  }),
  fc.record({
    kind: fc.constant("serviceLinked" as const),
    link: fc.constantFrom("service-1", "service-2", "stranger"),
    trusted: fc.boolean(),
    peer: fc.constantFrom(undefined, "g1"),
  }),
  fc.record({ kind: fc.constant("managerLinked" as const), link: fc.constant("manager") }),
  fc.record({
    kind: fc.constant("instancesRecorded" as const),
    instances: fc.array(
      fc.record({
        serviceID,
        service: fc.constant("greeter"),
        plugs: fc.constant({ in: 20_001, out: [] }),
        token: fc.constant("t"),
        outdated: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    gateways: fc.array(
      fc.record({
        serviceID,
        service: fc.constant("gateway"),
        plugs: fc.constant({ in: null, out: "*" as const }),
        token: fc.constantFrom(undefined, "t"),
        peer: fc.constantFrom(undefined, "g1"),
      }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    kind: fc.constant("repositoryChanged" as const),
    manifests: fc.constant({ greeter: MANIFEST_DEFAULTS }),
    edited: fc.constantFrom([], ["greeter"]),
  }),
  fc.record({
    kind: fc.constant("instancesMoving" as const),
    serviceIDs: fc.constantFrom([], [1, 9]),
    spareIDs: fc.constantFrom([], [1, 9]),
  }),
  fc.record({ kind: fc.constant("leavingAlone" as const), graceMs: fc.constant(10_000) }),
);

Deno.test("agent: whatever comes by any link in any order, every wait has its deadline", () => {
  fc.assert(
    fc.property(eventsOf(agentEvent), (events) => {
      const bench = new AgentBench();
      bench.run(1);
      bench.run(2);
      bench.addGateway(3);
      for (const event of events) {
        // A host gives no two links the same name.
        if (event.kind === "serviceLinked" && bench.state.links.has(event.link)) continue;
        bench.step(event);
        const { relays, relayIDs, links, instances, deadlines } = bench.state;
        assertEquals([...relayIDs.values()].sort(), [...relays.keys()].sort());
        for (const id of relays.keys()) assert(hasDeadline(deadlines, `relay:${id}`));
        for (const [one, { phase, launched, link }] of instances) {
          if (phase === "launching") {
            const isBound = hasDeadline(deadlines, `start:${one}`);
            assert(isBound || hasDeadline(deadlines, `kill:${one}`), `start of ${one}`);
          }
          if (phase === "recorded") assert(hasDeadline(deadlines, "adopt:"));
          if (launched && phase === "running") {
            assertEquals(links.get(link ?? "")?.serviceID ?? one, one);
          }
        }
        bench.wait(500);
      }
    }),
    { numRuns: 150 },
  );
});

const sourceEvent: fc.Arbitrary<SourceEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("requestWanted" as const),
    requestID,
    service: fc.constantFrom("greeter", "counter"),
    timeoutMs: fc.nat(5_000),
  }),
  fc.record({ kind: fc.constant("requestEnded" as const), requestID }),
  fc.record({
    kind: fc.constant("requestEnded" as const),
    requestID,
    outcome: fc.constantFrom("failed" as const, "cancelled" as const),
  }),
  fc.record({ kind: fc.constant("requestAnswered" as const), requestID }),
  fc.record({ kind: fc.constant("sessionLeaving" as const), sourcePlug }),
  fc.record({ kind: fc.constant("dialed" as const), sourcePlug }),
  fc.record({ kind: fc.constant("dialFailed" as const), sourcePlug, reason }),
  fc.record({
    kind: fc.constant("sessionEnded" as const),
    sourcePlug,
    status: fc.constantFrom(111, 122),
    reason,
  }),
);

const serviceEvent: fc.Arbitrary<ServiceEvent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("message" as const),
      link: fc.constant("agent"),
      message,
    }),
  },
  { weight: 4, arbitrary: sourceEvent },
  fc.record({
    kind: fc.constant("inboundEnded" as const),
    sourceID: serviceID,
    sourcePlug,
    status: fc.constant(111),
    reason,
    wasOpen: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("linkClosed" as const), link: fc.constant("agent"), reason }),
  fc.record({ kind: fc.constant("relinked" as const), link: fc.constant("agent") }),
);

Deno.test("service: whatever comes, each request is assigned or rejected once, in time", () => {
  fc.assert(
    fc.property(eventsOf(serviceEvent), (events) => {
      const bench = new ServiceBench();
      let lastID = 100;
      const open = new Set<number>();
      const take = (effects: ReturnType<ServiceBench["step"]>) => {
        for (const effect of effects) {
          if (effect.kind !== "assign" && effect.kind !== "reject") continue;
          assert(open.delete(effect.requestID), "answered without being asked, or twice");
        }
      };
      for (const event of events) {
        if (event.kind === "requestWanted") {
          lastID += 1;
          open.add(lastID);
          take(bench.step({ ...event, requestID: lastID }));
        } else take(bench.step(event));
        take(bench.wait(200));
      }
      take(bench.wait(200_000));
      assertEquals([...open], []);
    }),
    { numRuns: 150 },
  );
});

Deno.test("gateway: whatever its agent says, nothing is thrown and nobody waits for ever", () => {
  const event = fc.oneof(
    { weight: 2, arbitrary: message },
    { weight: 2, arbitrary: sourceEvent },
    fc.constantFrom("linked" as const, "closed" as const),
  );
  fc.assert(
    fc.property(eventsOf(event), (events) => {
      const bench = new GatewayBench();
      let lastID = 100;
      for (const one of events) {
        if (one === "linked") bench.step({ kind: "agentLinked", link: "agent" });
        else if (one === "closed") bench.step({ kind: "linkClosed", link: "agent", reason: "" });
        else if ("kind" in one && one.kind === "requestWanted") {
          lastID += 1;
          bench.step({ ...one, requestID: lastID });
        } else if ("kind" in one) bench.step(one);
        else bench.take(one);
        bench.wait(200);
      }
      bench.wait(10_000);
      assertEquals(bench.state.source.waiting.size, 0);
    }),
    { numRuns: 150 },
  );
});
