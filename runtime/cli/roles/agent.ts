/**
 * `agent`: runs the agent of a host until a signal ends it.
 *
 * @module
 */

import { isName } from "../../../protocol/manifest.ts";
import { reasonOf } from "../../../protocol/errors.ts";
import { typedCommand } from "../../binary/typed_command.ts";
import type { Repository } from "../../agent/agent_host.ts";
import {
  type LoadedRepository,
  type RepositoryChange,
  RepositoryWatch,
  type RepositoryWatchOptions,
} from "../../agent/repository_watch.ts";
import { ConfigError } from "../../config/config_error.ts";
import type { ServiceConfig } from "../../config/mesh_config.ts";
import { formatAddress, isLocal, isWildcard } from "../../distributed/address.ts";
import { AgentProcess } from "../../distributed/agent_process.ts";
import { nameOfHost } from "../../distributed/host_name.ts";
import { findNetwork, NetworkError, rangeAround } from "../../distributed/host_network.ts";
import { runNotes } from "../../launcher/program.ts";
import { createEventOutput, type EventOutput } from "../event_output.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { listenForSignals, surviveRejections } from "../process.ts";
import { openCertificates, openTo, tellRegistration } from "./role_setup.ts";

type Flags = Parsed<"agent">["flags"];

/** Its services have this long to end softly when it ends. Milliseconds. */
const LEAVE_MS = 60_000;

/** Runs an agent; returns when it was stopped and its services have ended. */
export async function run(parsed: Parsed<"agent">, io: CommandIO): Promise<number> {
  const { flags } = parsed;
  const output = createEventOutput(io, flags);
  const { warn } = output;
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
  const networks = networksOf(flags, network);
  const repositoryOf = ({ config, services, versions }: LoadedRepository): Repository => {
    return { services: reaching(services, networks), versions, routes: config.routes };
  };
  const watch = await openWatch({
    path,
    warn,
    changed({ repository, edited, ...others }) {
      agent.update(repositoryOf(repository), edited);
      tellChange(output, { edited, ...others });
    },
  });
  const repository = repositoryOf(watch.repository);
  const data = flags.data ?? `.smmp/agent-${name}`;
  const grace = flags["agent-grace"];
  const registration = tellRegistration(output, { role: "manager", address: flags.manager });
  const agent = new AgentProcess({
    host: {
      name,
      network,
      ...repository,
      ...(data === "none" ? {} : { data }),
      ...(grace === undefined ? {} : { agentGraceMs: grace }),
      agent: { labels: Object.fromEntries(flags.label), capacity: flags.capacity },
      warn,
      output: (line) => output.lines([line]),
    },
    manager: flags.manager,
    listen: flags.listen,
    credentials: certificates?.credentials,
    told: registration.told,
  });
  surviveRejections(warn);
  const signals = listenForSignals({
    stopping: () => output.event({ kind: "agentStopping", text: "stopping: its services end" }),
    kill: () => agent.killAll(),
  });
  try {
    const listen = formatAddress(await agent.start());
    const manager = formatAddress(flags.manager);
    const services = [...repository.services.keys()];
    output.ready({
      kind: "agentListening",
      text: readyText({ name, network, networks, listen, services, flags }),
      fields: { name, network, networks, listen, manager, services },
    });
    for (const note of runNotes(repository.services.values())) warn(note);
    void registration.ready.then(() =>
      output.event({ kind: "agentReady", text: `agent ${name} is ready`, fields: { name } })
    );
    await signals.asked;
    watch.close();
    if (!await agent.leave(LEAVE_MS)) warn("Cannot end every service softly: the rest was killed");
    await agent.stop();
    output.event({ kind: "agentStopped", text: "everything has ended" });
    return 0;
  } catch (error) {
    throw new CommandError(reasonOf(error), { cause: error });
  } finally {
    watch.close();
    signals.ignore();
  }
}

async function openWatch(options: RepositoryWatchOptions): Promise<RepositoryWatch> {
  try {
    return await RepositoryWatch.open(options);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

function tellChange(
  output: EventOutput,
  { added, removed, edited }: Omit<RepositoryChange, "repository">,
): void {
  const parts = Object.entries({ added, removed, edited })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}`);
  const text = `the services have changed${parts.length === 0 ? "" : `, ${parts.join("; ")}`}`;
  output.event({ kind: "repositoryChanged", text, fields: { added, removed, edited } });
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

/** Services that may use these networks beside what they declare. */
function reaching(
  services: ReadonlyMap<string, ServiceConfig>,
  networks: readonly string[],
): ReadonlyMap<string, ServiceConfig> {
  const reach = (service: ServiceConfig): ServiceConfig => {
    const { permissions } = service;
    return { ...service, permissions: { ...permissions, net: [...permissions.net, ...networks] } };
  };
  return new Map([...services].map(([name, service]) => [name, reach(service)]));
}

function readyText(
  agent: {
    name: string;
    network: string;
    networks: readonly string[];
    listen: string;
    services: readonly string[];
    flags: Flags;
  },
): string {
  const { name, network, networks, listen, services, flags: { tls, manager } } = agent;
  const how = tls === undefined ? "plain" : `certificates of ${tls}`;
  const place = tls === undefined ? listen : `${name}@${listen} --tls FOLDER`;
  const reach = networks.length === 0 ? "" : `, may reach ${networks.join(", ")}`;
  return [
    `Agent "${name}" listens.`,
    "",
    `  can start        ${services.join(", ")}`,
    `  services at      ${network}${reach}`,
    `  manager          ${formatAddress(manager)} (${how})`,
    `  gateways come to ${listen}`,
    typedCommand(`  next             deno task gateway --agent ${place}`),
    "",
    "Ctrl-C ends it and its services; after kill -9 they go on. What happens:",
    "",
  ].join("\n");
}
