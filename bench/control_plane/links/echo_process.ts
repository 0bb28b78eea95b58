/**
 * A process that listens for links, plain and secure, and sends back what asks for it. Its
 * credentials come by standard input; it prints its two ports and ends with its input.
 *
 * @module
 */

import type { AcceptLink } from "../../../transports/link.ts";
import type { Credentials } from "../../../transports/secure/identity.ts";
import { listenSecure } from "../../../transports/secure/listener.ts";
import { listenTcp } from "../../../transports/tcp.ts";

/** What the other end sends: only one that says so is sent back. */
function wantsAnswer(value: unknown): boolean {
  return typeof value === "object" && value !== null && "answer" in value;
}

const accept: AcceptLink = (link) => ({
  received: (value) => {
    if (wantsAnswer(value)) link.send(value);
  },
  malformed: (reason) => console.error(reason),
  closed: () => {},
});

function readCredentials(text: string): Credentials {
  const [authority = "", certificate = "", key = ""] = text.split("\0");
  return { authority, certificate, key, identity: { role: "manager", name: "manager" } };
}

const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const credentials = readCredentials((await reader.read()).value ?? "");
const plain = listenTcp({}, accept);
const secure = listenSecure({ credentials: () => credentials, admits: () => undefined }, accept);
console.log(`${plain.port} ${secure.port}`);
await reader.read();
Deno.exit();
