/**
 * The reference of the protocol, docs/PROTOCOL.md, made from the table of messages.
 *
 * @module
 */

import { FLOWS, type FlowStep } from "./flows.ts";
import { LIMITS, PLUG_RANGE } from "./limits.ts";
import { type MessageDefinition, MESSAGES } from "./messages.ts";
import { STATUS } from "./status.ts";

/** What each kind of values is, by its name. */
const KINDS: Readonly<Record<string, string>> = {
  "positive integer": "a whole number from 1 to 2^53 - 1",
  "list of positive integers": `a list of at most ${LIMITS.avoidedInstances} of them`,
  "list of instances of an agent":
    `a list of positive integers, at most ${LIMITS.reportedInstances} of them`,
  "positive count": `a whole number from 1 to ${LIMITS.concurrency}`,
  plug: "a whole number from 1 to 2^53 - 1; an in-plug is a TCP port",
  port: "a whole number from 0 to 65535",
  status: "a whole number from 100 to 599, see [status codes](#status-codes)",
  count: "a whole number from 0 to 2^53 - 1",
  path: `the path of a URL with its query: a slash and at most ${LIMITS.routeCharacters - 1} ` +
    "characters more",
  milliseconds: `a whole number from 0 to ${LIMITS.durationMs} (30 days)`,
  "exit code": "a whole number from -255 to 255",
  "true or false": "true or false",
  text: `at most ${LIMITS.reasonCharacters} characters; the sender cuts a longer one`,
  address: `an IP address or host name of at most ${LIMITS.networkCharacters} characters`,
  token: `at most ${LIMITS.tokenCharacters} characters`,
  certificate: `certificates in PEM, of at most ${LIMITS.certificateCharacters} characters`,
  "stdout or stderr": '`"stdout"` or `"stderr"`',
  "count of lines": `a whole number from 0 to ${LIMITS.outputLines}`,
  "list of places":
    `a list of at most ${LIMITS.outputInstances} \`{serviceID, next}\`: the number ` +
    "of the first line of the instance that was not told yet",
  "list of output":
    `a list of at most ${LIMITS.outputInstances} \`{service, serviceID, next, lost, lines}\`: ` +
    "`next` for the next request, how many lines before these are not kept any more, and the " +
    `lines, each \`{atMs, stream, text}\` with at most ${LIMITS.outputLineCharacters} characters`,
  permission: "`read`, `write`, `net`, `env`, `run`, `sys`, `ffi` or `import`",
  "name or path": `at most ${LIMITS.permissionTargetCharacters} characters`,
  signal: "the name of a signal, such as SIGTERM; at most 16 characters",
  name: "a lower-case letter, then lower-case letters, digits and dashes; " +
    `at most ${LIMITS.nameCharacters} characters`,
  "list of names": `a list of at most ${LIMITS.repositoryEntries} names`,
  "{inFlight}": "an object with `inFlight`, a count: the work in flight now",
  "{in, out}":
    "an object with `in`, a port or null (it accepts no connections), and `out`, a list " +
    `of at most ${LIMITS.plugsEntries} names of services that it may dial, or "*" for all`,
  "manifests by name": "an object: the name of a service to an object with `plugs` (as `out` " +
    "above), `connectionIdleMs`, `serviceIdleMs`, `startTimeoutMs` and `graceMs` (milliseconds); " +
    '+ `routes`, + `ports`, + `placement` ("spread" or "pack"), + `labels`, + `concurrency`, ' +
    "+ `instances` ({min, max}), + `eager` (names), + `memoryBytes` and + `health` " +
    "({path, intervalMs, timeoutMs, failures})",
  "list of instances":
    `a list of at most ${LIMITS.reportedInstances} objects with \`serviceID\`, ` +
    "`typeOfService` (name), `plugConfiguration` ({in, out}), `launched` and `started` " +
    "(booleans), + `ticketKey` (token)",
  "list of usages": `a list of at most ${LIMITS.reportedInstances} objects with \`serviceID\`, ` +
    "`memoryBytes`, `cpuMs` (processor time since its start) and `cpuPermille` (the share of one " +
    "processor lately, in thousandths), counts",
  "list of connections": `a list of at most ${LIMITS.reportedConnections} objects with ` +
    "`serviceID` and `sourcePlug` of the source, `destServiceID` and `destPlug`",
  labels: `an object of at most ${LIMITS.labelEntries} texts by name; a name or a text has 1 to ` +
    `${LIMITS.labelCharacters} characters`,
  "list of routes": `a list of at most ${LIMITS.routes} objects with \`service\` (name), ` +
    "`path` (text that starts with a slash), `keepPrefix` (boolean) and, where only one host has " +
    "the route, `host`; + `limits`, an object with any of `connectMs`, `firstByteMs`, `idleMs`, " +
    "`totalMs`, `bodyBytesMax`, `waitingMax`, `retry` (boolean) and `sticky` ({cookie} or " +
    "{header}, a name)",
  "list of ports": `a list of at most ${LIMITS.ports} objects with \`service\` (name), \`port\` ` +
    `(1 to 65535) and + \`connectionsMax\` (1 to ${LIMITS.portConnections})`,
};

