/**
 * `ca`: the authority of a mesh, and the certificates that it issues.
 *
 * @module
 */

import { join } from "node:path";
import { createAuthority, issueInto } from "../../certificates/authority.ts";
import { type CertificateFacts, describeCertificate } from "../../certificates/description.ts";
import { CertificatesError, readText } from "../../certificates/files.ts";
import { loadCredentials } from "../../certificates/loading.ts";
import { revoke, REVOKED_FILE } from "../../certificates/revocations.ts";
import { type Identity, tlsName } from "../../../transports/secure/identity.ts";
import type { Parsed } from "../grammar/commands.ts";
import { typedCommand } from "../../binary/typed_command.ts";
import { CommandError, type CommandIO } from "../io.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How this machine is called by itself. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/**
 * Creates the authority of a mesh, issues and revokes certificates, or tells what one says.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code: 0, or 1 for a certificate that can't be used.
 * @throws {CommandError} when it can't be done.
 */
export async function run(
  parsed: Parsed<"ca init" | "ca issue" | "ca revoke" | "ca show">,
  io: CommandIO,
): Promise<number> {
  try {
    switch (parsed.command) {
      case "ca init":
        return await init(parsed.flags, io);
      case "ca issue":
        return await issue(parsed, io);
      case "ca revoke":
        return await revokeAll(parsed, io);
      case "ca show":
        return await show(parsed, io);
    }
  } catch (error) {
    if (!(error instanceof CertificatesError)) throw error;
    throw new CommandError(error.message, { cause: error });
  }
}

async function init({ dir }: Parsed<"ca init">["flags"], io: CommandIO): Promise<number> {
  const { endsMs } = await createAuthority(dir);
  io.stdout([
    `Created the authority in ${dir}, valid until ${dayOf(endsMs)}.`,
    "Keep ca.key secret and in a backup: whoever has it can be anybody in the mesh.",
    typedCommand(`Next: deno task smmp ca issue manager${dirFlag(dir)}`),
    "",
  ].join("\n"));
  return 0;
}

async function issue(parsed: Parsed<"ca issue">, io: CommandIO): Promise<number> {
  const { flags: { dir, days, host } } = parsed;
  const identity = identityFrom(parsed.arguments);
  const { role, name } = identity;
  const folder = parsed.flags.out ?? `./certs/${name}`;
  // The admin API of a manager is HTTPS, for clients on its own machine too.
  const hosts = role === "manager" ? [...host, ...LOOPBACK] : host;
  const facts = await issueInto(folder, { authority: dir, identity, hosts, days });
  io.stdout([
    `Issued ${tlsName(identity)} into ${folder}, valid until ${dayOf(facts.endsMs)}.`,
    ...(facts.hosts.length > 0 ? [`Hosts: ${facts.hosts.join(", ")}`] : []),
    `Next: copy the folder to its host, key.pem included, and give --tls with it.`,
    "",
  ].join("\n"));
  return 0;
}

function identityFrom(
  { role, name = role === "manager" ? role : undefined }: Parsed<"ca issue">["arguments"],
): Identity {
  if (name === undefined) {
    throw new CommandError(`Cannot leave out NAME: which ${role} is it?`);
  }
  if (role === "manager" && name !== role) {
    throw new CommandError(`Cannot use NAME "${name}": a mesh has one manager, without a name`);
  }
  return { role, name };
}

async function revokeAll(
  { flags: { dir }, arguments: given }: Parsed<"ca revoke">,
  io: CommandIO,
): Promise<number> {
  const identity = identityFrom(given);
  await revoke(dir, identity);
  const { role, name } = identity;
  const again = `smmp ca issue ${role}${role === name ? "" : ` ${name}`}`;
  io.stdout([
    `Revoked all certificates of ${tlsName(identity)} that there are.`,
    `Next: copy ${join(dir, REVOKED_FILE)} beside the certificates of each other role: its links`,
    "to it end within seconds, and there are no new ones.",
    typedCommand(`If it is to come back: deno task ${again}${dirFlag(dir)}, with its --host.`),
    "",
  ].join("\n"));
  return 0;
}

function dirFlag(dir: string): string {
  return dir === "./ca" ? "" : ` --dir ${dir}`;
}

async function show(parsed: Parsed<"ca show">, io: CommandIO): Promise<number> {
  const { folder } = parsed.arguments;
  const pem = await readText(join(folder, "cert.pem"), `show the certificate in "${folder}"`);
  const facts = describeCertificate(pem);
  const warnings: string[] = [];
  let problem: string | undefined;
  try {
    await loadCredentials(folder, { warn: (text) => warnings.push(text) });
  } catch (error) {
    if (!(error instanceof CertificatesError)) throw error;
    problem = error.message;
  }
  if (parsed.flags.json) io.stdout(`${JSON.stringify(documentOf(facts, { problem, warnings }))}\n`);
  else io.stdout(textOf(facts));
  for (const text of [...warnings, ...(problem === undefined ? [] : [problem])]) {
    if (!parsed.flags.json) io.stderr(`${text}\n`);
  }
  return problem === undefined ? 0 : 1;
}

function documentOf(
  { identity, hosts, beginsMs, endsMs, issuer }: CertificateFacts,
  { problem, warnings }: { problem: string | undefined; warnings: readonly string[] },
): unknown {
  const [begins, ends] = [new Date(beginsMs), new Date(endsMs)];
  return { ok: problem === undefined, identity, hosts, begins, ends, issuer, warnings, problem };
}

function textOf({ identity, hosts, beginsMs, endsMs, issuer }: CertificateFacts): string {
  const days = Math.floor((endsMs - Date.now()) / DAY_MS);
  const left = days >= 0 ? `${days} days from now` : "over";
  return [
    `identity  ${identity === undefined ? "none" : tlsName(identity)}`,
    `role      ${identity?.role ?? "none"}`,
    `name      ${identity?.name ?? "none"}`,
    `hosts     ${hosts.join(", ") || "none"}`,
    `begins    ${new Date(beginsMs).toISOString()}`,
    `ends      ${new Date(endsMs).toISOString()} (${left})`,
    `issuer    ${issuer}`,
    "",
  ].join("\n");
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
