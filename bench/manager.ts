/**
 * What a step of the manager costs in a large mesh, against a small one.
 *
 * @module
 */

import type { MessageOf } from "../protocol/messages.ts";
import { MANIFEST_DEFAULTS } from "../protocol/manifest.ts";
import { createManager, type ManagerEffect, type ManagerState } from "../roles/manager/state.ts";
import { stepManager } from "../roles/manager/step.ts";
import type { Message } from "../protocol/messages.ts";
import type { Measurement } from "./measurement.ts";

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

/** A manager that knows a mesh of some size, and how to send to it. */
class ManagerMesh {
  readonly #state: ManagerState = createManager();
  readonly #size: MeshSize;
  readonly #destPlugs = new Map<number, number>();
  readonly #places: { readonly serviceID: number; readonly sourcePlug: number }[] = [];
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
      this.#confirm(serviceID, sourcePlug, this.#request(serviceID, sourcePlug, index % SERVICES));
      this.#places.push({ serviceID, sourcePlug });
    }
    const { instances, connections } = this.#state.registry;
    const isWhole = instances.size === size.instances && connections.size === size.connections;
    if (!isWhole) throw new Error(`Cannot build "${size.connections}": ${connections.size} are`);
  }

  /** A connection is asked for, confirmed and closed. */
  cycle(): void {
    this.#turn += 1;
    const serviceID = 1 + this.#spread() % this.#size.instances;
    const sourcePlug = 1_000_000 + this.#turn;
    const destPlug = this.#request(serviceID, sourcePlug, this.#turn % SERVICES);
    this.#confirm(serviceID, sourcePlug, destPlug);
    const close = { serviceID, sourcePlug, destPlug, status: 111 };
    this.#send(serviceID, { type: "sourceConnectionClose", ...close });
  }

  /** The use of a connection is reported. */
  use(): void {
    this.#turn += 1;
    const place = this.#places[this.#spread() % this.#places.length];
    if (place === undefined) return;
    const { registry } = this.#state;
    const connectionID = registry.instances.get(place.serviceID)?.outgoing.get(place.sourcePlug);
    const destPlug = registry.connections.get(connectionID ?? 0)?.destPlug ?? 0;
    const messageID = this.#newMessageID();
    this.#send(place.serviceID, { type: "processData", messageID, ...place, destPlug, count: 1 });
  }

  /** Time passes and nothing is due. */
  tick(): void {
    this.#step({ kind: "tick" });
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
      link: `agent@${agent}`,
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

  #request(serviceID: number, sourcePlug: number, service: number): number {
    const messageID = this.#newMessageID();
    const destServiceName = `service-${service}`;
    const asked = { messageID, serviceID, sourcePlug, destServiceName };
    const effects = this.#send(serviceID, { type: "connectionRequest", ...asked });
    const answer = effects.map(answerIn).find((found) => found !== undefined);
    if (answer?.destPlug === undefined) throw new Error(`Cannot connect: ${answer?.reason}`);
    return answer.destPlug;
  }

  #confirm(serviceID: number, sourcePlug: number, destPlug: number): void {
    const confirmed = { messageID: this.#lastMessageID, serviceID, sourcePlug, destPlug };
    this.#send(serviceID, { type: "connectionConfirmation", status: 200, ...confirmed });
  }

  #send(serviceID: number, message: Message): ManagerEffect[] {
    const agent = Math.floor((serviceID - 1) / (this.#size.instances / AGENTS));
    return this.#step({ kind: "message", link: `agent@${agent}`, message });
  }

  #step(event: Parameters<typeof stepManager>[1]): ManagerEffect[] {
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
    "request, confirmation and close": (mesh: ManagerMesh) => mesh.cycle(),
    "processData": (mesh: ManagerMesh) => mesh.use(),
    "tick with nothing due": (mesh: ManagerMesh) => mesh.tick(),
  };
  const measure = (mesh: ManagerMesh, step: (mesh: ManagerMesh) => void): number => {
    const startedMs = performance.now();
    for (let index = 0; index < steps; index += 1) step(mesh);
    return 1_000 * (performance.now() - startedMs) / steps;
  };
  return Object.entries(kinds).map(([name, step]) => {
    const found: { large: number[]; small: number[] } = { large: [], small: [] };
    // The first run of each is for the compiler.
    for (const mesh of [meshes.small, meshes.large]) measure(mesh, step);
    for (let run = 0; run < runs; run += 1) {
      found.small.push(measure(meshes.small, step));
      found.large.push(measure(meshes.large, step));
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
