import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { problemParts } from "../../../runtime/problem.ts";
import {
  type ColdServices,
  type Navigation,
  WaitingPages,
  type WaitingPagesOptions,
} from "../../../runtime/gateway/cold/waiting_pages.ts";
import type { ResponseParts } from "../../../runtime/sessions/session.ts";

const NAVIGATION: Navigation = { isHead: false, path: "/", search: "", limits: {} };

/** Services that are reached when the test says so. */
class Services implements ColdServices {
  readonly waits: PromiseWithResolvers<ResponseParts | undefined>[] = [];
  isThere = false;

  isReachable(): boolean {
    return this.isThere;
  }

  reach(): Promise<ResponseParts | undefined> {
    const wait = Promise.withResolvers<ResponseParts | undefined>();
    this.waits.push(wait);
    return wait.promise;
  }
}

/** Pages that are shown at once. */
function pagesOf(services: ColdServices, options: Partial<WaitingPagesOptions> = {}) {
  return new WaitingPages({ services, patienceMs: 0, ...options });
}

async function open(pages: WaitingPages, navigation: Partial<Navigation> = {}): Promise<Response> {
  const response = await pages.answer("shop", { ...NAVIGATION, ...navigation });
  assert(response !== undefined, "it was passed on");
  return response;
}

Deno.test("WaitingPages passes on at once what is for a service that is there", async () => {
  const services = new Services();
  services.isThere = true;
  assertEquals(await pagesOf(services).answer("shop", NAVIGATION), undefined);
  assertEquals(services.waits.length, 0);
});

Deno.test("WaitingPages shows none for a service that is there soon", async () => {
  const services = new Services();
  const answer = pagesOf(services, { patienceMs: 60_000 }).answer("shop", NAVIGATION);
  services.waits[0]?.resolve(undefined);
  assertEquals(await answer, undefined);
});

Deno.test("WaitingPages answers 503 with a page that ends when the service is there", async () => {
  const services = new Services();
  const response = await open(pagesOf(services), { path: "/a/b", search: "?c=%22&d" });
  const { status, headers } = response;
  assertEquals([status, headers.get("retry-after")], [503, "2"]);
  assertEquals(headers.get("cache-control"), "no-store, no-transform");
  const policy = headers.get("content-security-policy") ?? "";
  const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1];
  services.waits[0]?.resolve(undefined);
  const html = await response.text();
  assertStringIncludes(html, "<h1>Starting shop</h1>");
  assertStringIncludes(html, `<script nonce="${nonce}">setTimeout(()=>location.reload(),0)`);
  assertStringIncludes(html, 'http-equiv="refresh" content="0;url=./b?c=%22&amp;d"');
  assert(html.endsWith("</html>\n"));
});

Deno.test("WaitingPages waits once for all, and on when all that asked have gone", async () => {
  const services = new Services();
  const pages = pagesOf(services);
  const first = await open(pages);
  await first.body?.cancel();
  const second = await open(pages);
  assertEquals(services.waits.length, 1);
  services.waits[0]?.resolve(undefined);
  assertStringIncludes(await second.text(), "location.reload()");
  // Whoever asks when the wait is over begins the next.
  await (await open(pages)).body?.cancel();
  assertEquals(services.waits.length, 2);
});

Deno.test("WaitingPages says why a service did not start, and asks no more", async () => {
  const services = new Services();
  const response = await open(pagesOf(services));
  const detail = 'Cannot start "shop": <script>alert(1)</script> & more';
  services.waits[0]?.resolve(problemParts({ status: 503, detail }));
  const html = await response.text();
  assertStringIncludes(html, 'role="alert"><h1>shop is not available</h1>');
  assertStringIncludes(html, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more");
  assert(!html.includes("setTimeout") && !html.includes("http-equiv"), html);
});

Deno.test("WaitingPages tells a failure that is known at once with its own status", async () => {
  const services = new Services();
  const pages = pagesOf(services, { patienceMs: 60_000 });
  const answers = [open(pages), open(pages, { isHead: true })];
  const problem = { status: 504, detail: "Cannot reach it: <why>", retryAfterSeconds: 7 };
  services.waits[0]?.resolve(problemParts(problem));
  const [page, head] = await Promise.all(answers);
  for (const { status, headers } of [page, head].filter((one) => one !== undefined)) {
    assertEquals([status, headers.get("retry-after")], [504, "7"]);
  }
  assertStringIncludes(await page?.text() ?? "", "Cannot reach it: &lt;why&gt;");
  assertEquals(await head?.text(), "");
});

Deno.test("WaitingPages answers HEAD like GET, without the page", async () => {
  const response = await open(pagesOf(new Services()), { isHead: true });
  assertEquals([response.status, response.headers.get("retry-after")], [503, "2"]);
  assertEquals(await response.text(), "");
});

Deno.test("WaitingPages holds so many pages open, and has others ask again later", async () => {
  const pages = pagesOf(new Services(), { openMax: 1 });
  const first = await open(pages);
  assertStringIncludes(await (await open(pages)).text(), "location.reload(),5000)");
  await first.body?.cancel();
  const next = await open(pages);
  pages.close();
  assertStringIncludes(await next.text(), "location.reload(),1000)");
  assertStringIncludes(await (await open(pages)).text(), "location.reload(),5000)");
});

Deno.test("WaitingPages says how long it has been, and ends a page after its time", async () => {
  const response = await open(pagesOf(new Services(), { openMs: 1_500 }));
  const html = await response.text();
  assertStringIncludes(html, "<span>1s so far</span>");
  assertStringIncludes(html, "location.reload(),0)");
});

Deno.test("WaitingPages leads nowhere else, whatever was asked for", async () => {
  for (const path of ["//evil.test/", "/a/javascript:alert(1)", '/"><b>', "/https://evil.test"]) {
    const services = new Services();
    const response = await open(pagesOf(services), { path });
    services.waits[0]?.resolve(undefined);
    const html = await response.text();
    const address = /content="0;url=([^"]*)"/.exec(html)?.[1] ?? "";
    const base = new URL(`http://shop.test${path}`);
    assertEquals(
      new URL(
        address.replaceAll("&quot;", '"').replaceAll("&gt;", ">")
          .replaceAll("&lt;", "<"),
        base,
      ).href,
      base.href,
    );
  }
});
