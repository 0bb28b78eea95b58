/**
 * An agent on a bench, with a registered link to a manager.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import type { ReportedConnection } from "../../../protocol/announcements.ts";
import type { Message } from "../../../protocol/messages.ts";
import type { AgentEffect, AgentEvent } from "../../../roles/agent/events.ts";
import { type AgentOptions, type AgentState, createAgent } from "../../../roles/agent/state.ts";
import { AGENT } from "../../../roles/agent/step.ts";
import { theSent } from "../effects.ts";

/** What instances ask for, but for who asks. */
export const ASK = {
  type: "connectionRequest",
  sourcePlug: 1,
  destServiceName: "counter",
} as const;

/** An agent and its clock. */
export class AgentBench {
  /** The simulated time. */
  nowMs = 1_000_000;
  /** The agent. */
  readonly state: AgentState;

  /** An agent that has registered by the link "manager", unless it is told not to. */
  constructor(options: Partial<AgentOptions> & { isLinked?: boolean } = {}) {
    const { isLinked = true, ...own } = options;
    const greeter = { ...MANIFEST_DEFAULTS, plugs: ["counter"] };
    const manifests = { greeter, counter: MANIFEST_DEFAULTS };
    this.state = createAgent({ name: "one", network: "10.0.0.1", port: 7_000, manifests, ...own });
    if (isLinked) this.linkManager("manager");
  }

  /** Feeds one event. */
  step(event: AgentEvent): AgentEffect[] {
    return AGENT.step(this.state, event, this.nowMs);
  }

  /** Lets a message come by a link. */
  take(link: string, message: Message): AgentEffect[] {
    return this.step({ kind: "message", link, message });
  }

  /** Lets time pass, with a tick at each deadline. */
  wait(durationMs: number): AgentEffect[] {
    const untilMs = this.nowMs + durationMs;
    const effects: AgentEffect[] = [];
    for (;;) {
      const dueAtMs = AGENT.nextDeadlineMs(this.state);
      if (dueAtMs === undefined || dueAtMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueAtMs);
      effects.push(...this.step({ kind: "tick" }));
    }
    this.nowMs = untilMs;
    return effects;
  }

  /** A link to a manager opens, and the manager takes the registration. */
  linkManager(link: string): AgentEffect[] {
    const effects = this.step({ kind: "managerLinked", link });
    this.linkRegistered(effects, link);
    return effects;
  }

  /** The manager takes a registration that is among effects. */
  linkRegistered(effects: readonly AgentEffect[], link = "manager"): void {
    const { messageID } = theSent(effects, "agentRegisterRequest", link);
    this.take(link, { type: "agentRegisterResponse", messageID, status: 200 });
  }

  /** The manager orders an instance, and its process is created. */
  launch(serviceID: number, service = "greeter"): AgentEffect[] {
    const effects = this.take("manager", {
      type: "startServiceRequest",
      messageID: 500 + serviceID,
      agentNetwork: "10.0.0.1",
      agentPort: 7_000,
      serviceName: service,
      serviceID,
      plugConfiguration: { in: 20_000 + serviceID, out: ["counter"] },
      startTimeoutMs: 8_000,
    });
    this.step({ kind: "processStarted", serviceID, token: `secret-${serviceID}` });
    return effects;
  }

  /** A process shows its token by a new link, which is named after the instance. */
  confirm(
    serviceID: number,
    outcome: {
      status: number;
      reason?: string;
      connections?: readonly ReportedConnection[];
      loadMs?: number;
    } = { status: 200 },
  ): {
    link: string;
    effects: AgentEffect[];
  } {
    const link = `service-${serviceID}`;
    this.step({ kind: "serviceLinked", link, trusted: false });
    const token = `secret-${serviceID}`;
    const response = { messageID: 500 + serviceID, serviceID, token, ...outcome };
    return { link, effects: this.take(link, { type: "startServiceResponse", ...response }) };
  }

  /** An instance runs: gives its link. */
  run(serviceID: number): string {
    this.launch(serviceID);
    return this.confirm(serviceID).link;
  }

  /** The gateway registers by a trusted link, and is an instance. */
  addGateway(serviceID: number, link = "gateway"): void {
    this.step({ kind: "serviceLinked", link, trusted: true });
    const request = {
      type: "serviceRegisterRequest",
      messageID: 1,
      typeOfService: "gateway",
      plugsConfiguration: { in: null, out: "*" },
    } as const;
    const { messageID } = theSent(this.take(link, request), "serviceRegisterRequest", "manager");
    const answer = { type: "serviceRegisterResponse", messageID, status: 200, serviceID } as const;
    this.take("manager", answer);
  }

  /** An instance asks for a connection: gives the number under which the agent asks. */
  ask(link: string, request: { messageID: number; serviceID: number }): number {
    const message = { ...ASK, ...request };
    return theSent(this.take(link, message), "connectionRequest", "manager").messageID;
  }

  /** The manager answers a request for a connection. */
  answer(messageID: number): AgentEffect[] {
    const dest = { destServiceNetwork: "10.0.0.2", destPlug: 20_050, destServiceID: 50 };
    return this.take("manager", { type: "connectionResponse", messageID, status: 200, ...dest });
  }

  /** A process ends. */
  exit(
    serviceID: number,
    exit: { exitCode?: number; signal?: string; lastLines?: string[] } = {},
  ): AgentEffect[] {
    const { exitCode = 0, signal, lastLines = [] } = exit;
    return this.step({ kind: "processExited", serviceID, exitCode, signal, lastLines });
  }
}
