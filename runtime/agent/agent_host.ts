/**
 * The host of the `agent` role: links to the manager and to services, and processes.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { AgentEffect, AgentEvent } from "../../roles/agent/events.ts";
import { type AgentOptions, type AgentState, createAgent } from "../../roles/agent/state.ts";
import { AGENT } from "../../roles/agent/step.ts";
import { AGENT_GRACE_MS } from "../../roles/service/state.ts";
import type { LinkID } from "../../roles/step.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import { SERVICE_LINE_BYTES_MAX } from "../../transports/lines.ts";
import { listenTcp, type TcpListener } from "../../transports/tcp.ts";
import { manifestOf, type ServiceConfig } from "../config/mesh_config.ts";
import { clockMs, RoleHost } from "../host.ts";
import { launch, type LaunchedProcess } from "../launcher/launcher.ts";
import { LinkTable } from "../links.ts";
import { Refusals } from "../refusals.ts";
import { createInstanceSecrets, type InstanceSecrets, SECRET_BYTES } from "./instance_secrets.ts";

/** A line that an instance wrote. */
export interface OutputLine {
  /** The service. */
  readonly service: string;
  /** The instance. */
  readonly serviceID: number;
  /** Where it wrote it. */
  readonly stream: "stdout" | "stderr";
  /** The line, without its end. */
  readonly text: string;
  /** When it was read. Milliseconds since 1970. */
  readonly atMs: number;
}

/** How an agent is set up. */
export interface AgentHostOptions {
  /** Its name, unique in the mesh. */
  readonly name: string;
  /** The address of its host: services listen there and are dialled there. */
  readonly network: string;
  /** What it can start. */
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /**
   * What the secrets of its instances follow from: an agent that is started again with the same one
   * knows them again.
   *
   * @default {a random one}
   */
  readonly secret?: Uint8Array;
  /**
   * How long its instances go on without an agent before they end themselves. Milliseconds.
   *
   * @default {AGENT_GRACE_MS}
   */
  readonly agentGraceMs?: number;
  /** Times and bounds of the role. */
  readonly agent?: Partial<AgentOptions>;
  /** Takes a line for a person when something was refused. */
  readonly warn: (text: string) => void;
  /** Takes the output of instances. */
  readonly output: (line: OutputLine) => void;
  /** Is told of every link that ended, of which ones itself ended too. @default {() => {}} */
  readonly unlinked?: (link: LinkID) => void;
  /** Creates processes. @default {launch} */
  readonly launch?: typeof launch;
}

/** Services of its host reach the agent here, wherever they themselves can be reached. */
const LOOPBACK = "127.0.0.1";

/** A running agent. */
export class AgentHost {
  /** What was refused so far, counted. */
  readonly refusals: Refusals;
  readonly #options: AgentHostOptions;
  readonly #host: RoleHost<AgentState, AgentEvent, AgentEffect>;
  readonly #links: LinkTable;
  readonly #listener: TcpListener;
  readonly #secrets: InstanceSecrets;
  readonly #processes = new Map<number, LaunchedProcess>();
  #allExited: (() => void) | undefined;

