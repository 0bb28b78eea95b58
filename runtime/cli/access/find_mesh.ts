/**
 * How the commands find a mesh that runs: by the data folder of a mesh or manager of this machine,
 * by the certificate of an operator at a manager of any host, or by a URL and a token.
 *
 * @module
 */

import { join } from "node:path";
import { reasonOf } from "../../../protocol/errors.ts";
import { type AdminFile, AdminFileError, readAdminFile } from "../../admin/admin_file.ts";
import { type Address, formatAddress, isLocal } from "../../distributed/address.ts";
import { CommandError } from "../io.ts";

/** The flags that name a mesh. */
export interface MeshFlags {
  /** Its data folder. */
  readonly data: string;
  /** Its admin API, instead of what the data folder tells. */
  readonly admin: string | undefined;
  /** Its token, instead of what the data folder tells. */
  readonly token: string | undefined;
  /** Its manager, or the URL of its admin API. */
  readonly manager: Address | URL | undefined;
  /** The folder of an operator's certificate. */
  readonly tls: string | undefined;
}

/** A mesh that runs, as far as it is known. */
export interface MeshAccess {
  /** The admin API, without a slash at the end. */
  readonly url: string;
  /** What changes something must carry. */
  readonly token: string | undefined;
  /** Where it takes requests, if that is known. */
  readonly gatewayUrl: string | undefined;
  /** The authority of its certificate, in PEM, if it has one of its own. */
  readonly authority?: string | undefined;
}

/** The folders inside a data folder that roles of their own processes use. */
const MANAGER_FOLDER = "manager";
const GATEWAY_FOLDER = "gateway";

/**
 * Finds the mesh that the flags name. The token in a data folder goes to no other address than the
 * one beside it.
 *
 * @throws {CommandError} when it can't be found, or its manager does not let this operator in.
 */
export async function findMesh(flags: MeshFlags): Promise<MeshAccess> {
  const { manager, tls, admin } = flags;
  if (manager === undefined) return findByFolder(flags);
  if (admin !== undefined) {
    throw new CommandError("Cannot use --admin beside --manager: both say where the mesh is");
  }
  if (manager instanceof URL) return await findByUrl(flags, manager);
  if (tls !== undefined) return await findByCertificate(manager, tls);
  return findLocal(flags, manager);
}

/** The token. @throws {CommandError} when it is not known. */
export function requireToken({ url, token }: MeshAccess): string {
  if (token !== undefined) return token;
  throw new CommandError(
    `Cannot change anything at ${url} without its token: name its data folder with --data, or ` +
      "the token with --token or the variable SMMP_TOKEN",
  );
}

/** Where a gateway of this machine takes requests, and its token, if its data folder tells. */
export function findGatewayFile(data: string): AdminFile | undefined {
  return readOrUndefined(join(data, GATEWAY_FOLDER));
}

/** The token that the user gives: by the flag, else by the variable. */
export function givenToken(token: string | undefined): string | undefined {
  return token ?? (Deno.env.get("SMMP_TOKEN") || undefined);
}

function findByFolder({ data, admin, token }: MeshFlags): MeshAccess {
  try {
    const file = readOrUndefined(join(data, MANAGER_FOLDER), data) ?? readAdminFile(data);
    if (admin === undefined || baseOf(admin) === baseOf(file.url)) return accessOf(file, token);
  } catch (error) {
    if (!(error instanceof AdminFileError)) throw error;
    if (admin === undefined) throw new CommandError(error.message, { cause: error });
  }
  return { url: baseOf(admin), token: givenToken(token), gatewayUrl: undefined };
}

/** Reads the file of a folder; undefined when it has none, or the other folder has one. */
function readOrUndefined(folder: string, unless?: string): AdminFile | undefined {
  if (unless !== undefined && readOrUndefined(unless) !== undefined) return undefined;
  try {
    return readAdminFile(folder);
  } catch (error) {
    if (!(error instanceof AdminFileError)) throw error;
    return undefined;
  }
}

function accessOf(file: AdminFile, token: string | undefined): MeshAccess {
  const { url, gatewayUrl, authority } = file;
  return {
    url: baseOf(url),
    token: token ?? file.token,
    gatewayUrl: gatewayUrl ?? undefined,
    authority,
  };
}

async function findByUrl({ token, tls }: MeshFlags, url: URL): Promise<MeshAccess> {
  const authority = tls === undefined ? {} : { authority: (await loadTls(tls)).authority };
  const access = { url: baseOf(url.href), token: givenToken(token), gatewayUrl: undefined };
  return { ...access, ...authority };
}

async function findByCertificate(manager: Address, tls: string): Promise<MeshAccess> {
  const credentials = await loadTls(tls);
  const { askForAccess } = await import("../../distributed/operator_access.ts");
  try {
    const { url, token } = await askForAccess(manager, () => credentials);
    return { url, token, gatewayUrl: undefined, authority: credentials.authority };
  } catch (error) {
    const reason = reasonOf(error);
    throw new CommandError(
      `Cannot reach the manager at ${formatAddress(manager)}: ${reason}`,
      { cause: error },
    );
  }
}

async function loadTls(folder: string) {
  const { loadCredentials } = await import("../../certificates/loading.ts");
  try {
    return await loadCredentials(folder);
  } catch (error) {
    throw new CommandError(reasonOf(error), { cause: error });
  }
}

/** A manager without certificates is on this machine, and so is its data folder. */
function findLocal({ data, token }: MeshFlags, manager: Address): MeshAccess {
  const place = formatAddress(manager);
  if (!isLocal(manager)) {
    throw new CommandError(
      `Cannot reach the manager at ${place} without a certificate: give --tls FOLDER with that ` +
        "of an operator, or --manager URL with the address and SMMP_TOKEN with the token of its " +
        "admin API",
    );
  }
  for (const folder of [data, join(data, MANAGER_FOLDER)]) {
    const file = readOrUndefined(folder);
    if (file?.manager === place) return accessOf(file, token);
  }
  throw new CommandError(
    `Cannot find the manager at ${place}: neither "${data}" nor "${data}/${MANAGER_FOLDER}" is ` +
      "its data folder; name it with --data, or give --tls FOLDER",
  );
}

function baseOf(url: string): string {
  return new URL(url).href.replace(/\/+$/, "");
}
