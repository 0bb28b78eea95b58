/**
 * What a simulation is like: everything is drawn from its seed.
 *
 * @module
 */

import type { HealthCheck, ServiceManifest } from "../../protocol/manifest.ts";
import type { Random } from "./random.ts";

/** A service of the simulated mesh. */
export interface SimulatedService {
  /** Its name. */
  readonly name: string;
  /** Its edges and times. */
  readonly manifest: ServiceManifest;
  /** Which agents can start it, by index. */
  readonly agents: readonly number[];
  /** How many spares each of them shall have. */
  readonly warm: number;
}

/** The world of one simulation. */
export interface SimulationOptions {
  /** The host of each agent, by index; two agents may share one. */
  readonly hostOfAgent: readonly number[];
  /** The agent of each gateway, by index. */
  readonly agentOfGateway: readonly number[];
  /** What can be started. */
  readonly services: readonly SimulatedService[];
  /** How long an absent agent is waited for. Milliseconds. */
  readonly agentLostMs: number;
  /** How long a process goes on without an agent. Milliseconds. */
  readonly agentGraceMs: number;
  /** Longest usual delay of a message. Milliseconds. */
  readonly delayMs: number;
  /** Longest unusual delay of a message. Milliseconds. */
  readonly lagMs: number;
  /** How instances are asked how they are: no message takes so long that it is missed. */
  readonly health: HealthCheck;
  /** How often a delay is unusual. */
  readonly lagProbability: number;
  /** How often a message is repeated later. */
  readonly repeatProbability: number;
  /** How often a start goes wrong in some way. */
  readonly badStartProbability: number;
  /** How often a process ignores a soft shutdown. */
  readonly stubbornProbability: number;
  /** How often a process speaks just the published catalogue. */
  readonly foreignProbability: number;
  /** How often a dial fails for no reason. */
  readonly badDialProbability: number;
  /** How often a user goes away before the answer. */
  readonly impatienceProbability: number;
  /** Mean time between two faults. Milliseconds. */
  readonly faultMeanMs: number;
  /** Mean time between two requests of users. Milliseconds. */
  readonly requestMeanMs: number;
  /** How long the faults last. Milliseconds. */
  readonly faultsMs: number;
  /** Whether somebody stops instances and closes connections even while requests must succeed. */
  readonly hasCommands: boolean;
  /** Whether the bounds of the roles are so low that they are reached. */
  readonly isTight: boolean;
  /** Whether the manager has no store: a new one knows nothing of the time before. */
  readonly forgetsAll: boolean;
  /** Whether the mesh is stopped at the end, instead of falling asleep. */
  readonly stopsMesh: boolean;
}

const NAMES = ["a", "b", "c", "d", "e", "f"];

/**
 * How many instances a service has, and how many requests each takes: of three services one takes
 * few, and may have up to four; of five one has some that run though nobody asks. It follows from
 * another number, so that every seed goes on meaning what it meant.
 */
function scaleOf(drawn: number): Pick<ServiceManifest, "concurrency" | "instances"> {
  const part = Math.floor(drawn / 3);
  const isBounded = drawn % 3 === 0;
  const max = isBounded ? 1 + part % 4 : 1;
  const min = part % 5 === 0 ? Math.min(max, 1 + part % 2) : 0;
  return { instances: { min, max }, ...(isBounded ? { concurrency: 3 } : {}) };
}

function drawService(random: Random, index: number, names: readonly string[]): ServiceManifest {
  const name = names[index];
  const plugs = random.chance(0.1)
    ? "*"
    : names.filter((other) => other !== name && random.chance(0.4));
  const connectionIdleMs = random.whole(2_500, 15_000);
  return {
    plugs,
    connectionIdleMs,
    ...scaleOf(connectionIdleMs),
    ...(plugs === "*" ? {} : { eager: plugs.slice(0, connectionIdleMs % 2) }),
    serviceIdleMs: random.whole(1_000, 25_000),
    startTimeoutMs: random.whole(2_000, 8_000),
    graceMs: random.whole(500, 5_000),
    placement: random.chance(0.3) ? "pack" : "spread",
  };
}

/** Draws a world. */
export function drawOptions(random: Random): SimulationOptions {
  const hostOfAgent = [...Array(random.whole(1, 3)).keys()].map((index) =>
    random.chance(0.3) ? 0 : index
  );
  const agents = [...hostOfAgent.keys()];
  const names = NAMES.slice(0, random.whole(2, 6));
  const hasCommands = random.chance(0.4);
  // Only what every agent has can be moved away from any of them.
  const areAlike = random.chance(0.4);
  const services = names.map((name, index) => {
    const able = agents.filter(() => areAlike || random.chance(0.5));
    const fallback = random.whole(0, agents.length - 1);
    const drawn = drawService(random, index, names);
    // A command may end an instance only after what is in flight.
    const manifest = hasCommands ? { ...drawn, graceMs: 6_000 } : drawn;
    const chosen = able.length > 0 ? able : [fallback];
    // Follows from another number, as the scale of a service does.
    return { name, manifest, agents: chosen, warm: Math.max(0, drawn.serviceIdleMs % 5 - 2) };
  });
  const isCalm = random.chance(0.2);
  const rate = (highest: number) => isCalm || random.chance(0.3) ? 0 : random.next() * highest;
  return withHealth({
    hostOfAgent,
    agentOfGateway: agents.slice(0, random.whole(1, 2)).map(() =>
      random.whole(0, agents.length - 1)
    ),
    services,
    agentLostMs: random.whole(5_000, 30_000),
    agentGraceMs: random.whole(2_000, 15_000),
    delayMs: random.whole(2, 60),
    lagMs: random.whole(100, 9_000),
    lagProbability: rate(0.03),
    repeatProbability: rate(0.1),
    badStartProbability: rate(0.4),
    stubbornProbability: rate(0.3),
    foreignProbability: rate(0.5),
    badDialProbability: rate(0.2),
    impatienceProbability: rate(0.1),
    faultMeanMs: isCalm ? 60_000 : Math.round(100 * 50 ** random.next()),
    requestMeanMs: random.whole(80, 1_500),
    faultsMs: random.whole(30_000, 120_000),
    hasCommands,
    isTight: random.chance(0.1),
    forgetsAll: random.chance(0.15),
    stopsMesh: random.chance(0.3),
  });
}

/** The memory that some services may hold. */
const MEMORY_BYTES = 100_000_000;

/**
 * Half of the services promise answers about their health, a third has a bound of its memory. It
 * follows from what was drawn.
 */
function withHealth(drawn: Omit<SimulationOptions, "health">): SimulationOptions {
  // Two such times are longer than the four ways of a question and its answer.
  const timeoutMs = 2 * Math.max(drawn.lagMs, drawn.delayMs) + 500;
  const health = { intervalMs: 2_000, timeoutMs, failures: 2 };
  const services = drawn.services.map((service) => {
    const { serviceIdleMs } = service.manifest;
    const manifest = {
      ...service.manifest,
      ...(serviceIdleMs % 2 === 0 ? { health } : {}),
      // Only what a fault tells of its memory is ever held against it.
      ...(serviceIdleMs % 3 === 0 ? { memoryBytes: MEMORY_BYTES } : {}),
    };
    return { ...service, manifest };
  });
  return { ...drawn, services, health };
}
