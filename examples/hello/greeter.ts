/** Greets, and says how often: a plain Hono app that knows nothing of the mesh but a name. */
import { Hono } from "hono";

const app = new Hono();

app.get("/", (context) => context.text("Try /greeter/hello/Ada\n"));

app.get("/hello/:name", async (context) => {
  const name = context.req.param("name");
  const response = await fetch(`http://counter.mesh/visits/${encodeURIComponent(name)}`, {
    method: "POST",
  });
  if (!response.ok) return context.text(`Hello, ${name}! (I lost count.)\n`);
  const { visits }: { visits: number } = await response.json();
  return context.text(`Hello, ${name}! This is visit ${visits}.\n`);
});

export default app;
