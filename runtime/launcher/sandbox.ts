/**
 * The sandbox of a service: exactly the Deno permissions that its manifest declares, and what every
 * service needs: its own files read-only and the network of its host's loopback. What belongs to
 * the mesh itself stays closed, whatever they give: its secrets, and the ports of its roles.
 *
 * @module
 */

import { FileError, readBoundedTextSync } from "../bounded_file.ts";
import type { Permission } from "../../protocol/output.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { ownPlace } from "../config/service_files.ts";
import { closedNames, closedToWriters } from "./closed_names.ts";
import { cachePlaces } from "./prepared/cache_folder.ts";

/** Addresses that every service may reach: the agent, and other services on this host. */
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** What a Deno process itself reads; a service sees only what its `env` permission names. */
const PASSED_VARIABLES = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "TZ",
  "DENO_DIR",
  "DENO_TLS_CA_STORE",
  "DENO_CERT",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NPM_CONFIG_REGISTRY",
  "XDG_CACHE_HOME",
];

/** A kind of permission with exceptions, as Deno's flags name it. */
export type ExceptionKind = "deny-read" | "deny-write" | "deny-net";

/** What a service may do, by kind; what is not listed it may not, nor what is an exception. */
export type PermissionLists = Readonly<
  Partial<Record<Permission | ExceptionKind, readonly string[]>>
>;

/**
 * The permissions of a service, and nothing more; it may read the variable of its start too.
 *
 * @throws {Error} when its own folder is closed to it, or nobody can tell what of it is.
 */
export function permissionLists(service: ServiceConfig, startVariable: string): PermissionLists {
  const { read, write, net, env, run, sys, ffi } = service.permissions;
  return {
    read: [ownPlace(service.entry), ...read],
    write,
    net: [...LOOPBACK, ...net],
    env: [
      startVariable,
      ...env,
      ...Object.keys(service.env),
      ...Object.keys(service.secrets ?? {}),
    ],
    run,
    sys,
    ffi,
    import: hostsOfCode(service.permissions.import),
    ...exceptionsOf(service),
  };
}

/** Without a list Deno has one of its own; that of nobody takes a host that can't be there. */
function hostsOfCode(hosts: readonly string[] | undefined): readonly string[] {
  return hosts === undefined || hosts.length > 0 ? hosts ?? [] : ["none.invalid"];
}

function exceptionsOf(service: ServiceConfig): PermissionLists {
  const { closed = { paths: [], net: [] }, entry, permissions: { read, write } } = service;
  const own = ownPlace(entry);
  const paths = [...closed.paths, ...closed.unasked ?? []];
  const { names, placesLooked } = closedNames(paths, [own, ...read, ...write]);
  if (closed.paths.length > 0 && placesLooked === 0) {
    throw new Error(`${own} has too many folders to look for links to what belongs to the mesh`);
  }
  const apart = names.find((name) => name.includes(","));
  if (apart !== undefined) {
    throw new Error(`${apart} can't be closed to it: Deno takes permissions apart at a comma`);
  }
  if (names.includes(own)) throw new Error(`${own} is in a folder that is closed to all services`);
  return {
    "deny-read": names,
    // A service that may write much may not write what all others run, nor what they will run.
    "deny-write": write.length === 0 ? names : closedToWriters([...paths, ...cachePlaces()], write),
    "deny-net": closed.net,
  };
}

/** The flags that give a service its permissions. */
export function permissionFlags(lists: PermissionLists): string[] {
  return Object.entries(lists).filter(([, entries]) => entries.length > 0)
    .map(([kind, entries]) =>
      `--${kind.startsWith("deny-") ? "" : "allow-"}${kind}=${entries.join(",")}`
    );
}

/** The environment of a process of ours that serves several services: what Deno needs. */
export function processEnvironment(): Record<string, string> {
  return { NO_COLOR: "1", ...passedOn(PASSED_VARIABLES) };
}

/**
 * The environment of a service: what Deno needs, what its manifest passes on, what it sets.
 *
 * @throws {Error} when a secret can't be read.
 */
export function environmentOf(service: ServiceConfig): Record<string, string> {
  return { NO_COLOR: "1", ...variablesOf(service, PASSED_VARIABLES) };
}

/** What every program needs of the environment; the rest is for its manifest to name. */
const PROGRAM_VARIABLES = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/**
 * The environment of a service that is a program of any language.
 *
 * @throws {Error} when a secret can't be read.
 */
export function programEnvironmentOf(service: ServiceConfig): Record<string, string> {
  return variablesOf(service, PROGRAM_VARIABLES);
}

function variablesOf(
  service: ServiceConfig,
  passed: readonly string[],
): Record<string, string> {
  const environment = passedOn([...passed, ...service.permissions.env]);
  return { ...environment, ...service.env, ...secretsOf(service) };
}

function passedOn(names: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of names) {
    const value = Deno.env.get(name);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Most bytes of a secret: an environment is no place for more. */
const SECRET_BYTES_MAX = 65_536;

/** What the files of the secrets say now, without the line end behind it. */
function secretsOf({ name, secrets = {} }: ServiceConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([variable, path]) => {
      try {
        const text = readBoundedTextSync(path, SECRET_BYTES_MAX);
        if (text.includes("\0")) throw new FileError(`${path} is no text: it has a byte of 0`);
        return [variable, text.replace(/\r?\n$/, "")];
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        throw new Error(`Cannot give "${name}" its ${variable}: ${error.message}`);
      }
    }),
  );
}
