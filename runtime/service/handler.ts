import { inTurns } from "./turns.ts";

/** What answers the requests of a service. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

function hasFetch(value: unknown): value is { fetch: FetchHandler } {
  return (typeof value === "object" || typeof value === "function") && value !== null &&
    "fetch" in value && typeof value.fetch === "function";
}

/**
 * The handler of a service's default export.
 *
 * @throws {TypeError} when the export is not `{ fetch(request) }`.
 *
 * @example
 * ```ts
 * import { fetchOf } from "./handler.ts";
 * const handler = fetchOf({ fetch: () => new Response("hello") }, "greeter");
 * console.log(await (await handler(new Request("http://greeter.mesh/"))).text());
 * ```
 */
export function fetchOf(service: unknown, name: string): FetchHandler {
  if (!hasFetch(service)) {
    throw new TypeError(
      `Cannot serve "${name}": its default export must be an object with fetch(request)`,
    );
  }
  return inTurns((request) => service.fetch(request));
}
