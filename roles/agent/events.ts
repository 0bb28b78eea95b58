/**
 * What happens to an agent, and what it has done by its host.
 *
 * @module
 */

import type { ReportedUsage } from "../../protocol/announcements.ts";
import type { PlugConfiguration } from "../../protocol/fields.ts";
import type { Permission } from "../../protocol/output.ts";
import type { ServiceManifest } from "../../protocol/manifest.ts";
import type { LeavingAlone } from "./leaving.ts";
import type { CloseLink, LinkClosed, LinkID, MessageArrived, Refuse, Send, Tick } from "../step.ts";

/** A link to the manager is open. */
export interface ManagerLinked {
  /** Tells events apart. */
  readonly kind: "managerLinked";
  /** The link. */
  readonly link: LinkID;
}

/** Somebody opened a link to the agent. */
export interface ServiceLinked {
  /** Tells events apart. */
  readonly kind: "serviceLinked";
  /** The link. */
  readonly link: LinkID;
  /** Whether the host knows who it is: only then may it register without a token. */
  readonly trusted: boolean;
  /** The name that its other end has proved; undefined: none. */
  readonly peer?: string | undefined;
}

/** The process of an instance was created. */
export interface ProcessStarted {
  /** Tells events apart. */
  readonly kind: "processStarted";
  /** The instance. */
  readonly serviceID: number;
  /** The secret that was put in its environment. */
  readonly token: string;
  /** The key of its tickets, which the manager is told; without one it gets none. */
  readonly ticketKey?: string;
}

/** The process of an instance could not be created. */
export interface ProcessFailed {
  /** Tells events apart. */
  readonly kind: "processFailed";
  /** The instance. */
  readonly serviceID: number;
  /** Why. */
  readonly reason: string;
}

/** The process of an instance has ended. */
export interface ProcessExited {
  /** Tells events apart. */
  readonly kind: "processExited";
  /** The instance. */
  readonly serviceID: number;
  /** Its exit code; undefined when nobody could see it. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, if one did. */
  readonly signal: string | undefined;
  /** The last lines that it wrote to stderr. */
  readonly lastLines: readonly string[];
}

/** An instance that an agent before this one launched, and whose process still runs. */
export interface RecordedInstance {
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly service: string;
  /** Its plugs. */
  readonly plugs: PlugConfiguration;
  /** The secret that was put in its environment. */
  readonly token: string;
  /** The key of its tickets, which the manager is told; without one it gets none. */
  readonly ticketKey?: string;
  /** Whether its service was edited since it was launched. @default {false} */
  readonly outdated?: boolean;
}

/** A gateway that was registered by an agent before this one, and may still run. */
export interface RecordedGateway {
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly service: string;
  /** Its plugs. */
  readonly plugs: PlugConfiguration;
  /** The secret that it must show again; undefined: none, so it can't go on. */
  readonly token?: string | undefined;
  /** The name that it had proved; undefined: none. */
  readonly peer?: string | undefined;
}

/**
 * The agent was started in the place of one that had these instances. Comes first of all: the agent
 * registers when they have come back, or did not in time.
 */
export interface InstancesRecorded {
  /** Tells events apart. */
  readonly kind: "instancesRecorded";
  /** All that it launched. */
  readonly instances: readonly RecordedInstance[];
  /** All that came by themselves. @default {[]} */
  readonly gateways?: readonly RecordedGateway[];
}

/** What the agent can start is another set of services now. */
export interface RepositoryChanged {
  /** Tells events apart. */
  readonly kind: "repositoryChanged";
  /** All services that it can start now. */
  readonly manifests: Readonly<Record<string, ServiceManifest>>;
  /** Those whose code or permissions changed: their instances are to be replaced. */
  readonly edited: readonly string[];
  /** How many spares each service is to have, by name. @default {{}} */
  readonly warm?: Readonly<Record<string, number>>;
}

/** Instances and spares share a process that is to end, so others must take their place. */
export interface InstancesMoving {
  /** Tells events apart. */
  readonly kind: "instancesMoving";
  /** The instances. */
  readonly serviceIDs: readonly number[];
  /** The spares. */
  readonly spareIDs: readonly number[];
}

