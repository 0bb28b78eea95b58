/**
 * What goes wrong, at random times, until it is switched off.
 *
 * @module
 */

import { editService, endDrains, giveCommand, moveInstances, removeServices } from "./commands.ts";
import { PLUG_RANGE } from "../../../protocol/limits.ts";
import { forge } from "./forgery.ts";
import type { LinkEnd } from "../nodes/links.ts";
import type { ServiceProcess } from "../processes/service_process.ts";
import type { World } from "../world.ts";

type Fault = (world: World) => void;

function restartLater(world: World, start: () => void): void {
  const longestMs = world.hasFaults && world.faults.chance(0.1) ? 45_000 : 3_000;
  world.timeline.after(world.faults.whole(5, world.hasFaults ? longestMs : 800), start);
}

function crashManager(world: World): void {
  world.manager.crash();
  restartLater(world, () => world.manager.start());
}

function crashManagerMidStep(world: World): void {
  world.manager.effectsLeft = world.faults.whole(1, 12);
  restartLater(world, () => {
    world.manager.effectsLeft = undefined;
    world.manager.start();
  });
}

function crashAgent(world: World): void {
  const agent = world.faults.pick(world.agents);
  agent?.crash({ losesData: world.faults.chance(0.3) });
  restartLater(world, () => agent?.start());
}

function breakLink(end: LinkEnd | undefined): void {
  end?.breakOff("the network broke");
}

function breakManagerLink(world: World): void {
  const run = world.faults.pick(world.agents)?.run;
  breakLink(run?.ends.get(run.managerLink ?? ""));
}

/** Both ends of a link that is dead believe that it is open. */
function deafenManagerLink(world: World): void {
  const run = world.faults.pick(world.agents)?.run;
  const end = run?.ends.get(run.managerLink ?? "");
  const silentMs = world.faults.whole(5_000, 45_000);
  world.deafUntilMs = Math.max(world.deafUntilMs, world.timeline.nowMs + silentMs);
  end?.breakOff("the network was silent", silentMs);
}

function isolateAgent(world: World): void {
  const run = world.faults.pick(world.agents)?.run;
  if (run === undefined) return;
  run.isolatedUntilMs = world.timeline.nowMs + world.faults.whole(1_000, 50_000);
  breakLink(run.ends.get(run.managerLink ?? ""));
}

function openSecondManagerLink(world: World): void {
  world.faults.pick(world.agents)?.run?.connectManager();
}

function crashProcess(world: World): void {
  const isSignal = world.faults.chance(0.5);
  const how = isSignal ? { exitCode: 137, signal: "SIGKILL" } : { exitCode: 1 };
  world.faults.pick([...world.processes])?.die(how);
}

function stick(
  { goodProcesses }: World,
  { loop, setup }: ServiceProcess,
  { forMs }: { forMs: number },
): void {
  loop.getStuck(forMs);
  goodProcesses.delete(setup.serviceID);
}

function stickProcess(world: World): void {
  const forMs = world.faults.chance(0.4) ? Infinity : world.faults.whole(1_000, 40_000);
  const process = world.faults.pick([...world.processes]);
  if (process !== undefined) stick(world, process, { forMs });
}

/** The last fault, as others would hide it: what has promised to answer hangs, and is found. */
export function stickSome(world: World): void {
  const promised = world.options.services.filter(({ manifest }) => manifest.health !== undefined);
  const names = new Set(promised.map(({ name }) => name));
  for (const process of world.processes) {
    if (world.faults.chance(0.4) && names.has(process.service)) {
      stick(world, process, { forMs: Infinity });
    }
  }
}

/** A process holds more than it may, and more again: it is replaced, or killed. */
function swellProcess(world: World): void {
  const run = world.faults.pick(world.agents)?.run;
  const process = world.faults.pick([...run?.processes.values() ?? []]);
  const part = world.faults.pick([1.5, 3]) ?? 3;
  const service = world.options.services.find(({ name }) => name === process?.service);
  const { memoryBytes } = service?.manifest ?? {};
  if (run === undefined || process === undefined || memoryBytes === undefined) return;
  const { serviceID } = process.setup;
  world.goodProcesses.delete(serviceID);
  const usage = { serviceID, memoryBytes: part * memoryBytes, cpuMs: 1, cpuPermille: 1 };
  for (const _look of [1, 2]) run.host.handle({ kind: "usageMeasured", usages: [usage] });
}

/** A process is given up, and killed with all that has not left it in time. */
function giveUpProcess(world: World): void {
  const left = moveInstances(world);
  for (const { setup } of left) world.goodProcesses.delete(setup.serviceID);
  world.timeline.after(world.faults.whole(1_000, 30_000), () => {
    for (const process of left) process.die({ exitCode: 137, signal: "SIGKILL" });
  });
}

function crashSpare(world: World): void {
  world.faults.pick(world.agents)?.run?.spares.crashOne();
}

