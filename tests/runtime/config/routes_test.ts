import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Route } from "../../../runtime/config/mesh_config.ts";
import { matchRoute, parseRouteKey } from "../../../runtime/config/routes.ts";

const ROUTES: readonly Route[] = [
  { path: "/greeter", service: "greeter", keepPrefix: false },
  { path: "/api", service: "api", keepPrefix: true },
  { path: "/api/admin", service: "admin", keepPrefix: false },
  { path: "/", host: "shop.example.com", service: "shop", keepPrefix: false },
  { path: "/api", host: "shop.example.com", service: "till", keepPrefix: false },
];

/** Where a request goes, in one line. */
function target(path: string, host = "localhost:8080"): string | undefined {
  const match = matchRoute(ROUTES, { host, path });
  return match && `${match.service} ${match.path}`;
}

Deno.test("matchRoute() strips the prefix unless the route keeps it", () => {
  assertEquals(target("/greeter/hello/Ada"), "greeter /hello/Ada");
  assertEquals(target("/greeter"), "greeter /");
  assertEquals(target("/greeter/"), "greeter /");
  assertEquals(target("/api/users"), "api /api/users");
});

Deno.test("matchRoute() takes the longest prefix, on the boundary of a segment", () => {
  assertEquals(target("/api/admin/users"), "admin /users");
  assertEquals(target("/api/administrator"), "api /api/administrator");
  assertEquals(target("/greeters"), undefined);
  assertEquals(target("/"), undefined);
});

Deno.test("matchRoute() prefers the routes of the host, whatever its spelling and port", () => {
  assertEquals(target("/greeter", "shop.example.com"), "shop /greeter");
  assertEquals(target("/api/admin", "SHOP.example.com.:443"), "till /admin");
  assertEquals(target("/greeter", "evil-shop.example.com"), "greeter /");
  assertEquals(target("/anything", "[::1]:8080"), undefined);
  assertEquals(target("/anything", ""), undefined);
});

Deno.test("matchRoute() takes a path that is spelt otherwise to the same service", () => {
  assertEquals(target("/%67reeter/x"), "greeter /x");
  assertEquals(target("/api/%61dmin/users"), "admin /users");
  assertEquals(target("/greeter/a%20b%2Fc"), "greeter /a%20b%2Fc");
  assertEquals(target("/greeter/%zz%"), "greeter /%zz%");
});

Deno.test("matchRoute() matches nothing that could be read as a way up", () => {
  const ways = ["..", "%2e%2e", ".%2E", ".", "%2e", "..%2fadmin", "..%5Cadmin", "..\\admin"];
  for (const way of ways) {
    assertEquals(target(`/api/${way}`), undefined, way);
    assertEquals(target(`/api/x/${way}/admin`), undefined, way);
  }
  assertEquals(target("/api/.\t./admin"), undefined);
  assertEquals(target("api"), undefined);
  assertEquals(target("/greeter/..."), "greeter /...");
  assertEquals(target("/greeter/.well-known/x.txt"), "greeter /.well-known/x.txt");
});

Deno.test("matchRoute() gives no service a path that could be read as a host", () => {
  assertEquals(target("/greeter//evil.example.com/x"), "greeter /evil.example.com/x");
  assertEquals(target("//evil.example.com/x", "shop.example.com"), "shop /evil.example.com/x");
});

Deno.test("matchRoute() agrees with the URL parser about the service, or matches nothing", () => {
  const piece = fc.constantFrom(
    "api",
    "admin",
    "greeter",
    "..",
    ".",
    "%2e",
    "%2f",
    "\\",
    "/",
    "%61",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const raw = `/${pieces.join("/")}`;
      const viaUrl = target(new URL(`http://localhost${raw}`).pathname);
      const direct = target(raw);
      assert(direct === undefined || direct.split(" ")[0] === viaUrl?.split(" ")[0], raw);
      assert(viaUrl === undefined || !viaUrl.includes(" //"), raw);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("parseRouteKey() reads a path, or a host and a path, into one spelling", () => {
  assertEquals(parseRouteKey("/"), { path: "/" });
  assertEquals(parseRouteKey("/api/"), { path: "/api" });
  assertEquals(parseRouteKey("Shop.Example.com/"), { host: "shop.example.com", path: "/" });
  assertEquals(parseRouteKey("[::1]/a"), { host: "[::1]", path: "/a" });
});

Deno.test("parseRouteKey() explains what it cannot use", () => {
  const problems: Record<string, string> = {
    "greeter": 'did you mean "/greeter"?',
    "shop.example.com": 'did you mean "shop.example.com/"?',
    "https://shop.example.com/": "without a scheme",
    "shop.example.com:443/": "without a port",
    "*.example.com/": "patterns",
    "-shop.example.com/": "expected a host",
    "greeter.mesh/": "inside the mesh",
    "/a/../b": '".."',
    "/a//b": "empty segments",
    "/a%20b": "percent-encoded",
    "/a?b": "without query",
  };
  for (const [key, part] of Object.entries(problems)) {
    const problem = parseRouteKey(key);
    assert(typeof problem === "string" && problem.includes(part), `${key}: ${problem}`);
  }
});

Deno.test("matchRoute() finds among many what it finds among few", () => {
  const segment = fc.constantFrom("a", "b", "ab", "", "A");
  const path = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
  const routePath = path.map((one) => one.replace(/\/+/g, "/").replace(/(?!^)\/$/, ""));
  const host = fc.constantFrom("a.test", "b.test", undefined);
  const route = fc.record({ host, path: routePath, service: fc.constantFrom("a", "b", "c") })
    .map(({ host, ...rest }) => ({ ...rest, keepPrefix: true, ...(host ? { host } : {}) }));
  // Their paths are no starts of the others', so they change nothing but the number of routes.
  const others = Array.from({ length: 10 }, (_, at) => {
    return { path: `/other-${at}`, service: "other", keepPrefix: true };
  });
  const asked = fc.record({ host: fc.constantFrom("a.test", "B.test:80", "c.test"), path });
  fc.assert(fc.property(fc.array(route, { maxLength: 4 }), asked, (few, request) => {
    assertEquals(matchRoute([...few, ...others], request), matchRoute(few, request));
  }));
});

Deno.test("matchRoute() takes no longer for a long path of many segments", () => {
  const routes = Array.from({ length: 1_000 }, (_, at) => {
    return { path: `/service-${at}`, service: `s${at}`, keepPrefix: false };
  });
  const path = `/service-7${"/".repeat(60_000)}`;
  assertEquals(matchRoute(routes, { host: "a.test", path })?.service, "s7");
  assertEquals(matchRoute(routes, { host: "a.test", path: "/".repeat(60_000) }), undefined);
});
