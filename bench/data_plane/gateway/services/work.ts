/**
 * The work that every proxy of the benchmark stands in front of: one Hono app, as a service of a
 * mesh and under `Deno.serve`.
 *
 * @module
 */

import { Hono } from "hono";

/** What the app answers with 64 KiB: bytes of every value. */
export const LARGE_BYTES: number = 65_536;

const large = Uint8Array.from({ length: LARGE_BYTES }, (_, index) => index * 31);
const app = new Hono();

app.get("/small", (context) => context.json({ id: 1234567, name: "widget", price: 9.99 }));
app.get("/large", () => {
  return new Response(large, { headers: { "content-type": "application/octet-stream" } });
});
app.post("/upload", async (context) => {
  return context.json({ bytes: (await context.req.arrayBuffer()).byteLength });
});
app.get("/pid", (context) => context.text(String(Deno.pid)));

export default app;
