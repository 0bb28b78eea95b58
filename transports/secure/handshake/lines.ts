/**
 * The lines of the handshake: what they are called, what they hold, and what is signed.
 *
 * @module
 */

import { LIMITS } from "../../../protocol/limits.ts";

/** What both ends must speak; it is in every line and in what is signed. */
export const HANDSHAKE_VERSION = 1;

/** The only kind of key that certificates of a mesh have. */
export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** How many random bytes a challenge has. */
const NONCE_BYTES = 32;
const NONCE_PATTERN = /^[A-Za-z0-9+/]{43}=$/;
/** A signature of a P-256 key is two numbers of 32 bytes. */
const SIGNATURE_PATTERN = /^[A-Za-z0-9+/]{86}==$/;
const REASON_CHARACTERS_MAX = 500;

/** Listener to dialler, first: prove that you hold the key of a certificate. */
export interface Challenge {
  /** Which line it is. */
  readonly type: "secureChallenge";
  /** What the listener speaks. */
  readonly version: number;
  /** Random bytes that are never used twice, as base64. */
  readonly nonce: string;
}

/** Dialler to listener: who I am. */
export interface Answer {
  /** Which line it is. */
  readonly type: "secureAnswer";
  /** What the dialler speaks. */
  readonly version: number;
  /** Its certificate, PEM. */
  readonly certificate: string;
  /** Its signature of {@linkcode signedBytes}, as base64. */
  readonly signature: string;
}

/** Listener to dialler, last: come in, or why not. */
export type Verdict = { readonly type: "secureWelcome" } | {
  readonly type: "secureRefusal";
  readonly reason: string;
};

/** Makes a challenge that no one has seen before. */
export function newChallenge(): Challenge {
  const nonce = base64Of(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  return { type: "secureChallenge", version: HANDSHAKE_VERSION, nonce };
}

/**
 * What a dialler signs: a label, so that the signature means nothing elsewhere; the nonce, so that
 * it means nothing later; and the name of the listener, as TLS proved it to the dialler, so that a
 * listener can't pass a challenge of another on and come in there as the dialler.
 */
export function signedBytes(nonce: string, server: string): Uint8Array<ArrayBuffer> {
  const text = `smmp secure link, proof of a dialler, version ${HANDSHAKE_VERSION}\n`;
  // A copy, because older types of Deno don't say that what is encoded has a buffer of its own.
  return new Uint8Array(new TextEncoder().encode(`${text}${nonce}\n${server}\n`));
}

/** Narrows a line to a challenge; a text says what is wrong with it. */
export function readChallenge(line: unknown): Challenge | string {
  if (!isLine(line, "secureChallenge")) return "it does not greet as a secure link does";
  const { version, nonce } = line;
  if (version !== HANDSHAKE_VERSION) return wrongVersion(version);
  if (typeof nonce !== "string" || !NONCE_PATTERN.test(nonce)) return "its challenge is malformed";
  return { type: "secureChallenge", version, nonce };
}

/** Narrows a line to an answer; a text says what is wrong with it. */
export function readAnswer(line: unknown): Answer | string {
  if (!isLine(line, "secureAnswer")) return "it does not answer as a secure link does";
  const { version, certificate, signature } = line;
  if (version !== HANDSHAKE_VERSION) return wrongVersion(version);
  if (certificate === undefined || certificate === "") return "it shows no certificate";
  if (typeof certificate !== "string" || certificate.length > LIMITS.certificateCharacters) {
    return "its certificate is malformed";
  }
  if (typeof signature !== "string" || !SIGNATURE_PATTERN.test(signature)) {
    return "its signature is malformed";
  }
  return { type: "secureAnswer", version, certificate, signature };
}

/** Narrows a line to a verdict; a text says what is wrong with it. */
export function readVerdict(line: unknown): Verdict | string {
  if (isLine(line, "secureWelcome")) return { type: "secureWelcome" };
  if (isLine(line, "secureRefusal") && typeof line["reason"] === "string") {
    return { type: "secureRefusal", reason: printable(line["reason"]) };
  }
  return "its verdict is malformed";
}

/** Makes a text of somebody else fit for a log: short, and without control characters. */
export function printable(text: string): string {
  return text.slice(0, REASON_CHARACTERS_MAX).replace(/\p{C}/gu, "�");
}

/** Writes bytes as base64. */
export function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Reads base64 whose pattern was checked. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function wrongVersion(version: unknown): string {
  const given = typeof version === "number" ? `version ${version}` : "no version";
  return `it speaks ${given} of secure links, expected version ${HANDSHAKE_VERSION}`;
}

function isLine(line: unknown, type: string): line is Record<string, unknown> {
  return typeof line === "object" && line !== null && "type" in line && line.type === type;
}
