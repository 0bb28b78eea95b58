/**
 * What a step of the manager costs in a large mesh, against a small one.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../protocol/manifest.ts";
import type { Message, MessageOf } from "../../protocol/messages.ts";
import { findConnection } from "../../roles/manager/memory/registry.ts";
import {
  createManager,
  type ManagerEffect,
  type ManagerEvent,
  type ManagerState,
} from "../../roles/manager/state.ts";
import { stepManager } from "../../roles/manager/step.ts";
import type { MessageArrived } from "../../roles/step.ts";
import type { Measurement } from "../measurement.ts";

/** A mesh to step. */
export interface MeshSize {
  /** How many instances it has. */
  readonly instances: number;
  /** How many connections it has. */
  readonly connections: number;
}

/** How much is measured. */
export interface ManagerBenchOptions {
  /** How often each mesh is measured. @default {15} */
  readonly runs?: number;
  /** How many times each step is taken in one run. @default {4_000} */
  readonly steps?: number;
  /** The mesh that is measured. @default {100,000 connections, 10,000 instances} */
  readonly large?: MeshSize;
  /** The mesh that it is compared with. @default {1,000 connections, 100 instances} */
  readonly small?: MeshSize;
}

const AGENTS = 10;
const SERVICES = 100;
/** The time of every step: nothing is ever due. */
const NOW_MS = 1_700_000_000_000;
const RATIO_MAX = 1.5;

/** Something that is timed: one step, or the three of a connection. */
type Step = () => void;

/** A manager that knows a mesh of some size, and how to send to it. */
class ManagerMesh {
  readonly #state: ManagerState = createManager();
  readonly #size: MeshSize;
  readonly #destPlugs = new Map<number, number>();
  readonly #links = Array.from({ length: AGENTS }, (_, agent) => `agent@${agent}`);
  #lastMessageID = 0;
  #turn = 0;

  /** Builds the mesh by the messages that build one. */
  constructor(size: MeshSize) {
    this.#size = size;
    this.#step({ kind: "recovered" });
    for (let agent = 0; agent < AGENTS; agent += 1) this.#register(agent);
    for (let index = 0; index < size.connections; index += 1) {
      const serviceID = 1 + index % size.instances;
      const sourcePlug = 1 + Math.floor(index / size.instances);
      const asked = this.#requestEvent(serviceID, sourcePlug, index % SERVICES);
      this.#confirm(serviceID, sourcePlug, this.#answered(asked));
    }
    const { instances, connections } = this.#state.registry;
    const isWhole = instances.size === size.instances && connections.size === size.connections;
    if (!isWhole) throw new Error(`Cannot build "${size.connections}": ${connections.size} are`);
  }

  /** How many instances it has. */
  get instances(): number {
    return this.#size.instances;
  }

