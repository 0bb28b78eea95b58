import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { closedTo, type ServiceConfig } from "../../../runtime/config/mesh_config.ts";
import {
  environmentOf,
  permissionFlags,
  permissionLists,
} from "../../../runtime/launcher/sandbox.ts";
import { withVariables } from "./variables.ts";

function serviceIn(folder: string): ServiceConfig {
  const permissions = {
    read: [folder],
    write: [folder],
    net: [],
    env: [],
    run: [],
    sys: [],
    ffi: [],
  };
  return {
    name: "greedy",
    entry: join(folder, "mod.ts"),
    plugs: [],
    idle: { connectionMs: 1, serviceMs: 1 },
    startTimeoutMs: 1,
    graceMs: 1,
    permissions,
    env: {},
  };
}

/** What a program may do under the flags of a service. */
async function tryAll(service: ServiceConfig, program: string): Promise<string[]> {
  const flags = permissionFlags(permissionLists(service, "SMMP_START"));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", ...flags, "-"],
    stdin: "piped",
    stdout: "piped",
    cwd: service.entry.slice(0, service.entry.lastIndexOf("/")),
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("closedTo() keeps a service out of what its permissions include", async () => {
  const folder = await Deno.makeTempDir();
  const secrets = join(folder, ".smmp");
  await Deno.mkdir(secrets);
  await Deno.writeTextFile(join(secrets, "admin.json"), "{}");
  await Deno.writeTextFile(join(folder, "own.txt"), "own");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const program = `
    const attempt = async (name, act) => {
      try { await act(); console.log(name, "done"); }
      catch (error) { console.log(name, error.name); }
    };
    await attempt("own", () => Deno.readTextFile(${JSON.stringify(join(folder, "own.txt"))}));
    await attempt("read", () => Deno.readTextFile(${JSON.stringify(join(secrets, "admin.json"))}));
    await attempt("write", () => Deno.writeTextFile(${JSON.stringify(join(secrets, "new"))}, ""));
    await attempt("dial", async () => (await Deno.connect({ port: ${port} })).close());
    await attempt("listen", () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close());
  `;
  const open = new Map([["greedy", serviceIn(folder)]]);
  const net = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  const closed = closedTo({ services: open }, { paths: [secrets], net });
  const before = ["own done", "read done", "write done", "dial done", "listen done"];
  const after = ["own done", "read NotCapable", "write NotCapable", "dial NotCapable"];
  for (
    const [services, expected] of [[open, before], [closed, [...after, "listen done"]]] as const
  ) {
    const service = services.get("greedy");
    assertEquals(service && await tryAll(service, program), expected);
  }
  listener.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("permissionLists() refuses who can't be kept from what is closed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const listsWith = (paths: readonly string[]) =>
    permissionLists({ ...serviceIn(folder), closed: { paths, net: [] } }, "SMMP_START");
  await Deno.symlink("/", join(folder, "a,b"));
  const comma = "a,b can't be closed to it: Deno takes permissions apart at a comma";
  assertThrows(() => listsWith(["/nowhere"]), Error, comma);
  await Deno.remove(join(folder, "a,b"));
  assertThrows(() => listsWith(["/nowhere,else"]), Error, "apart at a comma");
  for (const place of ["/", folder]) {
    assertThrows(() => listsWith([place]), Error, "is in a folder that is closed to all services");
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("permissionLists() takes an empty list of hosts of code for none", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const service = serviceIn(folder);
  const program = `
    // Nobody listens there: who may ask is told so.
    const told = await import("http" + "://localhost:1/mod.js").catch((error) => error.message);
    console.log(told.includes("Requires import access"));
  `;
  for (const [hosts, isRefused] of [[[], "true"], [["localhost:1"], "false"]] as const) {
    const permissions = { ...service.permissions, import: hosts };
    assertEquals(await tryAll({ ...service, permissions }, program), [isRefused]);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("permissionLists() lets nobody move what is closed to another name", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const [own, other] = [join(folder, "own"), join(folder, "other")];
  for (const path of ["own/var/data", "own/free/deep", "other", "data"]) {
    await Deno.mkdir(join(folder, path), { recursive: true });
  }
  await Deno.writeTextFile(join(own, "mod.ts"), "");
  // They lead nowhere, but to what is closed once they are in another folder.
  await Deno.symlink("../../data", join(own, "free/link"));
  await Deno.symlink("data", join(own, "free/deep/link"));
  const closed = { paths: [join(own, "var/data"), join(folder, "data")], net: [] };
  const program = `
    const move = (from, to) => {
      try {
        Deno.renameSync(from, to);
        console.log(from, "done");
        Deno.renameSync(to, from);
      } catch (error) {
        console.log(from, error.name);
      }
    };
    move("var", "var2");
    move("free", "free2");
    move("free/deep", "deep");
    move("free/link", "link");
    move("mod.ts", "mod2.ts");
    move(${JSON.stringify(own)}, ${JSON.stringify(join(other, "moved"))});
  `;
  const tryWith = async (write: readonly string[]) => {
    const service = serviceIn(own);
    const permissions = { ...service.permissions, read: [folder], write };
    return await tryAll({ ...service, permissions, closed }, program);
  };
  const refused = ["var", "free", "free/deep", "free/link"].map((name) => `${name} NotCapable`);
  assertEquals(await tryWith([own]), [...refused, "mod.ts done", `${own} NotCapable`]);
  assertEquals(await tryWith([own, other]), [...refused, "mod.ts NotCapable", `${own} NotCapable`]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("environmentOf() lets a service load packages where its user can", async () => {
  const authorities = {
    DENO_TLS_CA_STORE: "system",
    DENO_CERT: "/a.pem",
    NODE_EXTRA_CA_CERTS: "/b.pem",
    SSL_CERT_FILE: "/c.pem",
    SSL_CERT_DIR: "/d",
    NPM_CONFIG_REGISTRY: "https://npm.example",
  };
  await withVariables({ ...authorities, HTTPS_PROXY: "http://proxy.example" }, () => {
    const environment = environmentOf(serviceIn("/a"));
    const passed = Object.keys(authorities).map((name) => [name, environment[name]]);
    assertEquals(Object.fromEntries(passed), authorities);
    assertEquals(environment.HTTPS_PROXY, undefined);
    return Promise.resolve();
  });
});

Deno.test("permissionLists() looks at a bounded part of what may be written", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const { readDirSync } = Deno;
  try {
    for (let number = 0; number < 5_000; number += 1) {
      Deno.mkdirSync(`${folder}/much/${number}`, { recursive: true });
    }
    const { permissions, ...service } = serviceIn(`${folder}/own`);
    let looks = 0;
    Deno.readDirSync = (path) => {
      looks += 1;
      return readDirSync(path);
    };
    const writing = { ...permissions, read: [], write: [`${folder}/much`] };
    permissionLists({
      ...service,
      permissions: writing,
      closed: { paths: [`${folder}/data`], net: [] },
    }, "SMMP_START");
    assertEquals(looks < 4_500, true, `${looks} folders`);
  } finally {
    Deno.readDirSync = readDirSync;
    await Deno.remove(folder, { recursive: true });
  }
});