  /** Listens for services on a free port of loopback and waits for a link to the manager. */
  constructor(options: AgentHostOptions) {
    this.#options = options;
    this.refusals = new Refusals(options.warn);
    this.#secrets = createInstanceSecrets(
      options.secret ?? crypto.getRandomValues(new Uint8Array(SECRET_BYTES)),
    );
    this.#links = new LinkTable({
      dispatch: (event) => {
        this.#host.dispatch(event);
        if (event.kind === "linkClosed") options.unlinked?.(event.link);
      },
      refused: (refusal) => this.refusals.add(refusal),
    });
    this.#listener = listenTcp(
      { hostname: LOOPBACK, port: 0, lineBytesMax: SERVICE_LINE_BYTES_MAX },
      (made) => {
        const { link, events } = this.#links.admit("service", made);
        this.#host.dispatch({ kind: "serviceLinked", link, trusted: false });
        return events;
      },
    );
    const { name, network, services } = options;
    const manifests = Object.fromEntries(
      [...services].map(([service, config]) => [service, manifestOf(config)]),
    );
    this.#host = new RoleHost<AgentState, AgentEvent, AgentEffect>({
      role: AGENT,
      state: createAgent({
        ...options.agent,
        name,
        network,
        port: this.#listener.port,
        manifests,
      }),
      tick: { kind: "tick" },
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
    });
  }

  /** Takes in a link to the manager; it replaces the one before. */
  openManagerLink(make: (events: LinkEvents) => Link): LinkID {
    const link = this.#links.open("manager", make);
    this.#host.dispatch({ kind: "managerLinked", link });
    return link;
  }

  /** Takes in a link to the manager that exists already; it replaces the one before. */
  admitManagerLink(made: Link): LinkEvents {
    const { link, events } = this.#links.admit("manager", made);
    this.#host.dispatch({ kind: "managerLinked", link });
    return events;
  }

  /** Takes in a link that exists already, of a service that the host knows: a gateway. */
  admitTrustedLink(made: Link): LinkEvents {
    const { link, events } = this.#links.admit("gateway", made);
    this.#host.dispatch({ kind: "serviceLinked", link, trusted: true });
    return events;
  }

  /** Takes in a link of a service that the host knows: a gateway. */
  openTrustedLink(make: (events: LinkEvents) => Link): LinkID {
    const link = this.#links.open("gateway", make);
    this.#host.dispatch({ kind: "serviceLinked", link, trusted: true });
    return link;
  }

  /** Ends a link whose other end is known to be gone. */
  abortLink(link: LinkID, reason: string): void {
    this.#links.abort(link, reason);
  }

  /** Kills every process at once; resolves when all of them are gone. */
  async killAll(): Promise<void> {
    if (this.#processes.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allExited = resolve;
    for (const process of this.#processes.values()) process.kill();
    await promise;
  }

  /** Stops deciding and accepting. Processes that still run end themselves with their link. */
  stop(): void {
    this.#host.stop();
    this.#listener.close();
    this.#links.closeAll();
  }

  #perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#links.send(effect.link, effect.message);
      case "closeLink":
        return this.#links.close(effect.link);
      case "refuse":
        return this.refusals.add(effect);
      case "kill":
        return this.#processes.get(effect.serviceID)?.kill();
      case "launch":
        return this.#launch(effect);
    }
  }

  #launch(effect: Extract<AgentEffect, { kind: "launch" }>): void {
    const { serviceID, service, plugs, messageID } = effect;
    const config = this.#options.services.get(service);
    const token = this.#secrets.token(serviceID);
    const ticketKey = this.#secrets.ticketKey(serviceID);
    const start = {
      messageID,
      serviceID,
      service,
      plug: plugs.in ?? 0,
      token,
      ticketKey,
      network: this.#options.network,
      agentNetwork: LOOPBACK,
      agentPort: this.#listener.port,
      agentGraceMs: this.#options.agentGraceMs ?? AGENT_GRACE_MS,
    };
    try {
      if (config === undefined) throw new Error("the agent has no such service");
      const process = (this.#options.launch ?? launch)(config, start, {
        line: (text, stream) =>
          this.#options.output({ service, serviceID, stream, text, atMs: clockMs() }),
        exited: (end) => {
          this.#processes.delete(serviceID);
          this.#host.dispatch({ kind: "processExited", serviceID, ...end });
          if (this.#processes.size === 0) this.#allExited?.();
        },
      });
      this.#processes.set(serviceID, process);
      this.#host.dispatch({ kind: "processStarted", serviceID, token, ticketKey });
    } catch (error) {
      const why = reasonOf(error);
      const reason = `Cannot create the process of "${service}": ${why}`;
      this.#host.dispatch({ kind: "processFailed", serviceID, reason });
    }
  }
}
