/**
 * `gateway`: runs a gateway until a signal ends it.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { ownAdminFile } from "../../admin/admin_file.ts";
import { formatAddress, isWildcard } from "../../distributed/address.ts";
import { GatewayProcess } from "../../distributed/gateway_process.ts";
import { createEventOutput } from "../event_output.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { loadConfig } from "../load_config.ts";
import { listenForSignals, surviveRejections } from "../process.ts";
import { openCertificates, openTo, tellRegistration } from "./role_setup.ts";

/** Requests in flight have this long to finish when it ends. Milliseconds. */
const DRAIN_MS = 10_000;

/** Runs a gateway; returns when it was stopped and every request was answered. */
export async function run(parsed: Parsed<"gateway">, io: CommandIO): Promise<number> {
  const { flags, arguments: { path } } = parsed;
  const output = createEventOutput(io, flags);
  const { warn } = output;
  const config = path === undefined ? undefined : await loadConfig(path, { isPart: true });
  const certificates = await openCertificates(flags.tls, {
    role: "gateway",
    name: flags.name,
    warn,
  });
  const { agent, data } = flags;
  openTo([{ what: "dial the agent", address: agent }], { flags, warn });
  if (certificates !== undefined && agent.name === undefined) {
    const place = formatAddress(agent);
    throw new CommandError(
      `Cannot dial the agent at "${place}" by certificates without its name: give --agent ` +
        `NAME@${place}`,
    );
  }
  const registration = tellRegistration(output, { role: "agent", address: agent });
  const token = Deno.env.get("SMMP_TOKEN") || crypto.randomUUID();
  const gateway = new GatewayProcess({
    agent: { ...agent, name: agent.name ?? "agent" },
    serve: { hostname: flags.host, port: flags.port },
    routes: config?.routes,
    ports: config === undefined ? undefined : config.ports ?? [],
    config: { ...config?.gateway, ...trusted(flags["trust-forwarded"]) },
    isShared: flags["share-port"],
    token,
    credentials: certificates?.credentials,
    told: registration.told,
    warn,
  });
  surviveRejections(warn);
  const adminFile = ownAdminFile(data);
  const signals = listenForSignals({
    stopping: () =>
      output.event({ kind: "gatewayStopping", text: "stopping: requests in flight finish" }),
    kill: () => Promise.resolve(adminFile.remove()),
  });
  try {
    const url = gateway.start();
    if (data !== "none") Deno.mkdirSync(data, { recursive: true, mode: 0o700 });
    adminFile.write({ url, token, gatewayUrl: url });
    const name = certificates?.identity.name ?? flags.name ?? "gateway";
    output.ready({
      kind: "gatewayListening",
      text: readyText(parsed, url),
      fields: { name, gatewayUrl: url, agent: formatAddress(agent) },
    });
    void registration.ready.then(() =>
      output.event({ kind: "gatewayReady", text: "the gateway is ready", fields: { name } })
    );
    await signals.asked;
    await drain(gateway, warn);
    await gateway.stop();
    output.event({ kind: "gatewayStopped", text: "the gateway has ended" });
    return 0;
  } catch (error) {
    throw new CommandError(reasonOf(error), { cause: error });
  } finally {
    signals.ignore();
    adminFile.remove();
  }
}

async function drain(gateway: GatewayProcess, warn: (text: string) => void): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), DRAIN_MS);
  });
  if (await Promise.race([gateway.drain(), late]) === "late") {
    warn("Cannot finish the requests: it takes too long, so the gateway ends without it");
  }
  clearTimeout(timer);
}

function readyText({ arguments: { path }, flags }: Parsed<"gateway">, url: string): string {
  const everywhere = isWildcard(flags.host) ? " and every other address of this host" : "";
  const how = flags.tls === undefined ? "plain" : `certificates of ${flags.tls}`;
  return [
    "The gateway listens.",
    "",
    `  users come to    ${url}${everywhere}`,
    `  agent            ${formatAddress(flags.agent)} (${how})`,
    `  routes           ${path ?? "as the agents of the mesh say"}`,
    "",
    "Ctrl-C stops it once requests in flight have finished. What happens:",
    "",
  ].join("\n");
}

function trusted(networks: readonly string[]): { trustForwarded?: readonly string[] } {
  return networks.length === 0 ? {} : { trustForwarded: networks };
}
