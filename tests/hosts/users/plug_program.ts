/**
 * A stranger on a host of its own that dials the plug of a service: it prints what it is told.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { dialSession } from "../../../runtime/sessions/dial.ts";
import type { SessionHello } from "../../../runtime/sessions/session.ts";

/** Whom to dial, and as whom. */
export interface PlugOrder {
  /** The address of the instance. */
  readonly hostname: string;
  /** Its in-plug. */
  readonly port: number;
  /** Who it says that it is. */
  readonly hello: SessionHello;
  /** The authority of the certificate that it asks for. @default {it dials in the clear} */
  readonly certificate?: string;
}

async function refusalOf(order: PlugOrder): Promise<string> {
  try {
    await dialSession(order);
    return "it was let in";
  } catch (error) {
    return reasonOf(error);
  }
}

if (import.meta.main) {
  const text = await refusalOf(JSON.parse(Deno.args[0] ?? ""));
  console.log(JSON.stringify({ kind: "outcome", text }));
  Deno.exit(0);
}
