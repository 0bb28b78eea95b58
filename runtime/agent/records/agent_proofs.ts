/**
 * How an agent proves itself to its instances; see `../service/agent_proof.ts`.
 *
 * @module
 */

import type { Link, LinkEvents } from "../../../transports/link.ts";
import { proofText, readProofRequest } from "../../service/agent_proof.ts";
import { createSigner } from "../../tickets/hmac.ts";

/** Who is asked for proofs. */
export interface ProvingLink {
  /** The link of somebody who says that it is an instance. */
  readonly link: Link;
  /** Gives the token of an instance. */
  readonly tokenOf: (serviceID: number) => string;
}

/**
 * Answers each request of a proof, and passes on everything else. Anybody may ask: a proof tells
 * nothing of the token.
 */
export function proveOnRequest(
  events: LinkEvents,
  { link, tokenOf }: ProvingLink,
): LinkEvents {
  return {
    ...events,
    received: (value) => {
      const request = readProofRequest(value);
      if (request === undefined) return events.received(value);
      const sign = createSigner(new TextEncoder().encode(tokenOf(request.serviceID)));
      link.send({ type: "agentProof", proof: sign(proofText(request)) });
    },
  };
}
