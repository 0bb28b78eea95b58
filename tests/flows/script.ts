/**
 * The little language of transcripts. A line that begins with `> ` is an event of the script:
 *
 * - `agent NAME NETWORK SERVICE[>DEST,DEST]…` an agent with a repository and its edges comes up
 * - `gateway AGENT` the gateway comes up and is linked to an agent
 * - `behaviour SERVICE ready DURATION | stubborn | plugTaken | exits CODE [TEXT] | hangs [TEXT] |
 *   missing TEXT` what processes of a service do from now on
 * - `request rN SERVICE [from ACTOR] [within DURATION]`, `answer rN`, `wait DURATION`
 * - `refuse ACTOR`, `accept ACTOR` whether sessions to a service can be opened
 * - `exit ACTOR CODE [TEXT]`, `kill ACTOR` a process ends by itself, or is killed from outside
 * - `cut ACTOR`, `link ACTOR` the link of an agent to the manager, or of the gateway to its agent
 * - `command stop ID soft|hard | close ID | drain AGENT | undrain AGENT | restart SERVICE | mesh`
 * - `manager dies`, `manager starts`
 * - `says ACTOR JSON` an actor sends what its role would not send
 * - `registry` shows what the manager knows
 *
 * @module
 */

import { assert } from "@std/assert";
import { HEALTH_DEFAULTS, MANIFEST_DEFAULTS } from "../../protocol/manifest.ts";
import { parseMessage } from "../../protocol/parse_message.ts";
import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { ManagerCommand, ManagerOptions } from "../../roles/manager/state.ts";
import { AgentActor, ManagerActor } from "./actors.ts";
import { type Behaviour, GatewayActor, type Process } from "./processes.ts";
import { SessionNetwork } from "./sessions.ts";
import { World } from "./world.ts";

/** Health requests would fill every transcript, so a script asks for them. */
const OPTIONS: Partial<ManagerOptions> = {
  healthIntervalMs: 1_000_000_000,
  health: { ...HEALTH_DEFAULTS, intervalMs: 2_000_000_000 },
};

function durationOf(text: string | undefined): number {
  const [, digits, unit] = /^(\d+)(ms|s)$/.exec(text ?? "") ?? [];
  assert(digits !== undefined, `"${text}" is not a duration`);
  return Number(digits) * (unit === "s" ? 1_000 : 1);
}

function requestOf(text: string | undefined): number {
  assert(text !== undefined && text.startsWith("r"), `"${text}" is not a request`);
  return Number(text.slice(1));
}

function linesOf(words: readonly string[]): string[] {
  return words.length === 0 ? [] : [words.join(" ")];
}

/** The mesh of one transcript. */
export class Script {
  /** Time and trace. */
  readonly world: World;
  readonly #sessions: SessionNetwork;
  readonly #history: Fact[] = [];
  readonly #agents = new Map<string, AgentActor>();
  readonly #managerLinks = new Map<string, string>();
  #manager: ManagerActor | undefined;
  #gateway: { actor: GatewayActor; agent: AgentActor; link: string } | undefined;
  #lastCommandID = 0;

  /** A mesh with a manager alone, in which each message arrives so many times. */
  constructor(copies = 1) {
    this.world = new World(copies);
    this.#sessions = new SessionNetwork(this.world);
    this.#manager = new ManagerActor(this.world, this.#history, OPTIONS);
  }

  /** Performs one event of the script and everything that follows from it at once. */
  run(line: string): void {
    const [verb = "", ...words] = line.split(" ");
    this.#perform(verb, words);
    this.world.settle();
  }

