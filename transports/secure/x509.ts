/**
 * Sets the library of certificates up. Whoever imports `@peculiar/x509` imports this first.
 *
 * @module
 */

// The library reads metadata while it is loaded, so this comes before it.
import "reflect-metadata";
import { cryptoProvider } from "@peculiar/x509";

cryptoProvider.set(crypto);