function breakServiceLink(world: World): void {
  breakLink(world.faults.pick([...world.processes])?.end);
}

function breakGatewayLink(world: World): void {
  breakLink(world.faults.pick(world.gateways)?.run.end);
}

function restartGateway(world: World): void {
  world.faults.pick(world.gateways)?.restart();
}

function occupyPort(world: World): void {
  const { listeners, faults } = world;
  const network = faults.pick(world.agents)?.network ?? "";
  const next = world.manager.run?.host.state.registry.plugs.get(network)?.next;
  const place = `${network}:${(next ?? PLUG_RANGE.first) + faults.whole(0, 2)}`;
  if (listeners.has(place)) return;
  listeners.set(place, "stranger");
  world.timeline.after(faults.whole(1_000, 20_000), () => {
    if (listeners.get(place) === "stranger") listeners.delete(place);
  });
}

function breakSession(world: World): void {
  world.faults.pick([...world.sessions])?.end(122, "the network broke");
}

const FAULTS: readonly { readonly weight: number; readonly fault: Fault }[] = [
  { weight: 2, fault: crashManager },
  { weight: 2, fault: crashManagerMidStep },
  { weight: 2, fault: crashAgent },
  { weight: 4, fault: breakManagerLink },
  { weight: 2, fault: isolateAgent },
  { weight: 1, fault: deafenManagerLink },
  { weight: 1, fault: openSecondManagerLink },
  { weight: 5, fault: crashProcess },
  { weight: 2, fault: swellProcess },
  { weight: 1, fault: giveUpProcess },
  { weight: 2, fault: crashSpare },
  { weight: 3, fault: breakServiceLink },
  { weight: 1, fault: stickProcess },
  { weight: 3, fault: breakGatewayLink },
  { weight: 2, fault: restartGateway },
  { weight: 5, fault: breakSession },
  { weight: 4, fault: giveCommand },
  { weight: 1, fault: editService },
  { weight: 1, fault: removeServices },
  { weight: 3, fault: occupyPort },
  { weight: 8, fault: forge },
];

/** The next fault, by weight. */
function drawFault(world: World): Fault | undefined {
  const total = FAULTS.reduce((sum, { weight }) => sum + weight, 0);
  let left = world.faults.next() * total;
  for (const { weight, fault } of FAULTS) {
    left -= weight;
    if (left < 0) return fault;
  }
  return undefined;
}

/** Lets things go wrong from now on, while the world has faults. */
export function beginFaults(world: World): void {
  const { faults, timeline, options } = world;
  timeline.after(faults.whole(1, 2 * options.faultMeanMs), () => {
    if (!world.hasFaults) return;
    const fault = drawFault(world);
    world.trace("fault", { kind: fault?.name ?? "none" }, []);
    world.count("faults");
    fault?.(world);
    beginFaults(world);
  });
}

/**
 * A service ends when no agent stays for a while within its grace, which is short here: so agents
 * are not killed again and again. Milliseconds.
 */
const KILLS_APART_MS = 5_000;

/** The agent is killed, and started again with its data folder. */
function killAgent(world: World): void {
  const { nowMs } = world.timeline;
  if (nowMs < world.agentKilledMs + KILLS_APART_MS) return;
  world.agentKilledMs = nowMs;
  const agent = world.faults.pick(world.agents);
  agent?.crash({ losesData: false });
  restartLater(world, () => agent?.start());
}

/**
 * Only the manager, agents, and the links to them come and go from now on, while it is mild: nobody
 * may notice. Processes that speak just the catalogue end with their agent, so there it stays.
 */
export function beginMildFaults(world: World): void {
  const { faults, timeline } = world;
  world.isMild = true;
  const ofManager = [crashManager, crashManagerMidStep, breakManagerLink, openSecondManagerLink];
  const ofAgents = world.hasMildAgents ? [killAgent, breakGatewayLink] : [];
  const mild = [...ofManager, ...ofAgents];
  timeline.after(faults.whole(1_000, 6_000), () => {
    if (!world.isMild) return;
    const fault = faults.pick(mild);
    world.trace("mild fault", { kind: fault?.name ?? "none" }, []);
    fault?.(world);
    beginMildFaults(world);
  });
}

/** Nothing goes wrong any more, and what is down is started. */
export function endFaults(world: World): void {
  world.hasFaults = false;
  world.deafUntilMs = Math.max(world.deafUntilMs, world.timeline.nowMs);
  if (world.isMild) world.mildUntilMs = world.timeline.nowMs;
  world.isMild = false;
  world.manager.effectsLeft = undefined;
  world.manager.start();
  for (const agent of world.agents) {
    agent.start();
    if (agent.run !== undefined) agent.run.isolatedUntilMs = 0;
  }
  for (const { loop } of world.processes) loop.getLoose();
  for (const [place, listener] of world.listeners) {
    if (listener === "stranger") world.listeners.delete(place);
  }
  endDrains(world);
}