/** What each status means here. */
const STATUSES: Readonly<Record<keyof typeof STATUS, string>> = {
  ownDecision: "a connection was closed by the decision of one of its ends, or on command",
  brokenLink: "a connection was found broken",
  done: "done",
  badRequest: "the message is malformed, or makes no sense now",
  unauthorized: "the sender did not prove who it is",
  forbidden: "the graph has no such edge, or the sender may not speak for that instance",
  notFound: "there is no such service, instance, connection or request",
  conflict: "the plug is taken, or the message contradicts what is already so",
  gone: "the instance has ended before",
  tooMany: "too many wait already",
  failed: "the responder failed",
  unreachable: "the other end could not be reached, or broke in the middle",
  unavailable: "nobody can serve this now",
  deadline: "a deadline passed",
};

const HEAD = `# The protocol

This file is made from \`protocol/messages.ts\` by \`deno task docs\`; do not edit it.

SMMP manages services, their instances and the connections between them. It is a JSON dialect of
SSMMP, the Simple Service Mesh Management Protocol (arXiv 2305.16329). What is marked + is not part
of the published catalogue: an implementation may leave it out, and must ignore it where it does not
know it.

## Actors

- **Manager**: the brain. It knows every agent, instance, plug and connection, and their history. It
  assigns numbers and plugs, has services started, and closes what is idle. It talks to agents only.
- **Agent**: one per host. It registers its repository (the services that it can start), starts and
  kills processes, and passes messages between the services of its host and the manager.
- **Gateway**: a service that runs from the start. It takes requests of users and connects to
  services on demand. Its name is \`gateway\`.
- **Service**: an instance, connected to its agent as long as it runs.

## Words

- **instance**: one running copy of a service; its \`serviceID\` is unique in the mesh for ever.
- **plug**: an end of a connection. An in-plug is the TCP port on which an instance listens; the
  manager assigns it before the start, from ${PLUG_RANGE.first} to ${PLUG_RANGE.last}. An out-plug
  is a number that the dialling instance chooses for a connection, and never uses twice.
- **connection**: from an out-plug of an instance of A to an in-plug of an instance of B.
- **graph**: which service may connect to which. The manager refuses what is not an edge (403).
- **use**: an exchange on a connection. What is not used for its idle time is closed.
`;

