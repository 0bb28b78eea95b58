/**
 * What each operation of the admin API does.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import { isDone } from "../../protocol/status.ts";
import type { ManagerCommand } from "../../roles/manager/state.ts";
import { isDetail } from "../history/describe_fact.ts";
import { problemResponse } from "../problem.ts";
import { FACT_KINDS } from "../store/fact_text.ts";
import { streamLogs } from "../output/log_stream.ts";
import { streamTap } from "../tap/tap_stream.ts";
import type { AdminBackend } from "./admin_backend.ts";
import { type AdminQuery, readWhole } from "./admin_query.ts";
import { streamEvents } from "./event_stream.ts";
import { viewFacts } from "./views/history_view.ts";
import { readJsonBody } from "./json_body.ts";
import type { OperationName } from "./operations.ts";
import {
  isoTime,
  viewAgents,
  viewConnections,
  viewInstance,
  viewInstances,
} from "./views/registry_view.ts";
import { viewServices } from "./views/service_view.ts";
import { viewStarts } from "./views/starts_view.ts";
import type { StateView } from "./views/view.ts";

/** What happened and why; what is left out are details. */
const TELLING_KINDS = FACT_KINDS.filter((kind) => !isDetail({ kind }));

/** Most event streams at a time. */
export const EVENT_STREAMS_MAX = 32;

/** A request that was let in, in the parts that operations use. */
export interface AdminCall {
  /** The request. */
  readonly request: Request;
  /** Its query. */
  readonly query: AdminQuery;
  /** The number in its path; 0 where there is none. */
  readonly id: number;
  /** The name in its path; empty where there is none. */
  readonly name: string;
}

/** Answers a call. */
export type AdminOperation = (call: AdminCall) => Response | Promise<Response>;

/** What the operations need beside the mesh. */
export interface OperationOptions {
  /** Ends the event streams when it aborts. */
  readonly signal?: AbortSignal;
  /** The time between two heartbeats of an event stream. Milliseconds. */
  readonly heartbeatMs?: number;
}

/** Makes every operation of the table. */
export function createOperations(
  backend: AdminBackend,
  options: OperationOptions,
): Readonly<Record<OperationName, AdminOperation>> {
  return {
    getState: ({ query }) => Response.json(viewState(backend, query)),
    listAgents: ({ query }) => Response.json(viewAgents(backend.registry(), query)),
    drainAgent: ({ name }) => command(backend, { kind: "drainAgent", agent: name }),
    undrainAgent: ({ name }) => command(backend, { kind: "undrainAgent", agent: name }),
    listServices: ({ query }) =>
      Response.json(viewServices(backend.registry(), { ...query, nowMs: Date.now() })),
    restartService: ({ name }) => command(backend, { kind: "restartService", service: name }),
    resetService: ({ name }) => command(backend, { kind: "resetService", service: name }),
    listInstances: ({ query }) =>
      Response.json(viewInstances(backend.registry(), { ...query, now: backend.now?.() })),
    getInstance: ({ id }) => getInstance(backend, id),
    stopInstance: (call) => stopInstance(backend, call),
    listConnections: ({ query }) => Response.json(viewConnections(backend.registry(), query)),
    closeConnection: ({ id }) => command(backend, { kind: "closeConnection", connectionID: id }),
    listStarts: ({ query }) => Response.json(viewStarts(backend.store, query)),
    listHistory: ({ query }) => listHistory(backend, query),
    streamEvents: createEventStreams(backend, options),
    readLogs: createLogStreams(backend, options),
    tapMessages: createTaps(backend, options),
    checkHealth: () => Response.json({ status: "ok", problem: backend.problem?.() ?? null }),
    checkReadiness: () => checkReadiness(backend),
    describe: async ({ request }) => {
      // The schemas are loaded when somebody asks for them: a mesh starts faster without.
      const { describeApi } = await import("./openapi.ts");
      return Response.json(describeApi(new URL(request.url).origin));
    },
  };
}

function checkReadiness(backend: AdminBackend): Response {
  const problem = backend.problem?.();
  if (problem === undefined && backend.ready()) return Response.json({ status: "ready" });
  const detail = problem ?? "Cannot take requests: the mesh is not ready";
  return problemResponse({ status: 503, detail });
}

function viewState(backend: AdminBackend, { limit }: AdminQuery): StateView {
  const registry = backend.registry();
  return {
    now: isoTime(Date.now()),
    startedAt: isoTime(backend.startedAtMs),
    ready: backend.ready(),
    problem: backend.problem?.() ?? null,
    gatewayUrl: backend.gatewayUrl ?? null,
    seq: registry.lastSeq,
    agents: viewAgents(registry, { limit }),
    services: viewServices(registry, { limit, nowMs: Date.now() }),
    instances: viewInstances(registry, { limit, now: backend.now?.() }),
    connections: viewConnections(registry, { limit }),
    refusals: backend.refusals(),
  };
}

function getInstance(backend: AdminBackend, id: number): Response {
  const registry = backend.registry();
  const instance = registry.instances.get(id);
  if (instance !== undefined) {
    return Response.json(viewInstance(registry, instance, backend.now?.()));
  }
  const [end] = backend.store.query({ serviceID: id, kinds: ["instanceEnded"], limit: 1 });
  const why = end === undefined ? "there is none" : `it ended at ${isoTime(end.atMs)}`;
  return problemResponse({ status: 404, detail: `Cannot find instance "${id}": ${why}` });
}

