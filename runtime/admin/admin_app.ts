/**
 * The admin API of a mesh: looks into it, and changes what runs in it.
 *
 * @module
 */

import { Hono } from "hono";
import { isName } from "../../protocol/manifest.ts";
import { problemResponse } from "../problem.ts";
import type { AdminBackend } from "./admin_backend.ts";
import { guardRequest } from "./admin_guard.ts";
import { type AdminCall, createOperations } from "./admin_operations.ts";
import { readQuery, readWhole } from "./admin_query.ts";
import {
  OPERATION_NAMES,
  type OperationName,
  OPERATIONS,
  type OperationSpec,
} from "./operations.ts";

/** Options of {@linkcode createAdminApp}. */
export interface AdminAppOptions {
  /** What changes something must carry it as a bearer token. */
  readonly token: string;
  /**
   * Names and addresses, beside those of the loopback, by which it may be called. A request by one
   * of them, or from another machine, needs the token even to read.
   *
   * @default {[]}
   */
  readonly hosts?: readonly string[];
  /** Whether another token is as good now. @default {() => false} */
  readonly accepts?: (token: string) => boolean;
  /** Ends the event streams when it aborts, so that the server can stop. */
  readonly signal?: AbortSignal;
  /** The time between two heartbeats of an event stream. Milliseconds. @default {15_000} */
  readonly heartbeatMs?: number;
}

/** What `Deno.serve` tells of a request. */
export interface AdminBindings {
  /** Where it comes from. */
  readonly remoteAddr?: Deno.Addr;
}

/** The admin API, ready to be served. */
export interface AdminApp {
  /**
   * Answers a request.
   *
   * @param request The request.
   * @param bindings What is known of its sender; without it, it counts as one of this machine.
   */
  fetch(request: Request, bindings?: AdminBindings): Response | Promise<Response>;
}

/**
 * Makes the admin API.
 *
 * @param backend The manager.
 * @param options Its token, port and hosts.
 * @returns The API. Give its `fetch` to `Deno.serve` as it is, so that it learns the address of the
 * sender.
 */
export function createAdminApp(
  backend: AdminBackend,
  options: AdminAppOptions,
): AdminApp {
  const { token, hosts = [], accepts = () => false } = options;
  const operations = createOperations(backend, options);
  const app = new Hono<{ Bindings: AdminBindings }>();
  app.use("*", async (context, next) => {
    const remoteHostname = hostnameOf(context.env?.remoteAddr);
    const refusal = guardRequest(context.req.raw, { token, accepts, hosts, remoteHostname });
    if (refusal === undefined) await next();
    else context.res = refusal;
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
  });
  for (const name of OPERATION_NAMES) {
    const { method, path }: OperationSpec = OPERATIONS[name];
    app.on(method, routeOf(path), (context) => {
      const call = readCall(context.req.raw, {
        operation: name,
        id: context.req.param("id"),
        name: context.req.param("name"),
      });
      return call instanceof Response ? call : operations[name](call);
    });
  }
  for (const name of OPERATION_NAMES) {
    const { method, path }: OperationSpec = OPERATIONS[name];
    app.all(routeOf(path), (context) => methodNotAllowed(context.req.raw, method.toUpperCase()));
  }
  app.notFound((context) => {
    const detail = `Cannot find "${context.req.path}": /openapi.json tells what there is`;
    return problemResponse({ status: 404, detail });
  });
  app.onError((error) => {
    console.error(error);
    return problemResponse({ status: 500, detail: "Cannot answer: see the log of the mesh" });
  });
  return app;
}

function routeOf(path: string): string {
  return path.replace("{id}", ":id").replace("{name}", ":name");
}

function hostnameOf(address: Deno.Addr | undefined): string | undefined {
  return address !== undefined && "hostname" in address ? address.hostname : undefined;
}

function methodNotAllowed(request: Request, allowed: string): Response {
  const detail = `Cannot ${request.method} "${new URL(request.url).pathname}": use ${allowed}`;
  const response = problemResponse({ status: 405, detail });
  response.headers.set("allow", allowed === "GET" ? "GET, HEAD" : allowed);
  return response;
}

/** What stands in the place of a parameter of the path. */
interface PathValues {
  readonly operation: OperationName;
  readonly id: string | undefined;
  readonly name: string | undefined;
}

/** Reads what is in the path and the query, or refuses it. */
function readCall(request: Request, { operation, id, name }: PathValues): AdminCall | Response {
  const { searchParams, pathname } = new URL(request.url);
  const number = id === undefined ? 0 : readWhole(id, 1);
  if (number === undefined || (name !== undefined && !isName(name))) {
    const expected = number === undefined ? "a number" : "a name";
    const detail = `Cannot use "${pathname}": expected ${expected}, as the lists tell it`;
    return problemResponse({ status: 400, detail });
  }
  const query = readQuery(searchParams, OPERATIONS[operation].parameters);
  if (typeof query === "string") return problemResponse({ status: 400, detail: query });
  return { request, query, id: number, name: name ?? "" };
}