const WIRE = `## Wire format

- Over TCP each message is one line: a JSON object in UTF-8 without a line break in it, then LF (or
  CR LF). Empty lines are skipped. A line has at most 65,536 bytes on a link between a service and
  its agent, and 1,048,576 bytes between an agent and the manager; a longer one ends the link.
  Arrays and objects nest at most 256 deep.
- The object has \`type\`, the name of the message, and its fields. The order of keys is free.
- Between roles (agent, manager) a document may also be the envelope \`{"json": …, "meta": …}\` of
  superjson, for rich values. A plain JSON object is accepted everywhere, always; nobody has to send
  an envelope.
- Fields that a message does not have are ignored, so that a newer peer can add some. A message
  of unknown type, or with a missing or mistyped field, is refused: it changes nothing, it is
  counted and logged, and the link stays open.
- \`messageID\` pairs an answer with its request. The requester chooses it, and it is unique among
  the requests of one link in one direction: an agent gives each request that it passes on a
  number of its own, and each answer the number of its receiver. Read answers by (link, messageID).
- A message may come twice (a retry); the second copy changes nothing. Messages of one link keep
  their order, those of different links do not.
- Every request is answered, by a status of 4xx or 5xx and a \`reason\` if need be. Whoever waits
  has a deadline of its own all the same.

## How a service joins

The process of a service finds in its environment the variable \`SMMP_START\`, a JSON object:

| key | kind | meaning |
| --- | --- | --- |
| \`network\` | address | the address to listen on |
| \`agentNetwork\` | address | the address of the agent |
| \`agentPort\` | port | the port on which the agent accepts services |
| \`token\` | token | the proof of who it is, by each new link |
| \`messageID\` | positive integer | the number for its startServiceResponse |
| \`serviceID\` | positive integer | its number as an instance |
| \`service\` | name | its service |
| \`plug\` | port | its in-plug: the port to listen on |
| \`ticketKey\` | token | the key of the tickets of who dials it, see [sessions](#sessions) |
| \`agentGraceMs\` | milliseconds | how long it may go on without an agent |
| \`sessionCertificate\`, \`sessionKey\` | certificate | where sessions are TLS: what it shows |

1. It removes the variable, so that no child of its own sees the token.
2. It listens on \`network:plug\`. When that is taken it says so in step 3 with status 409 and
   exits; the manager starts another one on another plug.
3. It opens a TCP connection to \`agentNetwork:agentPort\` and sends its first line:
   \`{"type":"startServiceResponse","messageID":17,"status":200,"serviceID":4,"token":"…"}\`
   A wrong token ends the link, and so does saying nothing for ten seconds. It has its start
   timeout for all this.
4. From then on it speaks for its own \`serviceID\` only (403). It must take \`connectionResponse\`,
   \`connectionCloseRequest\`, \`softShutdownRequest\` and \`serviceHealthRequest\`, and tells what
   the flows say. To reach another service it sends a connectionRequest:
   \`{"type":"connectionRequest","messageID":1,"serviceID":4,"sourcePlug":1,"destServiceName":"a"}\`
5. When the link to its agent ends, it may go on and dial again, for \`agentGraceMs\` at most: its
   first line is again that of step 3, with its open \`connections\`. Or it finishes what is in
   flight and exits.

[examples/python](../examples/python/hello.py) is a whole service, in 80 lines of Python.
`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function stepText(step: FlowStep): string {
  if ("does" in step) return `${step.actor} ${step.does}`;
  return `${`${step.from} → ${step.to}`.padEnd(17)} ${step.message}`;
}

function flowText(at: number): string {
  const flow = FLOWS[at];
  if (flow === undefined) return "";
  const steps = flow.steps.map(stepText).join("\n");
  return `### ${at + 1}. ${flow.title}\n\n${flow.doc}\n\n\`\`\`text\n${steps}\n\`\`\``;
}

function messageText(type: string, definition: MessageDefinition): string {
  const { direction, doc, answer, fields, ours } = definition;
  const rows = Object.entries(fields).map(([key, field]) => [
    `\`${key}\``,
    field.kind.name,
    field.optional ? "" : "yes",
    field.ours && ours === undefined ? "+" : "",
    field.doc,
  ]);
  return [
    `### ${type}${ours ? " +" : ""}`,
    `**${direction}.** ${doc}${answer === undefined ? "" : ` Answered by ${answer}.`}`,
    table(["field", "kind", "required", "+", "meaning"], rows),
  ].join("\n\n");
}

/** The kinds of values that the reference explains. */
export const EXPLAINED_KINDS: readonly string[] = Object.keys(KINDS);

/**
 * The reference of the protocol in Markdown, from which a service can be written in any language.
 *
 * @example
 * ```ts
 * import { renderReference } from "./reference.ts";
 * console.log(renderReference().includes("### connectionRequest")); // true
 * ```
 */
export function renderReference(): string {
  const statuses = Object.entries(STATUSES).map(([key, doc]) => {
    const code = Object.entries(STATUS).find(([name]) => name === key)?.[1] ?? 0;
    return [String(code), doc];
  });
  const messages = Object.entries<MessageDefinition>(MESSAGES);
  return [
    HEAD,
    WIRE,
    "## Status codes\n\nBy the classes of HTTP: 1xx information, 2xx done, 4xx the requester's " +
    "fault, 5xx the responder's fault.\nSMMP itself uses these:\n",
    `${table(["status", "meaning"], statuses)}\n`,
    "## Kinds of values\n",
    `${table(["kind", "what it is"], Object.entries(KINDS))}\n`,
    "## The nine flows\n\nA and B are services; each message between a service and the manager " +
    "goes through the service's own agent.\n",
    `${FLOWS.map((_, at) => flowText(at)).join("\n\n")}\n`,
    "## Messages\n",
    `${messages.map(([type, definition]) => messageText(type, definition)).join("\n\n")}\n`,
  ].join("\n");
}
