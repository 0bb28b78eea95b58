/**
 * Garbage and forged messages: true in shape at most, never in meaning. None may change anything.
 *
 * @module
 */

import type { World } from "../world.ts";
import { openLink } from "../nodes/links.ts";

/** A number that nobody was given. */
const NOBODY = 900_000_000;

const GARBAGE: readonly unknown[] = [
  null,
  7,
  "hello",
  [],
  {},
  { type: "toString" },
  { type: "softShutdownRequest", messageID: -1, serviceID: 1 },
  { type: "connectionRequest", messageID: 1, serviceID: "1", sourcePlug: 1, destServiceName: "a" },
  { type: "processData", messageID: 1 },
];

/** Messages that speak of an instance that does not belong to who sends them. */
function forgedOfInstance(serviceID: number): readonly unknown[] {
  const messageID = NOBODY;
  const ends = { sourcePlug: 1, destPlug: 20_000 };
  const reason = "forged";
  return [
    { type: "connectionRequest", messageID, serviceID, sourcePlug: 1, destServiceName: "a" },
    { type: "connectionConfirmation", messageID, status: 200, serviceID, ...ends },
    { type: "connectionCloseResponse", messageID, status: 200 },
    { type: "softShutdownResponse", messageID, serviceID, status: 200 },
    { type: "hardShutdownResponse", messageID, serviceID, status: 200 },
    { type: "serviceTerminationInfo", serviceID, status: 200, reason },
    { type: "sourceConnectionClose", serviceID, ...ends, status: 111 },
    { type: "destConnectionClose", serviceID, ...ends, sourceServiceID: 1 },
    { type: "processData", messageID, serviceID, ...ends, count: 3 },
    { type: "startServiceResponse", messageID, status: 200, serviceID, token: "guess" },
    { type: "serviceHealthResponse", messageID, serviceID, status: 200 },
    { type: "agentHealthRequest", messageID, agentNetwork: "10.0.0.0" },
    { type: "startServiceResponse", messageID, status: 500, serviceID, reason },
  ];
}

/** Answers to what was never asked, as a manager or an agent would send them. */
const FORGED_ANSWERS: readonly unknown[] = [
  { type: "connectionResponse", messageID: NOBODY, status: 200 },
  { type: "serviceRegisterResponse", messageID: NOBODY, status: 200 },
  { type: "agentRegisterResponse", messageID: NOBODY, status: 200 },
  { type: "connectionCloseRequest", messageID: 1, serviceID: NOBODY, sourcePlug: 1, destPlug: 9 },
  { type: "hardShutdownRequest", messageID: 1, serviceID: NOBODY },
  { type: "softShutdownRequest", messageID: 1, serviceID: NOBODY },
  { type: "processData", messageID: 1, serviceID: 1, sourcePlug: 1, destPlug: 1 },
];

/** Sends something false by some link. */
export function forge(world: World): void {
  const { faults, gateways } = world;
  world.count("forgeries");
  const process = faults.pick([...world.processes]);
  const other = faults.pick([...world.processes, ...gateways.map(({ run }) => run)]);
  const otherID = other?.host.state.source.serviceID ?? NOBODY;
  const isOther = other !== process;
  const lie = faults.pick([...GARBAGE, ...forgedOfInstance(isOther ? otherID : NOBODY)]);
  const agent = faults.pick(world.agents)?.run;
  const isElsewhere = !agent?.host.state.instances.has(otherID);
  const up = faults.pick([...GARBAGE, ...forgedOfInstance(isElsewhere ? otherID : NOBODY)]);
  const down = faults.pick([...GARBAGE, ...FORGED_ANSWERS]);
  switch (faults.whole(0, 5)) {
    case 0:
      return process?.end?.send(lie);
    case 1:
      return agent?.ends.get(agent.managerLink ?? "")?.send(up);
    case 2: {
      const end = faults.pick([...(world.manager.run?.ends.values() ?? [])]);
      return end?.send(down);
    }
    case 3:
      return showOthersToken(world);
    case 4:
      return sendAsStranger(world, faults.pick([lie, up, down]));
    case 5:
      return claimNumber(world);
  }
}

/** A process shows its secret as if it were that of another. */
function showOthersToken(world: World): void {
  const process = world.faults.pick([...world.processes]);
  const other = world.faults.pick([...world.processes]);
  if (process === undefined || other === undefined || other === process) return;
  const { node, token } = process.setup;
  const { serviceID } = other.setup;
  const owner = { received: () => {}, closed: () => {} };
  const message = { type: "startServiceResponse", messageID: 1, status: 200, serviceID, token };
  node.linkService(owner, { trusted: false })?.send(message);
}

/** A gateway that nobody knows says that it was another one, or a process, and what is open. */
function claimNumber(world: World): void {
  const { faults, gateways, processes, network } = world;
  const run = faults.pick([...processes, ...gateways.map((one) => one.run)]);
  const node = faults.pick(world.agents);
  const serviceID = run?.host.state.source.serviceID ?? NOBODY;
  const stranger = `stranger ${network.whole(0, 1e9)}`;
  const peer = faults.chance(0.5) ? stranger : undefined;
  const token = faults.chance(0.5) ? { token: stranger } : {};
  const owner = { received: () => {}, closed: () => {} };
  const end = node?.linkService(owner, { trusted: true, peer });
  end?.send({
    type: "serviceRegisterRequest",
    messageID: 1,
    typeOfService: "gateway",
    plugsConfiguration: { in: null, out: "*" },
    serviceID,
    ...token,
    connections: [{ serviceID, sourcePlug: 1, destServiceID: NOBODY, destPlug: 20_000 }],
  });
  world.timeline.after(3_000, () => end?.close("bored"));
}

/** Somebody from outside opens a link to the manager or an agent. */
function sendAsStranger(world: World, value: unknown): void {
  const owner = { received: () => {}, closed: () => {} };
  const { run } = world.manager;
  if (run !== undefined && world.faults.chance(0.5)) {
    const [mine, theirs] = openLink(world, [owner, run]);
    run.ends.set(theirs.link, theirs);
    mine.send(value);
    return world.timeline.after(5_000, () => mine.close("bored"));
  }
  const agent = world.faults.pick(world.agents);
  agent?.linkService(owner, { trusted: false })?.send(value);
}
