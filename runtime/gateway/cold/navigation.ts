/**
 * Whether a request is that of a person who opens a page, and would rather see something.
 *
 * @module
 */

/** What a person's browser does not send, or not with this value, when it opens a page. */
const FETCH_METADATA = [["sec-fetch-mode", "navigate"], ["sec-fetch-dest", "document"]] as const;

/**
 * Whether a browser opens a page with this request: GET or HEAD, and `accept` wants HTML more than
 * anything else that it names. Browsers say it in `sec-fetch-*` too where the connection is secure
 * or to the machine itself; then what a script fetches is none, whatever it accepts.
 *
 * @example
 * ```ts
 * import { isNavigation } from "./navigation.ts";
 * const headers = { accept: "text/html,application/xhtml+xml;q=0.9,*\/*;q=0.8" };
 * console.log(isNavigation(new Request("http://shop.test/", { headers }))); // true
 * ```
 */
export function isNavigation({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  if (headers.get("x-requested-with") !== null) return false;
  return prefersHtml(headers.get("accept") ?? "") && FETCH_METADATA.every(([name, expected]) => {
    const found = headers.get(name);
    return found === null || found === expected;
  });
}

/** Whether HTML is named, and nothing that is named is wanted more; of equals the first counts. */
function prefersHtml(accept: string): boolean {
  let best = 0;
  let isHtml = false;
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (type.endsWith("/*")) continue;
    const weight = weightOf(parameters);
    if (weight <= best) continue;
    best = weight;
    isHtml = type === "text/html" || type === "application/xhtml+xml";
  }
  return isHtml;
}

function weightOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const weight = text === undefined ? 1 : Number(text);
  return weight >= 0 && weight <= 1 ? weight : 0;
}
