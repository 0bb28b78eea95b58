import { assertEquals } from "@std/assert";
import { isNavigation } from "../../../runtime/gateway/cold/navigation.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
const METADATA = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

const CASES: readonly [what: string, is: boolean, headers: Record<string, string>][] = [
  ["a browser", true, { accept: BROWSER }],
  ["a browser that says so", true, { accept: BROWSER, ...METADATA }],
  ["HTML alone", true, { accept: "text/html" }],
  ["XHTML, in capitals", true, { accept: "Application/XHTML+xml; q=0.7" }],
  ["the better of two", true, { accept: "application/json;q=0.5, text/html;q=0.6" }],
  ["a frame", false, { accept: BROWSER, ...METADATA, "sec-fetch-dest": "iframe" }],
  ["fetch() for HTML", false, { accept: "text/html", "sec-fetch-mode": "cors" }],
  ["XMLHttpRequest", false, { accept: "text/html", "x-requested-with": "XMLHttpRequest" }],
  ["fetch()", false, { accept: "*/*" }],
  ["any text", false, { accept: "text/*" }],
  ["nothing", false, {}],
  ["JSON", false, { accept: "application/json" }],
  ["JSON first", false, { accept: "application/json, text/html" }],
  ["JSON rather", false, { accept: "text/html;q=0.5, application/json" }],
  ["no HTML", false, { accept: "text/html;q=0" }],
  ["garbage", false, { accept: ";;q=,text/html;q=x,,q=1" }],
  ["a weight beyond all", false, { accept: "text/html;q=7" }],
];

Deno.test("isNavigation() tells who opens a page from who fetches something", () => {
  for (const [what, is, headers] of CASES) {
    for (const method of ["GET", "HEAD"]) {
      assertEquals(isNavigation({ method, headers: new Headers(headers) }), is, what);
    }
  }
});

Deno.test("isNavigation() takes what changes something for none", () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    assertEquals(isNavigation({ method, headers: new Headers({ accept: BROWSER }) }), false);
  }
});