  #perform(verb: string, words: readonly string[]): void {
    switch (verb) {
      case "agent":
        return this.#addAgent(words);
      case "gateway":
        return this.#addGateway(words[0]);
      case "behaviour":
        return this.#setBehaviour(words);
      case "request":
        return this.#request(words);
      case "answer":
        return this.#sessions.answer(requestOf(words[0]));
      case "wait":
        return this.world.advance(durationOf(words[0]));
      case "refuse":
        return void this.#sessions.refusing.add(words[0] ?? "");
      case "accept":
        return void this.#sessions.refusing.delete(words[0] ?? "");
      case "exit": {
        const lines = linesOf(words.slice(2));
        return this.#process(words[0]).end({
          exitCode: Number(words[1]),
          signal: undefined,
          lines,
        });
      }
      case "kill":
        return this.#process(words[0]).end({ exitCode: 137, signal: "SIGKILL", lines: [] });
      case "cut":
        return this.#cut(words[0]);
      case "link":
        return this.#link(words[0]);
      case "command":
        return this.#command(words);
      case "manager":
        return this.#turnManager(words[0]);
      case "says":
        return this.#says(words);
      case "registry":
        return this.#showRegistry();
      default:
        throw new Error(`Cannot run "${verb}": the language has no such word`);
    }
  }

  #agent(name: string | undefined): AgentActor {
    const agent = this.#agents.get(name ?? "");
    assert(agent !== undefined, `there is no agent "${name}"`);
    return agent;
  }

  #process(name: string | undefined): Process {
    const serviceID = Number(name?.split("#")[1]);
    for (const agent of this.#agents.values()) {
      const process = agent.processes.get(serviceID);
      if (process !== undefined) return process;
    }
    throw new Error(`Cannot find process "${name}": it does not run`);
  }

  #addAgent([name = "", network = "", ...services]: readonly string[]): void {
    const manifests = Object.fromEntries(services.map((service) => {
      const [own = "", edges] = service.split(">");
      return [own, { ...MANIFEST_DEFAULTS, plugs: edges?.split(",") ?? [] }];
    }));
    const options = { name, network, manifests, sessions: this.#sessions };
    this.#agents.set(name, new AgentActor(this.world, options));
    this.#link(name);
  }

  #addGateway(agentName: string | undefined): void {
    const agent = this.#agent(agentName);
    this.#gateway = { actor: new GatewayActor(this.world, this.#sessions), agent, link: "" };
    this.#link("gateway");
  }

  #setBehaviour([service = "", kind, ...words]: readonly string[]): void {
    for (const agent of this.#agents.values()) {
      agent.behaviours.set(service, behaviourOf(kind, words));
    }
  }

  #request([request, service = "", ...words]: readonly string[]): void {
    const from = words[words.indexOf("from") + 1];
    const within = words[words.indexOf("within") + 1];
    const source = words.includes("from") ? this.#process(from).service : this.#gateway?.actor;
    source?.step({
      kind: "requestWanted",
      requestID: requestOf(request),
      service,
      timeoutMs: words.includes("within") ? durationOf(within) : 30_000,
    });
  }

  #cut(name: string | undefined): void {
    const reason = "it broke";
    const gateway = this.#gateway;
    if (name === "gateway" && gateway !== undefined) {
      return this.world.cut(gateway.actor, gateway.link, reason);
    }
    this.world.cut(this.#agent(name), this.#managerLinks.get(name ?? "") ?? "", reason);
  }

  #link(name: string | undefined): void {
    const gateway = this.#gateway;
    if (name === "gateway" && gateway !== undefined) {
      gateway.link = this.world.connect(gateway.actor, gateway.agent);
      gateway.agent.step({ kind: "serviceLinked", link: gateway.link, trusted: true });
      return gateway.actor.step({ kind: "agentLinked", link: gateway.link });
    }
    assert(this.#manager !== undefined, "there is no manager to link to");
    const agent = this.#agent(name);
    const link = this.world.connect(agent, this.#manager);
    this.#managerLinks.set(agent.name, link);
    agent.step({ kind: "managerLinked", link });
  }

  #command([kind, what, mode]: readonly string[]): void {
    this.#lastCommandID += 1;
    const command = commandOf(kind, what, mode === "hard" ? "hard" : "soft");
    this.#manager?.step({ kind: "command", commandID: this.#lastCommandID, command });
  }

  #turnManager(what: string | undefined): void {
    if (what === "dies" && this.#manager !== undefined) {
      this.world.remove(this.#manager, "the manager died");
      this.#manager = undefined;
    } else this.#manager = new ManagerActor(this.world, this.#history, OPTIONS);
  }

  #says([name, ...words]: readonly string[]): void {
    const parsed = parseMessage(JSON.parse(words.join(" ")));
    assert("message" in parsed, JSON.stringify(parsed));
    const agent = this.#agents.get(name ?? "");
    if (agent !== undefined) {
      return this.world.send(agent, this.#managerLinks.get(agent.name) ?? "", parsed.message);
    }
    const source = name === "gateway" ? this.#gateway?.actor : this.#process(name).service;
    assert(source !== undefined, `"${name}" has no link`);
    this.world.send(source, source.state.source.agentLink ?? "", parsed.message);
  }

  #showRegistry(): void {
    const registry = this.#manager?.state.registry;
    for (const instance of registry?.instances.values() ?? []) {
      const { service, serviceID, agent, state, phase } = instance;
      const place = `on ${agent}, plug ${instance.plugs.in}`;
      this.world.say(`= ${service}#${serviceID} ${state}${phase ? ` (${phase})` : ""} ${place}`);
    }
    for (const connection of registry?.connections.values() ?? []) {
      const { connectionID, service, serviceID, sourcePlug, state, count } = connection;
      const { destService, destServiceID, destPlug } = connection;
      const ends = `${service}#${serviceID}:${sourcePlug} -> ` +
        `${destService}#${destServiceID}:${destPlug}`;
      this.world.say(`= connection ${connectionID} ${ends} ${state}, ${count} exchanges`);
    }
    if (registry?.instances.size === 0) this.world.say("= no instance");
  }
}

function commandOf(kind = "", what = "", mode: "soft" | "hard"): ManagerCommand {
  switch (kind) {
    case "mesh":
      return { kind: "stopMesh" };
    case "close":
      return { kind: "closeConnection", connectionID: Number(what) };
    case "drain":
      return { kind: "drainAgent", agent: what };
    case "undrain":
      return { kind: "undrainAgent", agent: what };
    case "restart":
      return { kind: "restartService", service: what };
    default:
      return { kind: "stopInstance", serviceID: Number(what), mode };
  }
}

function behaviourOf(kind: string | undefined, words: readonly string[]): Behaviour {
  switch (kind) {
    case "ready":
      return { kind, afterMs: durationOf(words[0]) };
    case "stubborn":
      return { kind: "ready", afterMs: 100, isStubborn: true };
    case "plugTaken":
      return { kind, afterMs: 100 };
    case "exits":
      return { kind, afterMs: 100, code: Number(words[0]), lines: linesOf(words.slice(1)) };
    case "hangs":
      return { kind, lines: linesOf(words) };
    case "missing":
      return { kind, reason: words.join(" ") };
    default:
      throw new Error(`Cannot behave "${kind}": the language has no such behaviour`);
  }
}
