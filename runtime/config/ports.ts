/**
 * The ports of gateways in mesh.json, by which clients reach services over TCP.
 *
 * @module
 */

import type { ReportedPort } from "../../protocol/announcements.ts";
import type { ProblemList } from "./config_error.ts";
import type { ServiceConfig } from "./mesh_config.ts";
import type { PortDocument, PortsDocument } from "./schema/ports_schema.ts";
import { findNameProblem } from "./service_files.ts";
import { suggestionText } from "./suggestion.ts";

/** What is known of the services that ports may lead to. */
export interface PortsContext {
  /** The services of the mesh. */
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** Gets a problem for everything that is wrong. */
  readonly problems: ProblemList;
  /** Whether services of other hosts may be named too. */
  readonly isPart: boolean;
}

/**
 * Reads the ports of a document.
 *
 * @param document The `ports` of mesh.json.
 * @param context The services, and who hears what is wrong.
 * @returns The ports that have no problem.
 */
export function readPorts(document: PortsDocument, context: PortsContext): ReportedPort[] {
  const { problems } = context;
  return Object.entries(document).flatMap(([key, target]): ReportedPort[] => {
    const written: PortDocument = typeof target === "string" ? { service: target } : target;
    const { service, connections } = written;
    const path = typeof target === "string" ? ["ports", key] : ["ports", key, "service"];
    const problem = serviceProblem(service, context);
    if (problem !== undefined) problems.add(path, problem);
    const port = /^[1-9]\d{0,4}$/.test(key) ? Number(key) : 0;
    const isPort = port > 0 && port <= 65_535;
    if (!isPort) problems.add(["ports", key], "expected a port, 1 to 65535");
    if (!isPort || problem !== undefined) return [];
    return [{
      port,
      service,
      ...(connections === undefined ? {} : { connectionsMax: connections }),
    }];
  });
}

function serviceProblem(
  name: string,
  { services, isPart }: PortsContext,
): string | undefined {
  const service = services.get(name);
  if (service === undefined) {
    const isElsewhere = isPart && findNameProblem(name) === undefined;
    const hint = suggestionText(name, [...services.keys()]);
    return isElsewhere ? undefined : `expected a service, found "${name}": ${hint}`;
  }
  if (service.program?.protocol === "tcp") return undefined;
  return `expected a service with "protocol": "tcp", found "${name}", which speaks http`;
}

/** Tells of routes that lead to services which speak no HTTP. */
export function checkRoutesOfPorts(
  routes: Readonly<Record<string, string | { readonly service: string }>>,
  { services, problems }: Pick<PortsContext, "services" | "problems">,
): void {
  for (const [key, target] of Object.entries(routes)) {
    const service = typeof target === "string" ? target : target.service;
    if (services.get(service)?.program?.protocol !== "tcp") continue;
    problems.add(["routes", key], `"${service}" speaks tcp, not http: give it a port in "ports"`);
  }
}
