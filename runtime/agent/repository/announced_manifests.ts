/**
 * What an agent announces of its services.
 *
 * @module
 */

import { manifests as manifestsKind } from "../../../protocol/announcements.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { ServiceManifest } from "../../../protocol/manifest.ts";
import { manifestOf } from "../../config/mesh_config.ts";
import type { Repository } from "../agent_host_options.ts";

/**
 * What an agent announces of its services.
 *
 * @throws {Error} when the manager would not take it, and with it nothing of the agent.
 */
export function manifestsOf(
  { services, routes = [], ports = [] }: Repository,
): Record<string, ServiceManifest> {
  const manifests: Record<string, ServiceManifest> = {};
  for (const [name, config] of services) {
    const own = routes.filter(({ service }) => service === name)
      .map(({ service: _service, ...route }) => route);
    const open = ports.filter(({ service }) => service === name)
      .map(({ service: _service, ...port }) => port);
    const manifest = {
      ...manifestOf(config),
      ...(own.length === 0 ? {} : { routes: own }),
      ...(open.length === 0 ? {} : { ports: open }),
    };
    if (!manifestsKind.accepts({ [name]: manifest })) {
      const bounds = `${LIMITS.serviceRoutes} routes, ${LIMITS.servicePorts} ports, ` +
        `${LIMITS.plugsEntries} plugs, or ` +
        `${LIMITS.routeCharacters} characters of a route`;
      throw new Error(`Cannot announce service "${name}": it has more than ${bounds}`);
    }
    manifests[name] = manifest;
  }
  return manifests;
}