/** The process of a spare was created. */
export interface SpareStarted {
  /** Tells events apart. */
  readonly kind: "spareStarted";
  /** The spare. */
  readonly spareID: number;
  /** The secret that was put in its environment. */
  readonly token: string;
}

/** The process of a spare could not be created. */
export interface SpareFailed {
  /** Tells events apart. */
  readonly kind: "spareFailed";
  /** The spare. */
  readonly spareID: number;
  /** Why. */
  readonly reason: string;
}

/** Somebody says by a link that it is a spare and has loaded its service. */
export interface SpareReady {
  /** Tells events apart. */
  readonly kind: "spareReady";
  /** The link. */
  readonly link: LinkID;
  /** The spare that it says it is. */
  readonly spareID: number;
  /** The secret by which it proves that. */
  readonly token: string;
}

/** The process of a spare has ended. */
export interface SpareExited extends Omit<ProcessExited, "kind" | "serviceID"> {
  /** Tells events apart. */
  readonly kind: "spareExited";
  /** The spare. */
  readonly spareID: number;
}

/** The host has looked what instances use of it. */
export interface UsageMeasured {
  /** Tells events apart. */
  readonly kind: "usageMeasured";
  /** The use of each instance that has a process of its own. */
  readonly usages: readonly ReportedUsage[];
}

/** An instance wrote that it was refused something that it has no permission for. */
export interface PermissionRefused {
  /** Tells events apart. */
  readonly kind: "permissionRefused";
  /** The instance. */
  readonly serviceID: number;
  /** The kind of permission that it lacks. */
  readonly permission: Permission;
  /** For what; undefined: for all of that kind. */
  readonly target: string | undefined;
}

/** What happens to an agent. */
export type AgentEvent =
  | MessageArrived
  | LinkClosed
  | Tick
  | ManagerLinked
  | ServiceLinked
  | ProcessStarted
  | PermissionRefused
  | ProcessFailed
  | ProcessExited
  | InstancesRecorded
  | RepositoryChanged
  | InstancesMoving
  | LeavingAlone
  | SpareStarted
  | SpareFailed
  | SpareReady
  | SpareExited
  | UsageMeasured;

/** Create the process of an instance; `processStarted` or `processFailed` must follow. */
export interface Launch {
  /** Tells effects apart. */
  readonly kind: "launch";
  /** The instance. */
  readonly serviceID: number;
  /** The service to start. */
  readonly service: string;
  /** Its plugs. */
  readonly plugs: PlugConfiguration;
  /** The number that its startServiceResponse must carry. */
  readonly messageID: number;
  /**
   * The spare that becomes the instance, if the host still has it.
   *
   * @default {a process is created}
   */
  readonly spare?: { readonly spareID: number; readonly link: LinkID };
}

/** Kill the whole process group of an instance; `processExited` follows. */
export interface Kill {
  /** Tells effects apart. */
  readonly kind: "kill";
  /** The instance. */
  readonly serviceID: number;
}

/** Remember a gateway beyond the end of this agent. */
export interface Remember {
  /** Tells effects apart. */
  readonly kind: "remember";
  /** The gateway. */
  readonly gateway: RecordedGateway;
}

/** Remember a gateway no more, which has ended. */
export interface Forget {
  /** Tells effects apart. */
  readonly kind: "forget";
  /** Its number. */
  readonly serviceID: number;
}

/** Create the process of a spare; `spareStarted` or `spareFailed` must follow. */
export interface LaunchSpare {
  /** Tells effects apart. */
  readonly kind: "launchSpare";
  /** Its number. */
  readonly spareID: number;
  /** The service that it shall load. */
  readonly service: string;
}

/** Kill the process of a spare; `spareExited` follows. */
export interface KillSpare {
  /** Tells effects apart. */
  readonly kind: "killSpare";
  /** Its number. */
  readonly spareID: number;
}

/** Tell a person that spares of a service end by themselves, or can't be created. */
export interface SpareLost {
  /** Tells effects apart. */
  readonly kind: "spareLost";
  /** The service. */
  readonly service: string;
  /** How the first of them ended. */
  readonly reason: string;
}

/** What an agent has done by its host. */
export type AgentEffect =
  | Send
  | CloseLink
  | Refuse
  | Launch
  | Kill
  | Remember
  | Forget
  | LaunchSpare
  | KillSpare
  | SpareLost;
