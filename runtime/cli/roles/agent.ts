/**
 * `agent`: runs the agent of a host until a signal ends it.
 *
 * @module
 */

import { resolve } from "node:path";
import { reasonOf } from "../../../protocol/errors.ts";
import { typedCommand } from "../../binary/typed_command.ts";
import type { Repository } from "../../agent/agent_host.ts";
import type { LoadedRepository } from "../../agent/repository/repository_watch.ts";
import { type ClosedPlaces, closedTo, type ServiceConfig } from "../../config/mesh_config.ts";
import { type Address, formatAddress, isLocal, isWildcard } from "../../distributed/address.ts";
import { AgentProcess, type AgentProcessOptions } from "../../distributed/agent_process.ts";
import { endMaking } from "../../launcher/prepared/deno_run.ts";
import { prepareStarts, runNotes } from "../../launcher/program.ts";
import { createEventOutput, type EventOutput } from "../event_output.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { listenForSignals, surviveRejections } from "../process.ts";
import { tellChange, watchServices } from "../service_watch.ts";
import { type AgentPlan, planAgent } from "./agent_plan.ts";
import { tellRegistration } from "./role_setup.ts";

type Flags = Parsed<"agent">["flags"];

/** Its services have this long to end softly when it ends. Milliseconds. */
const LEAVE_MS = 60_000;

/** Runs an agent; returns when it was stopped and its services have ended. */
export async function run(parsed: Parsed<"agent">, io: CommandIO): Promise<number> {
  const { flags } = parsed;
  const output = createEventOutput(io, flags);
  const { warn } = output;
  const plan = await planAgent(parsed, warn);
  const repositoryOf = ({ config, services, versions }: LoadedRepository): Repository => {
    const { routes, ports = [], file } = config;
    const mesh = {
      services: reaching(services, plan.networks),
      ...(file === undefined ? {} : { file }),
    };
    const open = closedTo(mesh, closedPlaces(plan, flags));
    return { services: open, versions, routes, ports };
  };
  const watch = await watchServices({
    path: plan.path,
    warn,
    changed(change) {
      agent.update(repositoryOf(change.repository), change.edited);
      tellChange(output, change);
    },
  });
  const repository = repositoryOf(watch.repository);
  const registration = tellRegistration(output, { role: "manager", address: flags.manager });
  const agent = new AgentProcess({
    host: hostOptions({ plan, flags, repository, output }),
    manager: flags.manager,
    listen: flags.listen,
    credentials: plan.certificates?.credentials,
    told: registration.told,
  });
  surviveRejections(warn);
  const signals = listenForSignals({
    stopping: () => output.event({ kind: "agentStopping", text: "stopping: its services end" }),
    kill: () => {
      endMaking();
      return agent.killAll();
    },
  });
  try {
    const listen = formatAddress(await agent.start());
    tellReady(output, { plan, flags, listen, services: [...repository.services.keys()] });
    for (const note of runNotes(repository.services.values())) warn(note);
    void prepareStarts();
    void registration.ready.then(() => {
      const { name } = plan;
      output.event({ kind: "agentReady", text: `agent ${name} is ready`, fields: { name } });
    });
    await signals.asked;
    watch.close();
    if (!await agent.leave(LEAVE_MS)) warn("Cannot end every service softly: the rest was killed");
    await agent.stop();
    output.event({ kind: "agentStopped", text: "everything has ended" });
    return 0;
  } catch (error) {
    throw new CommandError(reasonOf(error), { cause: error });
  } finally {
    endMaking();
    watch.close();
    signals.ignore();
  }
}

function hostOptions(
  { plan, flags, repository, output }: {
    plan: AgentPlan;
    flags: Flags;
    repository: Repository;
    output: EventOutput;
  },
): AgentProcessOptions["host"] {
  const { name, network, data } = plan;
  const grace = flags["agent-grace"];
  return {
    name,
    network,
    ...repository,
    ...(data === undefined ? {} : { data }),
    ...(grace === undefined ? {} : { agentGraceMs: grace }),
    agent: { labels: Object.fromEntries(flags.label), capacity: flags.capacity },
    warn: output.warn,
    output: (line) => output.lines([line]),
  };
}

/** Services that may use these networks beside what they declare. */
function reaching(
  services: ReadonlyMap<string, ServiceConfig>,
  networks: readonly string[],
): ReadonlyMap<string, ServiceConfig> {
  const places = networks.map((network) => network.includes(":") ? `[${network}]` : network);
  const reach = (service: ServiceConfig): ServiceConfig => {
    const { permissions } = service;
    return { ...service, permissions: { ...permissions, net: [...permissions.net, ...places] } };
  };
  return new Map([...services].map(([name, service]) => [name, reach(service)]));
}

/** What no service may use: what is kept secret here, and the ports where roles are found. */
function closedPlaces(
  { data, network: hostname }: AgentPlan,
  { tls, manager, listen }: Flags,
): ClosedPlaces {
  // Who listens everywhere listens at the address of its services too.
  const roles = [manager, listen, { hostname, port: listen.port }];
  const net = roles.filter(({ port }) => port !== 0).flatMap(placesOf);
  return {
    // Other roles that were started here keep theirs in the folder that all of them have.
    paths: [data, tls, ".smmp"].filter((path) => path !== undefined).map((path) => resolve(path)),
    net: [...new Set(net)],
    isProved: tls !== undefined,
  };
}

/** All that an address of this machine is called by. */
function placesOf(address: Address): string[] {
  const { hostname, port } = address;
  if (!isLocal(address) && !isWildcard(hostname)) return [formatAddress(address)];
  return ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]"].map((name) => `${name}:${port}`);
}

/** What is told once an agent listens. */
interface Listening {
  readonly plan: AgentPlan;
  readonly flags: Flags;
  readonly listen: string;
  readonly services: readonly string[];
}

function tellReady(output: EventOutput, listening: Listening): void {
  const { plan: { name, network, networks }, flags, listen, services } = listening;
  const manager = formatAddress(flags.manager);
  output.ready({
    kind: "agentListening",
    text: readyText(listening),
    fields: { name, network, networks, listen, manager, services },
  });
}

function readyText({ plan, flags, listen, services }: Listening): string {
  const { name, network, networks } = plan;
  const { tls, manager } = flags;
  const how = tls === undefined ? "plain" : `certificates of ${tls}`;
  const unsafe = isLocal(flags.listen) ? "" : " --insecure";
  const place = tls === undefined ? `${listen}${unsafe}` : `${name}@${listen} --tls FOLDER`;
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
