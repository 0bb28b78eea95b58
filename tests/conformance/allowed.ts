/**
 * Every difference that a mesh may make, and why.
 *
 * @module
 */

import type { AllowedDifference } from "./differences.ts";

const ABSENT = { is: undefined };

/** What the gateway adds to every request; see docs/HTTP.md. */
const added = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-request-id",
].map((name): AllowedDifference => ({
  at: `body/headers/${name}`,
  reason: "the gateway says where a request comes from, and gives it a name",
}));

/** Headers between two neighbours. */
const hops = [
  "connection",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
].map((name): AllowedDifference => ({
  at: `body/headers/${name}`,
  mesh: ABSENT,
  reason: "RFC 9110 section 7.6.1: it is for the neighbour, who is the gateway",
}));

const named: AllowedDifference[] = [
  {
    of: /^request headers between two neighbours$/,
    at: "body/headers/x-named",
    mesh: ABSENT,
    reason: "RFC 9110 section 7.6.1: Connection names it",
  },
  {
    of: /^smuggling: names of framing as Connection has them$/,
    at: "body/headers/content-length",
    mesh: ABSENT,
    reason: "RFC 9110 section 7.6.1: Connection names it; the body goes on in pieces",
  },
  ...["keep-alive", "proxy-authenticate", "x-named"].map((name): AllowedDifference => ({
    of: /^response headers between two neighbours$/,
    at: `headers/${name}`,
    mesh: ABSENT,
    reason: "RFC 9110 section 7.6.1: it is for the neighbour, who is the gateway",
  })),
  {
    at: "headers/connection",
    reason: "whether a connection is kept is between a client and its server",
  },
];

const lengths: AllowedDifference[] = ["framing", "headers/*"].flatMap((at) => [
  {
    of: /^response of \d+ bytes, (streamed|as blob)$/,
    at,
    reason: "a stream that is whole before it is sent is told with its length, not in chunks",
  },
  {
    of: /^request of \d+ bytes, sent back$/,
    at,
    reason: "whether a body that is sent back is whole before its answer begins is a race",
  },
]);

/** Answers that the gateway gives itself, where the service alone would have answered. */
const refused = [
  {
    of: /^target "\/a\/\.\.%2fb"$/,
    reason: "a service could read the path as a way up, past the route that was chosen: 404",
  },
  {
    of: /^smuggling: a host with a (path|user)$/,
    reason: "a host that is more than a host would move the path: 400",
  },
  {
    of: /^smuggling: gzip before chunks$/,
    reason: "a service would not be told how the bytes are coded: 501",
  },
  {
    of: /^response with (a header of 100000 bytes|(300|1000) headers)$/,
    reason: "a head over the limits of a session, 64 KiB and 256 headers, is a failure: 500",
  },
].map((one): AllowedDifference => ({ ...one, at: "*" }));

/** What the companion of a program makes of a request. */
const programs: AllowedDifference[] = [
  {
    at: "body/headers/host",
    mesh: { is: "program.mesh" },
    reason: "a program has its own name in the mesh too, and HTTP/1.1 demands that it is told",
  },
  {
    at: "body/headers/content-length",
    mesh: { is: "0" },
    reason: "RFC 9110 section 8.6: of a method that expects a body, the length of none is told",
  },
  {
    of: /chunk|trailers|bodies$/,
    at: "body/headers/content-length",
    reason: "a short body is told with its length, since many a small server knows no chunks",
  },
  {
    of: /^smuggling: two equal lengths$/,
    at: "body/headers/content-length",
    mesh: { is: "5" },
    reason: "RFC 9112 section 6.3: a length that is said twice goes on once",
  },
  {
    of: /^expect /,
    at: "body/headers/expect",
    mesh: ABSENT,
    reason: "RFC 9110 section 10.1.1: it is for the next server, and the gateway has met it",
  },
  {
    of: /^smuggling: no host$/,
    at: "seen/0",
    reason: "a request without a host goes by another route, to the service of the other worlds",
  },
].map((one): AllowedDifference => ({ ...one, world: "program" }));

/** The list. */
export const ALLOWED: readonly AllowedDifference[] = [
  ...added,
  ...hops,
  ...named,
  ...lengths,
  ...refused,
  ...programs,
  {
    at: "body/headers/host",
    mesh: ABSENT,
    reason: "a service has its own name in the mesh; the host that was asked is forwarded",
  },
  {
    of: /^method HEAD$/,
    at: "headers/content-length",
    reason: "the report would be longer, by the headers that the gateway adds",
  },
  {
    of: /^HEAD of stream\?size=5$/,
    at: "headers/content-length",
    mesh: { is: "5" },
    reason: "a stream that is whole before it is sent is told with its length",
  },
  {
    of: /^method get$/,
    at: "body/method",
    mesh: { is: "GET" },
    reason: "the platform's Request takes get for GET",
  },
  {
    of: /^method get$/,
    at: "body/body",
    mesh: { is: null },
    reason: "the platform's Request takes get for GET, which has no body",
  },
  ...["headers/content-type", "body"].map((at): AllowedDifference => ({
    of: /^response of a service that throws$/,
    at,
    reason: "both say 500 and nothing of the error, each in words of its own",
  })),
  {
    of: /^target "\/a%(61|7E)b"$/,
    at: "body/target",
    reason: "RFC 3986 section 6.2.2.2: routes know one spelling of a path, so the service sees it",
  },
  {
    of: /^target "\/\/.*"$/,
    at: "body/target",
    reason: "with two slashes in front, a receiver could take the first segment for a host",
  },
  {
    of: /^smuggling: chunks /,
    at: "statuses/0",
    mesh: { is: 400 },
    reason: "a client whose body breaks is told so by the gateway, whatever the service says of it",
  },
  {
    of: /^target "\/a#b"$/,
    at: "body/target",
    mesh: { is: "/a" },
    reason: "a fragment is no part of what is asked of a server",
  },
];
