/**
 * The bounds of the protocol. Every text, list and number that comes from outside is held to one of
 * these at the door, so that no peer decides how much memory another spends.
 *
 * @module
 */

/** The bounds that `parseMessage` enforces, in the unit that each name ends with. */
export const LIMITS = {
  /** Longest name of a service or an agent, in characters. */
  nameCharacters: 63,
  /** Longest network address, in characters. */
  networkCharacters: 253,
  /** Longest human-readable reason, in characters. Longer ones are cut by the sender. */
  reasonCharacters: 4_000,
  /** Longest one-time token, in characters. */
  tokenCharacters: 128,
  /** Most services that one agent may announce. */
  repositoryEntries: 10_000,
  /** Most instances that one agent may report when it registers again. */
  reportedInstances: 20_000,
  /** Most connections that one agent may report when it registers again. */
  reportedConnections: 200_000,
  /** Most services that a manifest may name in its `plugs`. */
  plugsEntries: 1_000,
  /** Longest certificate or chain of them in PEM, in characters. */
  certificateCharacters: 16_384,
  /** Most labels of a host. */
  labelEntries: 64,
  /** Longest name or value of a label, in characters. */
  labelCharacters: 63,
  /** Most ways in from outside that lead to one service. */
  serviceRoutes: 100,
  /** Most ways in from outside in a mesh. */
  routes: 20_000,
  /** Most ports of gateways that lead to one service. */
  servicePorts: 100,
  /** Most ports of gateways in a mesh. */
  ports: 10_000,
  /** Most connections at a time by one port of a gateway. */
  portConnections: 100_000,
  /** Longest path of a route, in characters. */
  routeCharacters: 1_024,
  /** Most instances that a source may say not to want. */
  avoidedInstances: 1_000,
  /** Most requests in flight on one connection. */
  concurrency: 1_000,
  /** Most instances of one service that a manifest may ask for. */
  instances: 1_000,
  /** Most questions in a row whether an instance is well. */
  healthFailures: 100,
  /** Most lines of output in one answer. */
  outputLines: 10_000,
  /** Longest line of output, in characters: a launcher cuts longer ones. */
  outputLineCharacters: 8_200,
  /** Most instances whose output one answer tells. */
  outputInstances: 10_000,
  /** Longest path, host or name that a service was refused, in characters. */
  permissionTargetCharacters: 500,
  /** Longest duration that a field may carry, in milliseconds: 30 days. */
  durationMs: 30 * 24 * 60 * 60 * 1_000,
} as const;

/** The first and last plug number that a manager assigns: below the ephemeral ports of every OS. */
export const PLUG_RANGE = { first: 20_000, last: 29_999 } as const;
