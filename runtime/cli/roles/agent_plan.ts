/**
 * Who and where an agent is, of its flags and of what its host is.
 *
 * @module
 */

import { isName } from "../../../protocol/manifest.ts";
import { isLocal, isWildcard } from "../../distributed/address.ts";
import { nameOfHost } from "../../distributed/host_name.ts";
import { findNetwork, NetworkError, rangeAround } from "../../distributed/host_network.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError } from "../io.ts";
import { openCertificates, openTo, type RoleCertificates } from "./role_setup.ts";

type Flags = Parsed<"agent">["flags"];

/** An agent before it runs. */
export interface AgentPlan {
  /** Its name. */
  readonly name: string;
  /** The folder or mesh.json of its services. */
  readonly path: string;
  /** The address at which other hosts reach its services. */
  readonly network: string;
  /** Where its services may reach those of other hosts. */
  readonly networks: readonly string[];
  /** Its data folder; undefined: none. */
  readonly data: string | undefined;
  /** Its certificates, if it has any. */
  readonly certificates: RoleCertificates | undefined;
}

/**
 * Finds out who and where an agent is.
 *
 * @throws {CommandError} when it can't be told, or may not be so.
 */
export async function planAgent(
  parsed: Parsed<"agent">,
  warn: (text: string) => void,
): Promise<AgentPlan> {
  const { flags } = parsed;
  const path = pathOf(parsed);
  const certificates = await openCertificates(flags.tls, { role: "agent", name: flags.name, warn });
  const name = certificates?.identity.name ?? flags.name ?? nameOfHost(Deno.hostname());
  if (!isName(name)) {
    throw new CommandError(`Cannot name the agent "${name}": expected a name such as a1`);
  }
  const network = networkOf(flags);
  openTo([
    { what: "dial the manager", address: flags.manager },
    { what: "listen for gateways", address: flags.listen },
    { what: "let services listen", address: { hostname: network, port: 0 } },
  ], { flags, warn });
  const { data = `.smmp/agent-${name}` } = flags;
  if (
    network.includes(":") && flags.networks.length === 0 && !isLocal({ hostname: network, port: 0 })
  ) {
    warn(`services reach no other host: give --networks with their addresses, beside ${network}`);
  }
  return {
    name,
    path,
    network,
    networks: networksOf(flags, network),
    data: data === "none" ? undefined : data,
    certificates,
  };
}

function pathOf({ arguments: { path }, flags: { services } }: Parsed<"agent">): string {
  const found = path ?? services;
  if (path !== undefined && services !== undefined) {
    throw new CommandError("Cannot use --services beside the argument: both name the services");
  }
  if (found === undefined) {
    throw new CommandError(
      "Cannot start an agent without services: name their folder, such as deno task agent " +
        "./examples/hello",
    );
  }
  return found;
}

function networkOf({ network, manager, listen }: Flags): string {
  if (network !== undefined) {
    if (!isWildcard(network)) return network;
    throw new CommandError(
      `Cannot use --network "${network}": other hosts must be able to dial it`,
    );
  }
  try {
    return findNetwork({ manager, listen, interfaces: Deno.networkInterfaces() });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new CommandError(error.message, { cause: error });
  }
}

/** Where the services may reach those of other hosts, and listen themselves. */
function networksOf({ networks }: Flags, network: string): readonly string[] {
  if (isLocal({ hostname: network, port: 0 })) return networks;
  if (networks.length > 0) return [network, ...networks];
  return [rangeAround(network, Deno.networkInterfaces())];
}
