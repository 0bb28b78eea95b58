/** The subject as a program that knows of no mesh: an HTTP server on the port that it is told. */

import subject from "./subject.ts";

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.env.get("PORT")),
  onListen: () => {},
  // What the subject throws on purpose is not for the output of the tests.
  onError: () => new Response("Internal Server Error", { status: 500 }),
}, subject.fetch);
