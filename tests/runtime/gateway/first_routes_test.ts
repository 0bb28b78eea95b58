import { assertEquals } from "@std/assert";
import type { Route } from "../../../runtime/config/mesh_config.ts";
import { FirstRoutes } from "../../../runtime/gateway/cold/first_routes.ts";

const ROUTES: readonly Route[] = [{ path: "/echo", service: "echo", keepPrefix: false }];

Deno.test("FirstRoutes gives what becomes known to who waits, and to who comes then", async () => {
  const routes = new FirstRoutes();
  const waiting = [routes.get(), routes.get()];
  routes.set(ROUTES);
  assertEquals(await Promise.all(waiting), [ROUTES, ROUTES]);
  assertEquals(routes.get(), ROUTES);
  routes.set([]);
  assertEquals(routes.get(), []);
});

Deno.test("FirstRoutes lets a bounded number wait, for a bounded time", async () => {
  const routes = new FirstRoutes({ waitMs: 1, waitingMax: 1 });
  const waiting = routes.get();
  assertEquals(routes.get(), undefined);
  assertEquals(await waiting, undefined);
});

Deno.test("FirstRoutes that are closed let nobody wait", async () => {
  const routes = new FirstRoutes();
  const waiting = routes.get();
  routes.close();
  assertEquals(await waiting, undefined);
  assertEquals(routes.get(), undefined);
});