async function stopInstance(
  backend: AdminBackend,
  { request, id }: AdminCall,
): Promise<Response> {
  const body = await readJsonBody(request);
  if (!body.ok) return problemResponse(body);
  const mode = readMode(body.value);
  if (mode !== undefined) return command(backend, { kind: "stopInstance", serviceID: id, mode });
  const detail = 'Cannot use the body: expected {"mode":"soft"} or {"mode":"hard"}';
  return problemResponse({ status: 400, detail });
}

function readMode(body: unknown): "soft" | "hard" | undefined {
  if (body === undefined) return "soft";
  if (!isRecord(body) || Object.keys(body).some((key) => key !== "mode")) return undefined;
  const { mode = "soft" } = body;
  return mode === "soft" || mode === "hard" ? mode : undefined;
}

async function command(backend: AdminBackend, command: ManagerCommand): Promise<Response> {
  const { status, reason } = await backend.command(command);
  if (isDone(status)) return Response.json({ status, reason });
  return problemResponse({ status, detail: reason });
}

function listHistory({ store }: AdminBackend, query: AdminQuery): Response {
  const facts = store.query({
    service: query.service,
    serviceID: query.instance,
    connectionID: query.connection,
    sinceMs: query.since,
    untilMs: query.until,
    afterSeq: query.after,
    kinds: query.details === false ? TELLING_KINDS : undefined,
    limit: query.limit,
  });
  return Response.json({ total: facts.length, items: viewFacts(facts, { store }) });
}

/** A JSON document for each line. */
const JSON_LINES = "application/x-ndjson";

/** Places for streams, so few that none of them can be used to fill the memory. */
class StreamPlaces {
  #taken = 0;

  /** Takes a place; undefined: there is none. What is returned gives it back, once. */
  take(): (() => void) | undefined {
    if (this.#taken >= EVENT_STREAMS_MAX) return undefined;
    this.#taken += 1;
    let isGiven = false;
    return () => {
      if (!isGiven) this.#taken -= 1;
      isGiven = true;
    };
  }
}

/** A stream that is wanted. */
interface WantedStream {
  /** Who wants it. */
  readonly request: Request;
  /** What it is made of. */
  readonly mediaType: string;
  /** What is said when there are too many already. */
  readonly tooMany: string;
  /** Makes its body, and calls `closed` when nothing more is read. */
  readonly open: (closed: () => void) => ReadableStream<Uint8Array>;
}

/** Streams of one kind, so many at a time. */
function createStreams(): (wanted: WantedStream) => Response {
  const places = new StreamPlaces();
  return ({ request, mediaType, tooMany, open }) => {
    const headers = { "content-type": mediaType };
    const closed = places.take();
    if (closed === undefined) return problemResponse({ status: 429, detail: tooMany });
    if (request.method !== "HEAD") return new Response(open(closed), { headers });
    closed();
    return new Response(null, { headers });
  };
}

/** Event streams, so many at a time. */
function createEventStreams(backend: AdminBackend, options: OperationOptions): AdminOperation {
  const { signal = new AbortController().signal, heartbeatMs } = options;
  const streams = createStreams();
  return ({ request, query }) => {
    const lastEventID = request.headers.get("last-event-id");
    const afterSeq = lastEventID === null
      ? query.after ?? backend.store.lastSeq
      : readWhole(lastEventID, 0);
    if (afterSeq === undefined) {
      const detail = "Cannot use Last-Event-ID: expected the id of an event";
      return problemResponse({ status: 400, detail });
    }
    return streams({
      request,
      mediaType: "text/event-stream",
      tooMany: `Cannot stream events: ${EVENT_STREAMS_MAX} streams are open already`,
      open: (closed) =>
        streamEvents({
          store: backend.store,
          subscribe: (listener) => backend.subscribe(listener),
          // A number of another history, which was longer, must not hide what happens in this one.
          afterSeq: Math.min(afterSeq, backend.store.lastSeq),
          signal,
          closed,
          ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
        }),
    });
  };
}

/** Logs, so many at a time. */
function createLogStreams(backend: AdminBackend, options: OperationOptions): AdminOperation {
  const { signal = new AbortController().signal } = options;
  const streams = createStreams();
  return ({ request, query }) => {
    const { service, instance, since, stream, limit = 100, follow = false } = query;
    const question = {
      lines: limit,
      ...(service === undefined ? {} : { service }),
      ...(instance === undefined ? {} : { serviceID: instance }),
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(stream === undefined ? {} : { stream }),
    };
    return streams({
      request,
      mediaType: JSON_LINES,
      tooMany: `Cannot read logs: ${EVENT_STREAMS_MAX} are read already`,
      open: (closed) => streamLogs(backend.output, { question, follow, signal, closed }),
    });
  };
}

/** Taps, so many at a time. */
function createTaps(backend: AdminBackend, options: OperationOptions): AdminOperation {
  const { signal = new AbortController().signal, heartbeatMs } = options;
  const streams = createStreams();
  return ({ request, query: { kind: type, service, instance: serviceID } }) =>
    streams({
      request,
      mediaType: JSON_LINES,
      tooMany: `Cannot tap: ${EVENT_STREAMS_MAX} do already`,
      open: (closed) => {
        const filter = { type, service, serviceID };
        return streamTap(backend.taps, { filter, signal, closed, heartbeatMs });
      },
    });
}
