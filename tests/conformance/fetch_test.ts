import { assert, assertEquals } from "@std/assert";
import { askText } from "./case.ts";
import { type AllowedDifference, differencesOf, isAllowed } from "./differences.ts";
import { fetches } from "./services/fetches.ts";
import { IS_OLD_DENO, startWorlds } from "./worlds.ts";

const ABSENT = { is: undefined };

/** Every difference that a session may make for a program, and why. */
const ALLOWED: readonly AllowedDifference[] = [
  ...["accept", "accept-encoding", "accept-language", "user-agent"].map((name) => ({
    at: `text/headers/${name}`,
    mesh: ABSENT,
    reason: "the mesh adds nothing that the program has not said",
  })),
  {
    at: "text/headers/host",
    mesh: ABSENT,
    reason: "the name of the service is in the URL",
  },
  {
    at: "text/headers/content-length",
    mesh: ABSENT,
    reason: "a request that a program makes is told with its end, not with its length",
  },
  {
    at: "text/headers/transfer-encoding",
    mesh: ABSENT,
    reason: "there are no chunks in a session",
  },
  {
    at: "text/body",
    mesh: { is: null },
    reason: "a body that there is not is none, not one of no bytes",
  },
  {
    at: "headers/content-length",
    reason: "the report is shorter, by the headers above; no body is told without a length",
  },
  {
    at: "hasBody",
    mesh: { is: false },
    reason: "a body that there is not is none, not one of no bytes",
  },
  {
    at: "stream?size=5/headers/transfer-encoding",
    mesh: ABSENT,
    reason: "there are no chunks in a session",
  },
  {
    at: "type",
    mesh: { is: "default" },
    reason: "no constructor can say basic, and nothing on a server asks for it",
  },
  {
    at: "gzip/text",
    reason: "what a service has encoded stays so, that a relay may pass it on; nobody asks for it",
  },
  {
    at: "broken",
    mesh: { is: "SessionBrokenError" },
    reason: "the error says in its name whether the request may be sent again",
  },
];

const NAME = "fetch() from a service to a service is like fetch() to a server";

Deno.test({ name: NAME, ignore: IS_OLD_DENO }, async () => {
  await using worlds = await startWorlds();
  const [gateway] = worlds.meshed;
  assert(gateway !== undefined);
  const direct = await fetches(`http://127.0.0.1:${worlds.direct.port}`, "test");
  const mesh = JSON.parse(await askText({ ...gateway, host: "fetcher.test" }, "/"));
  const unused = new Set(ALLOWED);
  const forbidden = differencesOf(direct, mesh).filter((difference) => {
    const allowed = ALLOWED.filter((one) => isAllowed("fetch", difference, one));
    for (const one of allowed) unused.delete(one);
    return allowed.length === 0;
  });
  assertEquals([forbidden, [...unused]], [[], []]);
});
