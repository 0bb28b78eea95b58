/**
 * The work under `Deno.serve`; prints its port.
 *
 * @module
 */

import app from "./services/work.ts";

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(JSON.stringify({ port })),
}, app.fetch);
