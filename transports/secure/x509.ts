/**
 * The one door to the library of certificates, which must be set up before its first use.
 *
 * @module
 */

// The library reads metadata while it is loaded, so this comes first.
import "reflect-metadata";
import { cryptoProvider } from "@peculiar/x509";

export * from "@peculiar/x509";

/** The only kind of key that certificates of a mesh have. */
export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

cryptoProvider.set(crypto);
