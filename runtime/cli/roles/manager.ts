/**
 * `manager`: runs the manager of a mesh of many hosts until a signal ends it.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { ownAdminFile } from "../../admin/admin_file.ts";
import { typedCommand } from "../../binary/typed_command.ts";
import { type Address, formatAddress, isLocal, isWildcard } from "../../distributed/address.ts";
import { type ManagerAddresses, ManagerProcess } from "../../distributed/manager_process.ts";
import { createEventOutput } from "../event_output.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { listenForSignals, surviveRejections } from "../process.ts";
import { openCertificates, openTo, type RoleCertificates } from "./role_setup.ts";

/** Where the admin API is when nothing is said. */
const ADMIN_PORT = 7401;

/** Runs a manager; returns when it was stopped. */
export async function run({ flags }: Parsed<"manager">, io: CommandIO): Promise<number> {
  const output = createEventOutput(io, flags);
  const { warn } = output;
  const { data, listen } = flags;
  const certificates = await openCertificates(flags.tls, {
    role: "manager",
    warn,
    changed: (credentials) => manager.renew(credentials),
  });
  const isSecure = certificates !== undefined;
  const admin = flags.admin ??
    { hostname: isSecure ? listen.hostname : "127.0.0.1", port: ADMIN_PORT };
  openTo([
    { what: "listen for agents", address: listen },
    { what: "serve the admin API", address: admin },
  ], { flags, warn });
  const token = Deno.env.get("SMMP_TOKEN") || crypto.randomUUID();
  const manager = new ManagerProcess({
    listen,
    admin,
    adminHosts: await adminHosts(admin, certificates),
    data,
    token,
    credentials: certificates?.credentials,
    facts: output.facts,
    warn,
  });
  surviveRejections(warn);
  const adminFile = ownAdminFile(data);
  const signals = listenForSignals({
    stopping: () =>
      output.event({
        kind: "managerStopping",
        text: "stopping: services go on, and agents wait for the next manager",
      }),
    kill: () => Promise.resolve(adminFile.remove()),
  });
  try {
    const addresses = await manager.start();
    const authority = certificates?.credentials().authority;
    adminFile.write({
      url: addresses.adminUrl,
      token,
      gatewayUrl: null,
      manager: formatAddress(addresses.listen),
      ...(authority === undefined ? {} : { authority }),
    });
    const { adminUrl } = addresses;
    output.ready({
      kind: "managerReady",
      text: readyText({ addresses, flags, token }),
      fields: { manager: formatAddress(addresses.listen), adminUrl, data, isSecure },
    });
    await signals.asked;
    await manager.stop();
    output.event({ kind: "managerStopped", text: "the manager has ended" });
    return 0;
  } catch (error) {
    throw new CommandError(reasonOf(error), { cause: error });
  } finally {
    signals.ignore();
    adminFile.remove();
  }
}

/** By which names the admin API is called, beside the loopback. */
async function adminHosts(
  { hostname }: Address,
  certificates: RoleCertificates | undefined,
): Promise<readonly string[]> {
  const own = isWildcard(hostname)
    ? Deno.networkInterfaces().map(({ address }) => address)
    : [hostname];
  if (certificates === undefined) return own;
  const { describeCertificate } = await import("../../certificates/description.ts");
  return [...own, ...describeCertificate(certificates.credentials().certificate).hosts];
}

function readyText(
  { addresses, flags, token }: {
    addresses: ManagerAddresses;
    flags: Parsed<"manager">["flags"];
    token: string;
  },
): string {
  const { data, tls } = flags;
  const manager = formatAddress(addresses.listen);
  const how = tls === undefined ? "plain" : `certificates of ${tls}`;
  const kept = data === "none" ? "in memory" : data;
  const { hostname } = addresses.listen;
  const place = isWildcard(hostname) ? manager.replace(hostname, "HOST") : manager;
  const unsafe = isLocal(addresses.listen) ? "" : " --insecure";
  const more = tls === undefined ? unsafe : " --tls FOLDER";
  return [
    "The manager is ready.",
    "",
    `  agents come to   ${manager} (${how})`,
    `  admin API        ${addresses.adminUrl}`,
    ...(data === "none" ? [`  token            ${token}`] : []),
    `  history          ${kept}`,
    typedCommand(
      `  next             deno task agent --manager ${place}${more} --services FOLDER`,
    ),
    "",
    "Ctrl-C stops it; services go on. What happens:",
    "",
  ].join("\n");
}