  /** Prepares steps in which connections of the first instances are asked for and closed. */
  cycles(steps: number, instances: number): Step[] {
    return this.#prepare(steps, () => {
      const serviceID = 1 + this.#spread() % instances;
      const sourcePlug = 1_000_000 + this.#turn;
      const service = this.#turn % SERVICES;
      const asked = this.#requestEvent(serviceID, sourcePlug, service);
      return () => {
        const destPlug = this.#answered(asked);
        this.#confirm(serviceID, sourcePlug, destPlug);
        const close = { serviceID, sourcePlug, destPlug, status: 111 };
        this.#step(this.#eventOf(serviceID, { type: "sourceConnectionClose", ...close }));
      };
    });
  }

  /** Prepares steps in which the use of connections of the first instances is reported. */
  uses(steps: number, instances: number): Step[] {
    const { registry } = this.#state;
    const plugs = Math.floor(this.#size.connections / this.#size.instances);
    return this.#prepare(steps, () => {
      const at = this.#spread() % (instances * plugs);
      const serviceID = 1 + at % instances;
      const sourcePlug = 1 + Math.floor(at / instances);
      const destPlug = findConnection(registry, serviceID, sourcePlug)?.destPlug;
      if (destPlug === undefined) throw new Error("Cannot report use: there is no connection");
      const used = { messageID: this.#newMessageID(), serviceID, sourcePlug, destPlug, count: 1 };
      const event = this.#eventOf(serviceID, { type: "processData", ...used });
      return () => void this.#step(event);
    });
  }

  /** Prepares steps in which time passes and nothing is due. */
  ticks(steps: number): Step[] {
    return this.#prepare(steps, () => () => void this.#step({ kind: "tick" }));
  }

  #prepare(steps: number, make: () => Step): Step[] {
    return Array.from({ length: steps }, () => {
      this.#turn += 1;
      return make();
    });
  }

  /** A walk through the whole mesh that is the same in every run. */
  #spread(): number {
    return (this.#turn * 7_919) % 1_000_003;
  }

  #register(agent: number): void {
    const services = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
    const manifest = { ...MANIFEST_DEFAULTS, plugs: "*" as const };
    const instances = [];
    const perAgent = this.#size.instances / AGENTS;
    for (let index = 0; index < perAgent; index += 1) {
      const serviceID = 1 + agent * perAgent + index;
      const plug = 20_000 + index;
      this.#destPlugs.set(serviceID, plug);
      instances.push({
        serviceID,
        typeOfService: `service-${serviceID % SERVICES}`,
        plugConfiguration: { in: plug, out: "*" as const },
        launched: true,
        started: true,
      });
    }
    this.#step({
      kind: "message",
      link: this.#links[agent] ?? "",
      message: {
        type: "agentRegisterRequest",
        messageID: this.#newMessageID(),
        agentName: `agent-${agent}`,
        agentNetwork: `10.0.0.${agent}`,
        agentPort: 4_000,
        repository: services,
        manifests: Object.fromEntries(services.map((service) => [service, manifest])),
        instances,
      },
    });
  }

  #requestEvent(serviceID: number, sourcePlug: number, service: number): MessageArrived {
    const messageID = this.#newMessageID();
    const destServiceName = `service-${service}`;
    const asked = { messageID, serviceID, sourcePlug, destServiceName };
    return this.#eventOf(serviceID, { type: "connectionRequest", ...asked });
  }

  /** Asks, and returns the plug to dial. */
  #answered(asked: MessageArrived): number {
    const answer = this.#step(asked).map(answerIn).find((found) => found !== undefined);
    if (answer?.destPlug === undefined) throw new Error(`Cannot connect: ${answer?.reason}`);
    return answer.destPlug;
  }

  #confirm(serviceID: number, sourcePlug: number, destPlug: number): void {
    const confirmed = { messageID: this.#lastMessageID, serviceID, sourcePlug, destPlug };
    const message = { type: "connectionConfirmation", status: 200, ...confirmed } as const;
    this.#step(this.#eventOf(serviceID, message));
  }

  #eventOf(serviceID: number, message: Message): MessageArrived {
    const agent = Math.floor((serviceID - 1) / (this.#size.instances / AGENTS));
    return { kind: "message", link: this.#links[agent] ?? "", message };
  }

  #step(event: ManagerEvent): ManagerEffect[] {
    return stepManager(this.#state, event, NOW_MS);
  }

  #newMessageID(): number {
    this.#lastMessageID += 1;
    return this.#lastMessageID;
  }
}

function answerIn(effect: ManagerEffect): MessageOf<"connectionResponse"> | undefined {
  if (effect.kind !== "send" || effect.message.type !== "connectionResponse") return undefined;
  return effect.message;
}

/** Measures the manager's steps, in microseconds each. */
export function benchManager(options: ManagerBenchOptions = {}): Measurement[] {
  const { runs = 15, steps = 4_000 } = options;
  const { large = { instances: 10_000, connections: 100_000 } } = options;
  const { small = { instances: 100, connections: 1_000 } } = options;
  const meshes = { large: new ManagerMesh(large), small: new ManagerMesh(small) };
  const kinds = {
    // In a part of the mesh as large as the small one, it is mostly the code that is compared; all
    // over it, the memory too, of which nothing is at hand. A connection and what leads to it are
    // some 150 bytes in several places: 100,000 of them are more than the cache of a core, and a
    // read that misses it takes 40 to 160 ns. Half of the small mesh's processData is 0.25 us.
    "request to close, all over": (mesh: ManagerMesh) => mesh.cycles(steps, mesh.instances),
    "request to close, in a part": (mesh: ManagerMesh) => mesh.cycles(steps, small.instances),
    "processData, all over": (mesh: ManagerMesh) => mesh.uses(steps, mesh.instances),
    "processData, in a part": (mesh: ManagerMesh) => mesh.uses(steps, small.instances),
    "tick with nothing due": (mesh: ManagerMesh) => mesh.ticks(steps),
  };
  const measure = (mesh: ManagerMesh, prepare: (mesh: ManagerMesh) => Step[]): number => {
    const prepared = prepare(mesh);
    const startedMs = performance.now();
    for (const step of prepared) step();
    return 1_000 * (performance.now() - startedMs) / steps;
  };
  return Object.entries(kinds).map(([name, prepare]) => {
    const found: { large: number[]; small: number[] } = { large: [], small: [] };
    // The first run of each is for the compiler.
    for (const mesh of [meshes.small, meshes.large]) measure(mesh, prepare);
    for (let run = 0; run < runs; run += 1) {
      found.small.push(measure(meshes.small, prepare));
      found.large.push(measure(meshes.large, prepare));
    }
    return {
      bench: "manager",
      name,
      unit: "us",
      runs: found.large,
      reference: { name: `${small.connections} connections`, runs: found.small },
      goal: { of: "ratio", atMost: RATIO_MAX },
    };
  });
}
