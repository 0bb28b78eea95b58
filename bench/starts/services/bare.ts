/**
 * The service of the bench without a mesh: what a cold request is compared with. It says when it
 * listens, so that the first request to it is as early as can be.
 *
 * @module
 */

import app from "../../../examples/hello/greeter.ts";

const port = Number(Deno.args[0]);
Deno.serve({ hostname: "127.0.0.1", port, onListen: () => console.log("listening") }, app.fetch);
