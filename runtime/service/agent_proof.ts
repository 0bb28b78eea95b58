/**
 * How an agent shows an instance that comes back that it is its agent. While an agent is away every
 * program of its host can listen in its place, and an instance that told such a one its token would
 * be taken over by it. So whoever comes back asks first for what only an agent with the same secret
 * can say, and shows its token after that.
 *
 * At the first link there is no need: an agent that has just started an instance listens.
 *
 * @module
 */

import { isRecord, serviceID as serviceIDKind } from "../../protocol/fields.ts";
import { isSameText } from "../../protocol/same_text.ts";

/** Instance to agent, before anything else: prove that you know me. */
export interface ProofRequest {
  /** Which line it is. */
  readonly type: "agentProofRequest";
  /** The instance that asks. */
  readonly serviceID: number;
  /** A text that is never used twice. */
  readonly nonce: string;
}

/** Agent to instance: its signature. */
export interface AgentProof {
  /** Which line it is. */
  readonly type: "agentProof";
  /** HMAC-SHA256 of {@linkcode proofText} with the token of the instance, in base64url. */
  readonly proof: string;
}

const NONCE = /^[\w-]{16,64}$/;

/** Asks for a proof that nobody has seen before. */
export function newProofRequest(serviceID: number): ProofRequest {
  return { type: "agentProofRequest", serviceID, nonce: crypto.randomUUID() };
}

/** Narrows what came by a link to a request of a proof; undefined when it is something else. */
export function readProofRequest(value: unknown): ProofRequest | undefined {
  if (!isRecord(value) || value.type !== "agentProofRequest") return undefined;
  const { serviceID, nonce } = value;
  if (!serviceIDKind.accepts(serviceID)) return undefined;
  if (typeof nonce !== "string" || !NONCE.test(nonce)) return undefined;
  return { type: "agentProofRequest", serviceID, nonce };
}

/** What is signed: its label makes it good for nothing else. */
export function proofText({ serviceID, nonce }: ProofRequest): string {
  return `smmp agent proof ${serviceID} ${nonce}`;
}

/** Whether what came by a link is the proof that was asked for. */
export async function isProof(
  value: unknown,
  asked: { readonly request: ProofRequest; readonly token: string },
): Promise<boolean> {
  if (!isRecord(value) || value.type !== "agentProof" || typeof value.proof !== "string") {
    return false;
  }
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const token = encoder.encode(asked.token);
  const key = await crypto.subtle.importKey("raw", token, algorithm, false, ["sign"]);
  const text = encoder.encode(proofText(asked.request));
  const expected = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
  return isSameText(value.proof, base64urlOf(expected));
}

function base64urlOf(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
