/**
 * Finds a route among many. A mesh of many hosts may have thousands, and every request asks.
 *
 * @module
 */

import type { Route } from "./mesh_config.ts";

/** The routes of one host, or of any, by their paths. */
interface PathTable {
  readonly byPath: Map<string, Route>;
  /** The longest path, in characters: what is longer in a request can't be one. */
  longest: number;
}

/** Lists of routes do not change; a new list is a new index. */
const indexes = new WeakMap<readonly Route[], ReadonlyMap<string, PathTable>>();

/**
 * The route of a request, as `matchRoute` means it.
 *
 * @param routes The list; it must not change afterwards.
 * @param request The host in lower case without a port, and the path in its only spelling.
 */
export function findRoute(
  routes: readonly Route[],
  { host, path }: { host: string; path: string },
): Route | undefined {
  let index = indexes.get(routes);
  if (index === undefined) {
    index = indexOf(routes);
    indexes.set(routes, index);
  }
  // No host is empty, so that is the name of those for any.
  return findIn(index.get(host), path) ?? findIn(index.get(""), path);
}

function indexOf(routes: readonly Route[]): ReadonlyMap<string, PathTable> {
  const index = new Map<string, PathTable>();
  for (const route of routes) {
    const { host = "", path } = route;
    const table = index.get(host) ?? { byPath: new Map<string, Route>(), longest: 0 };
    index.set(host, table);
    if (!table.byPath.has(path)) table.byPath.set(path, route);
    table.longest = Math.max(table.longest, path.length);
  }
  return index;
}

/** The longest path of a table that is the start of a path, up to the boundary of a segment. */
function findIn(table: PathTable | undefined, path: string): Route | undefined {
  if (table === undefined) return undefined;
  const { byPath, longest } = table;
  let end = path.length <= longest ? path.length : path.lastIndexOf("/", longest);
  for (; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const route = byPath.get(path.slice(0, end));
    if (route !== undefined) return route;
  }
  return byPath.get("/");
}
