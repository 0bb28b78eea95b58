import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { withBrowser } from "../meshes/browser.ts";
import {
  DEADLINE_MS,
  type MeshOptions,
  type MeshProcess,
  startMesh,
} from "../meshes/mesh_process.ts";
import { MORTAL_SIGNALS } from "../meshes/mortal_signals.ts";

const HTML = { headers: { accept: "text/html,*/*;q=0.8" } };

/** What services wait for while they start, and how each of them goes on. */
class Gate implements AsyncDisposable {
  readonly #opened = Promise.withResolvers<string>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async () => new Response(await this.#opened.promise),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Lets the services go on: ready, or with an error. */
  open(word: "ready" | "broken"): void {
    this.#opened.resolve(word);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open("ready");
    await this.#server.shutdown();
  }
}

/** A mesh with a shop that starts when the gate lets it. */
function startShop(gate: Gate, options: MeshOptions = {}): Promise<MeshProcess> {
  const shop = `
    const word = await (await fetch(${JSON.stringify(gate.url)})).text();
    if (word === "broken") throw new Error("no <shop> today");
    const headers = { "content-type": "text/html" };
    export default {
      fetch: ({ url, method }: Request) =>
        new Response("<h1>Welcome</h1>" + method + url, { headers }),
    };
  `;
  const service = { entry: "./shop.ts", startTimeout: "2m", cold: "page" };
  return startMesh({
    ...options,
    services: { shop: service },
    routes: { "/shop": "shop", "/patient": { service: "shop", cold: "wait" } },
    files: { "shop.ts": shop },
  });
}

/** Opens a page, which shows that the shop is being started. */
async function openShop(
  browser: Browser,
  { mesh, path, ...options }: BrowserContextOptions & { mesh: MeshProcess; path: string },
) {
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const response = await page.goto(`${mesh.gatewayUrl}${path}`, { waitUntil: "commit" });
  assertEquals(response?.status(), 503);
  await page.locator("h1", { hasText: "Starting shop" }).waitFor();
  return page;
}

Deno.test('cold: "page" shows a page that becomes what was asked for by itself', async () => {
  await withBrowser(async (browser) => {
    await using gate = new Gate();
    await using mesh = await startShop(gate);
    const path = "/shop/a/b?c=%20d&e#place";
    const page = await openShop(browser, { mesh, path });
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    const plain = await openShop(browser, { mesh, path, javaScriptEnabled: false });
    await page.locator("text=/^[1-9]\\d*s so far$/").waitFor();
    assertEquals(await page.locator('[role="status"]').count(), 1);
    gate.open("ready");
    for (const one of [page, plain]) {
      await one.locator("h1", { hasText: "Welcome" }).waitFor();
      const text = await one.locator("body").textContent() ?? "";
      assertStringIncludes(text, "GEThttp://shop.mesh/a/b?c=%20d&e");
    }
    assertEquals(page.url(), `${mesh.gatewayUrl}${path}`);
    // Without a script the browser knows of no place in the page any more.
    assertEquals(plain.url(), `${mesh.gatewayUrl}${path}`.replace("#place", ""));
    assertEquals(errors, []);
    assertEquals((await mesh.times(1, "instanceStarted", { service: "shop" })).length, 1);
  });
});

Deno.test('cold: "page" tells why a service did not start, on the page that waits', async () => {
  await withBrowser(async (browser) => {
    await using gate = new Gate();
    await using mesh = await startShop(gate);
    const page = await openShop(browser, { mesh, path: "/shop", javaScriptEnabled: false });
    gate.open("broken");
    const failure = page.locator('[role="alert"]');
    await failure.waitFor();
    assertStringIncludes(await failure.textContent() ?? "", "no <shop> today");
    assert(await page.locator("h1", { hasText: "Starting" }).isHidden());
  });
});

Deno.test('cold: "page" outlives a gateway that ends without a word', async () => {
  await withBrowser(async (browser) => {
    await using gate = new Gate();
    const main = new URL("../meshes/mortal_mesh.ts", import.meta.url).pathname;
    await using mesh = await startShop(gate, { main });
    const page = await openShop(browser, { mesh, path: "/shop" });
    const place = mesh.events.length;
    mesh.signal(MORTAL_SIGNALS.gateway);
    await mesh.event("instanceRegistered", { service: "gateway" }, place);
    gate.open("ready");
    await page.locator("h1", { hasText: "Welcome" }).waitFor();
  });
});

Deno.test('cold: "page" is for who opens a page, and the start goes on without', async () => {
  await using gate = new Gate();
  await using mesh = await startShop(gate);
  const page = await mesh.fetch("/shop", HTML);
  assertEquals([page.status, page.headers.get("retry-after")], [503, "2"]);
  await page.body?.cancel();
  const waiting = [
    mesh.fetch("/shop"),
    mesh.fetch("/shop", { ...HTML, method: "POST" }),
    mesh.fetch("/patient", HTML),
    mesh.fetch("/shop", { headers: { ...HTML.headers, "sec-fetch-mode": "cors" } }),
  ];
  const head = await mesh.fetch("/shop", { ...HTML, method: "HEAD" });
  assertEquals([head.status, await head.text()], [503, ""]);
  gate.open("ready");
  for (const response of await Promise.all(waiting)) {
    assertEquals(response.status, 200);
    assertStringIncludes(await response.text(), "Welcome");
  }
  assertEquals((await mesh.fetch("/shop", { ...HTML, method: "HEAD" })).status, 200);
});

Deno.test('cold: "page" holds up no end of the mesh', async () => {
  await using gate = new Gate();
  await using mesh = await startShop(gate);
  const page = await mesh.fetch("/shop", HTML);
  mesh.signal("SIGINT");
  assertStringIncludes(await page.text(), "location.reload(),1000)");
  assertEquals((await mesh.ended()).code, 0);
});
