/** The same service as a program that knows nothing of a mesh. */

import work from "./work.ts";

const port = Number(Deno.env.get("PORT"));
Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, work.fetch);
