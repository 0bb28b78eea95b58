/**
 * A manager with one agent, and what that agent would report of itself.
 *
 * @module
 */

import type { ReportedInstance } from "../../../protocol/announcements.ts";
import type { Instance } from "../../../roles/manager/memory/registry.ts";
import { ManagerBench } from "./manager_bench.ts";

/** What the agent of a bench can start. */
export const SERVICES = { greeter: { plugs: ["counter"] }, counter: {} };

/** An agent with a gateway that is connected to a greeter. */
export function connectedBench(options = {}) {
  const bench = new ManagerBench(options);
  bench.addAgent("one", SERVICES);
  const gateway = bench.addGateway("one");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { instance, connection } = bench.connect("one", ask);
  const connections = [{
    serviceID: gateway,
    sourcePlug: 1,
    destServiceID: instance.serviceID,
    destPlug: connection.destPlug,
  }];
  return { bench, gateway, instance, connection, connections };
}

/** An instance as its agent reports it. */
export function reportOf(instance: Instance): ReportedInstance {
  const { serviceID, service: typeOfService, plugs: plugConfiguration, launched } = instance;
  const started = instance.state !== "starting";
  return { serviceID, typeOfService, plugConfiguration, launched, started };
}

/** Every instance as its agent reports it. */
export function reportAll(bench: ManagerBench): ReportedInstance[] {
  return [...bench.state.registry.instances.values()].map(reportOf);
}

/** A gateway and a greeter on two agents, with a connection between them. */
export function twoAgentsBench(options = {}) {
  const bench = new ManagerBench({ agentLostMs: 1_000_000, ...options });
  bench.addAgent("one", {});
  const services = { greeter: { plugs: ["counter"] }, counter: {} };
  bench.addAgent("two", services, { network: "10.0.0.2" });
  const gateway = bench.addGateway("one");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter", destLink: "two" };
  const { instance, connection } = bench.connect("one", ask);
  const { serviceID } = instance;
  const ends = { sourcePlug: 1, destPlug: connection.destPlug };
  return { bench, gateway, serviceID, connection, ends };
}
