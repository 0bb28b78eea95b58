/**
 * What a simulated process was started with, and how it behaves.
 *
 * @module
 */

import type { PlugConfiguration } from "../../../protocol/fields.ts";
import type { Message } from "../../../protocol/messages.ts";
import type { AgentNode } from "../nodes/agent_node.ts";
import type { LinkEnd } from "../nodes/links.ts";

/** How a process behaves. */
export interface Behaviour {
  /** How its start goes. */
  readonly start: "good" | "slow" | "exits" | "silent" | "failing";
  /** Whether it ignores being asked to end. */
  readonly isStubborn: boolean;
  /** Whether it may refuse its end, and works on something when nobody is connected. */
  readonly isRefusing: boolean;
  /** Whether it speaks just the published catalogue, without what we added. */
  readonly isForeign: boolean;
  /** Whether it is a thread: when it is killed its sessions stay, until its process ends. */
  readonly isThread: boolean;
  /** How long it takes to die when it is killed. Milliseconds. */
  readonly killMs: number;
}

/** What a process was started with. */
export interface ProcessSetup {
  /** Its host. */
  readonly node: AgentNode;
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly service: string;
  /** Its plugs. */
  readonly plugs: PlugConfiguration;
  /** The number that its first message must carry. */
  readonly messageID: number;
  /** Its secret. */
  readonly token: string;
  /** How it behaves. */
  readonly behaviour: Behaviour;
  /** The link that it had as a spare. @default {it was none} */
  readonly spareEnd?: LinkEnd | undefined;
}

/** A message without most of what is not in the published catalogue. */
export function plain(message: Message): object {
  const added = ["sourceServiceID", "count", "intervalMs", "reason", "graceMs", "connections"];
  return Object.fromEntries(Object.entries(message).filter(([key]) => !added.includes(key)));
}
