import { assert } from "@std/assert";
import fc from "fast-check";
import type { ManagerEvent } from "../../../roles/manager/state.ts";
import { forgedMessage } from "../garbage.ts";
import { ManagerBench } from "./manager_bench.ts";

const LINKS = ["one", "two", "stranger"] as const;

const TYPES = [
  "agentRegisterRequest",
  "repositoryInfo",
  "serviceRegisterRequest",
  ...["startServiceResponse", "startServiceResponse", "startServiceResponse"],
  ...["connectionRequest", "connectionRequest", "connectionRequest", "connectionRequest"],
  ...["connectionConfirmation", "connectionConfirmation", "connectionConfirmation"],
  "processData",
  "sourceConnectionClose",
  "destConnectionClose",
  "connectionCloseResponse",
  "softShutdownResponse",
  "hardShutdownResponse",
  "serviceTerminationInfo",
  "agentHealthResponse",
  "startServiceRequest",
  "connectionResponse",
];

const message = forgedMessage(TYPES);

const event: fc.Arbitrary<ManagerEvent | "wait" | "restart" | "honest"> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      kind: fc.constant("message" as const),
      link: fc.constantFrom(...LINKS),
      message,
    }),
  },
  { weight: 2, arbitrary: fc.constant("wait" as const) },
  { weight: 10, arbitrary: fc.constant("honest" as const) },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...LINKS).map((link) => ({
      kind: "linkClosed" as const,
      link,
      reason: "it broke",
    })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("command" as const),
      commandID: fc.nat(),
      command: fc.oneof(
        fc.record({
          kind: fc.constant("stopInstance" as const),
          serviceID: fc.integer({ min: 1, max: 8 }),
          mode: fc.constantFrom("soft" as const, "hard" as const),
        }),
        fc.record({
          kind: fc.constant("closeConnection" as const),
          connectionID: fc.integer({ min: 1, max: 8 }),
        }),
        fc.record({
          kind: fc.constantFrom("drainAgent" as const, "undrainAgent" as const),
          agent: fc.constantFrom("one", "two", "nobody"),
        }),
        fc.record({
          kind: fc.constant("restartService" as const),
          service: fc.constantFrom("greeter", "counter", "nobody"),
        }),
      ),
    }),
  },
);

/** Between the garbage, agents and services do what they should. */
function goOn(bench: ManagerBench): void {
  const { registry, linkOfAgent } = bench.state;
  const linkOf = (agent: string) => linkOfAgent.get(agent) ?? "stranger";
  for (const { serviceID, agent, state } of [...registry.instances.values()]) {
    if (state === "starting") bench.confirmStart(linkOf(agent), serviceID);
  }
  for (const connection of [...registry.connections.values()]) {
    const { serviceID, sourcePlug, destPlug, state } = connection;
    const link = linkOf(bench.instance(serviceID).agent);
    const used = { messageID: 1, serviceID, sourcePlug, destPlug };
    if (state === "open") bench.take(link, { type: "processData", ...used });
    if (state !== "offered") continue;
    bench.take(link, { type: "connectionConfirmation", status: 200, ...used });
  }
  for (const { serviceID, agent, service } of [...registry.instances.values()]) {
    const dest = service === "gateway" ? "greeter" : "counter";
    bench.ask(linkOf(agent), { serviceID, sourcePlug: bench.history.length, dest });
  }
}

Deno.test("manager: whatever comes, in any order, the registry stays true", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 20, maxLength: 80, size: "max" }), (events) => {
      const bench = new ManagerBench({ agentLostMs: 20_000 });
      bench.addAgent("one", { greeter: { plugs: ["counter"] }, counter: {} });
      const gateway = bench.addGateway("one");
      bench.addAgent("two", { counter: {} }, { network: "10.0.0.2" });
      bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
      for (const one of events) {
        if (one === "wait") bench.wait(7_000);
        else if (one === "restart") bench.restart();
        else if (one === "honest") goOn(bench);
        else bench.step(one);
      }
      bench.wait(600_000);
      assert(bench.state.parked.size === 0, "a request waits past its deadline");
      assert(bench.state.replacements.size === 0, "an instance is to be replaced for ever");
      assert(bench.state.moves.size === 0, "a command waits for ever");
    }),
    { numRuns: 150 },
  );
});
