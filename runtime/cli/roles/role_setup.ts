/**
 * What the three roles have in common when they are started as processes: certificates, what may
 * leave the machine, and how it is told.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import type { Credentials, Identity, IdentityRole } from "../../../transports/secure/identity.ts";
import { checkExposure, type Exposure, ExposureError } from "../../distributed/exposure.ts";
import { formatAddress } from "../../distributed/address.ts";
import type { RegistrationEvent } from "../../distributed/registered_link.ts";
import type { CredentialsSource } from "../../distributed/role_links.ts";
import type { Address } from "../../distributed/address.ts";
import type { EventOutput } from "../event_output.ts";
import { CommandError } from "../io.ts";

/** The flags about certificates. */
export interface SecurityFlags {
  /** The folder of certificates. */
  readonly tls: string | undefined;
  /** Whether others may come without. */
  readonly insecure: boolean;
}

/** The certificates of a role. */
export interface RoleCertificates {
  /** What to use now. */
  readonly credentials: CredentialsSource;
  /** Whose they are. */
  readonly identity: Identity;
}

/** Options of {@linkcode openCertificates}. */
export interface CertificateOptions {
  /** What it must be. */
  readonly role: IdentityRole;
  /** Which of that role it must be, if that was said. */
  readonly name?: string | undefined;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
  /** Is told of certificates that are used from now on. @default {() => {}} */
  readonly changed?: (credentials: Credentials) => void;
}

/**
 * Loads certificates and follows their files.
 *
 * @returns The certificates; undefined when no folder is given.
 * @throws {CommandError} when they can't be used, or are somebody else's.
 */
export async function openCertificates(
  folder: string | undefined,
  { role, name, warn, changed }: CertificateOptions,
): Promise<RoleCertificates | undefined> {
  if (folder === undefined) return undefined;
  // Only who has certificates loads what they need.
  const { watchCredentials } = await import("../../certificates/watching.ts");
  let revoked: Credentials["revoked"];
  const told = (credentials: Credentials) => {
    const text = revoked === credentials.revoked
      ? `the certificates in ${folder} have changed: new connections use them`
      : `the list of revoked certificates in ${folder} has changed: links by those in it end`;
    warn(text);
    revoked = credentials.revoked;
    changed?.(credentials);
  };
  let watch;
  try {
    watch = await watchCredentials(folder, { warn, changed: told });
  } catch (error) {
    throw new CommandError(reasonOf(error), { cause: error });
  }
  const { identity } = watch.credentials();
  revoked = watch.credentials().revoked;
  if (identity.role !== role) {
    const is = `it is that of ${identity.role} "${identity.name}"`;
    throw new CommandError(`Cannot use the certificate in "${folder}" for the ${role}: ${is}`);
  }
  if (name !== undefined && identity.name !== name) {
    const is = `its certificate is that of "${identity.name}"`;
    throw new CommandError(`Cannot name the ${role} "${name}": ${is}`);
  }
  return { credentials: watch.credentials, identity };
}

/**
 * Checks what a role is about to open to other machines, and warns of what its user wants.
 *
 * @throws {CommandError} when it may not be open.
 */
export function openTo(
  exposures: readonly Pick<Exposure, "what" | "address">[],
  options: { flags: SecurityFlags; warn: (text: string) => void },
): void {
  const { flags: { tls, insecure }, warn } = options;
  const security = { hasCertificates: tls !== undefined, isInsecure: insecure };
  for (const exposure of exposures) {
    try {
      const warning = checkExposure({ ...exposure, ...security });
      if (warning !== undefined) warn(warning);
    } catch (error) {
      if (!(error instanceof ExposureError)) throw error;
      throw new CommandError(error.message, { cause: error });
    }
  }
}

/** Whom a role is registered with. */
export interface Superior {
  /** What it is, such as `manager`. */
  readonly role: string;
  /** Where it is. */
  readonly address: Address;
}

/**
 * Tells of a registration as it comes and goes. That nobody is there is told once, and again when
 * the reason is another one.
 *
 * @returns What takes the events; `ready` is resolved by the first registration.
 */
export function tellRegistration(
  output: EventOutput,
  { role, address }: Superior,
): { readonly told: (event: RegistrationEvent) => void; readonly ready: Promise<void> } {
  const where = formatAddress(address);
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  let last: string | undefined;
  const told = (event: RegistrationEvent) => {
    if (event.kind === "registered") {
      last = undefined;
      output.event({
        kind: "registered",
        text: `registered with the ${role} at ${where}`,
        fields: { role, address: where },
      });
      return resolve();
    }
    const { reason, retryMs } = event;
    if (reason === last) return;
    last = reason;
    output.event({
      kind: "away",
      text: `! no link to the ${role} at ${where}: ${reason}; tried again until it is there`,
      fields: { role, address: where, reason, retryMs },
    });
  };
  return { told, ready };
}
