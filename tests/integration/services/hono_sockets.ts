/** A WebSocket as Hono's helper makes it. */

import { Hono } from "hono";
import { upgradeWebSocket } from "hono/deno";

const app = new Hono();
app.use(async (_context, next) => await next());
app.get(
  "/live",
  upgradeWebSocket(() => ({
    onOpen: (_event, socket) => socket.send("hello"),
    onMessage: (event, socket) => socket.send(`${event.data} ${socket.readyState}`),
    onClose: (event) => console.log(`closed ${event.code} ${event.reason}`),
  })),
);
export default app;
