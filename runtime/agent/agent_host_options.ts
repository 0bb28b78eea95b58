/**
 * How an agent's host is set up, and what it tells.
 *
 * @module
 */

import type { ReportedPort } from "../../protocol/announcements.ts";
import type { AgentOptions } from "../../roles/agent/state.ts";
import type { LinkID } from "../../roles/step.ts";
import type { Route, ServiceConfig } from "../config/mesh_config.ts";
import type { launch } from "../launcher/launcher.ts";
import type { SessionAuthority } from "./session_authority.ts";

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
   * Of which version each service is, by name; see `versionsOf`. With it an instance of the agent
   * before whose service was edited meanwhile is replaced.
   *
   * @default {no versions: what is taken over counts as the newest}
   */
  readonly versions?: ReadonlyMap<string, string>;
  /** What of it is reachable from outside, for gateways of any host. @default {[]} */
  readonly routes?: readonly Route[];
  /** Which ports of gateways lead to it. @default {[]} */
  readonly ports?: readonly ReportedPort[];
  /**
   * The folder in which the agent keeps what one that is started after it must know: then services
   * outlive it, print into files there, and are taken over. Linux only.
   *
   * @default {undefined: services end soon after the agent}
   */
  readonly data?: string;
  /**
   * What the secrets of its instances follow from: an agent that is started again with the same one
   * knows them again.
   *
   * @default {that of the data folder, or a random one}
   */
  readonly secret?: Uint8Array;
  /**
   * Issues the certificates of its instances; see `openSessionAuthority`.
   *
   * @default {their sessions are plain}
   */
  readonly sessions?: SessionAuthority | undefined;
  /**
   * How long its instances go on without an agent before they end themselves. Milliseconds.
   *
   * @default {60_000 with a data folder; else 1_000, since no other agent can take them over}
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

/** What an agent can start, and of which version each is. */
export interface Repository {
  /** The services by name. */
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** Their versions by name, as far as they are known; see `versionsOf`. */
  readonly versions: ReadonlyMap<string, string>;
  /** What of it is reachable from outside, for gateways of any host. @default {[]} */
  readonly routes?: readonly Route[];
  /** Which ports of gateways lead to it. @default {[]} */
  readonly ports?: readonly ReportedPort[];
}
