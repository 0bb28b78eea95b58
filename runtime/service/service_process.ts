/**
 * The host of the `service` role in a launched process.
 *
 * @module
 */

import {
  type Ailment,
  createService,
  inboundKey,
  type Measure,
  type Refusal,
  type ServiceEffect,
  type ServiceEvent,
  type ServiceState,
} from "../../roles/service/state.ts";
import { SERVICE } from "../../roles/service/step.ts";
import type { LinkID } from "../../roles/step.ts";
import { STATUS } from "../../protocol/status.ts";
import { RoleHost } from "../host.ts";
import { LinkTable } from "../links.ts";
import { serveSessions } from "../sessions/serve.ts";
import {
  type RequestParts,
  type SessionHandle,
  type SessionHello,
  type SessionServer,
  TUNNEL_METHOD,
} from "../sessions/session.ts";
import { SourceSessions } from "../source/source_sessions.ts";
import type { ExchangeTerms } from "../source/terms.ts";
import type { TunnelConnection } from "../tcp/tunnel.ts";
import { WEB_SOCKET_METHOD } from "../web_sockets/messages.ts";
import { AgentConnection, type MadeLink } from "./agent_connection.ts";
import type { FetchHandler } from "./handler.ts";
import { type EndQuestion, InstanceLife } from "./life/instance_life.ts";
import { doorOf, keysOf, type Listening, listenOnPlug, refusalsTeller } from "./in_plug.ts";
import type { StartInfo } from "./start.ts";
import { warmUp } from "./warm_up.ts";

/** What a spare has already when it becomes an instance. */
interface GivenParts {
  /** What its code was given. */
  readonly life?: InstanceLife;
  /** Its link to the agent. */
  readonly link?: MadeLink;
}

/** How a service is served. */
export interface ServeTerms {
  /** Is waited for once nothing is in flight any more. */
  readonly ending?: () => Promise<void>;
  /**
   * Finds out what is wrong, if anything is. Must not reject.
   *
   * @default {asks the handler at the path that the manager names, if it names one}
   */
  readonly check?: (
    question: Pick<Measure, "path" | "timeoutMs">,
  ) => Promise<Ailment | undefined> | undefined;
  /** Connects to a program that speaks tcp. @default {the service speaks HTTP only} */
  readonly connect?: () => Promise<TunnelConnection>;
  /** Accepts the exchange of a WebSocket. @default {the handler does, by its own WebSocket} */
  readonly webSocket?: (exchange: Request, leaving?: AbortSignal) => Promise<Response>;
}

/** A launched service: its link to the agent, its sessions in and out. */
export class ServiceProcess {
  readonly #start: StartInfo;
  /** What the code of the service may say about it. */
  readonly life: InstanceLife;
  readonly #host: RoleHost<ServiceState, ServiceEvent, ServiceEffect>;
  readonly #links: LinkTable;
  readonly #source: SourceSessions;
  readonly #agent: AgentConnection;
  readonly #listening: Listening;
  readonly #keys: ReturnType<typeof keysOf>;
  readonly #inbound = new Map<string, SessionHandle>();
  readonly #isSpare: boolean;
  /** When this process was there for the instance: a spare was there long before. */
  readonly #begunMs: number;
  #server: SessionServer | undefined;
  #ending: ServeTerms["ending"];
  #check: ServeTerms["check"];
  /** Whether the service was loaded, and whether the agent was told that it is ready. */
  #phase: "loading" | "loaded" | "ready" = "loading";
  #exitCode: number | undefined;

  /** Binds the in-plug and begins to connect to the agent, if it is not: a spare is. */
  constructor(start: StartInfo, given: GivenParts = {}) {
    this.#start = start;
    this.#host = new RoleHost<ServiceState, ServiceEvent, ServiceEffect>({
      role: SERVICE,
      state: createService(start),
      tick: { kind: "tick" },
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
    });
    const dispatch = (event: ServiceEvent) => this.#host.dispatch(event);
    this.life = given.life ?? new InstanceLife({ held: (reason) => this.held(reason), complain });
    this.#isSpare = given.link !== undefined;
    this.#begunMs = this.#isSpare ? performance.now() : 0;
    this.#links = new LinkTable({
      dispatch: (event) => {
        dispatch(event);
        if (event.kind === "linkClosed") this.#onLinkClosed(event.link);
      },
      refused: ({ type, reason }) => complain(`refused ${type}: ${reason}`),
    });
    this.#source = new SourceSessions({ dispatch });
    this.#listening = listenOnPlug(start);
    this.#keys = keysOf(start);
    this.#agent = new AgentConnection({
      hostname: start.agentNetwork,
      port: start.agentPort,
      serviceID: start.serviceID,
      token: start.token,
      firstMs: start.agentGraceMs,
      links: this.#links,
      first: given.link,
      linked: (link) => this.#onLinked(link),
      failed: (reason) => {
        complain(reason);
        Deno.exit(1);
      },
      refused: refusalsTeller(complain),
    });
  }

  /** What holds the instance open is this now; undefined: nothing. */
  held(reason: string | undefined): void {
    this.#host.dispatch(reason === undefined ? { kind: "released" } : { kind: "held", reason });
  }

  /** Accepts sessions with this handler, and tells the agent that the instance is ready. */
  serve(handler: FetchHandler, { ending, check, connect, webSocket }: ServeTerms = {}): void {
    this.#ending = ending;
    this.#check = check ??
      (({ path, timeoutMs }) =>
        path === undefined ? undefined : this.#ask(handler, { path, timeoutMs }));
    const { serviceID } = this.#start;
    if ("listener" in this.#listening) {
      this.#server = serveSessions({
        listener: this.#listening.listener,
        serviceID,
        secure: this.#keys,
        refusalOf: doorOf(this.#start),
        handler: (request, hello) =>
          request.method === WEB_SOCKET_METHOD
            ? this.#acceptWebSocket(request, { hello, handler, webSocket })
            : request.method === TUNNEL_METHOD
            ? this.#acceptTunnel(request, { hello, connect })
            : handler(request),
        events: {
          opened: (hello, session) =>
            void this.#inbound.set(inboundKey(hello.serviceID, hello.sourcePlug), session),
          closed: ({ serviceID: sourceID, sourcePlug }, { status, reason }) => {
            this.#inbound.delete(inboundKey(sourceID, sourcePlug));
            this.#host.dispatch({ kind: "inboundEnded", sourceID, sourcePlug, status, reason });
          },
          refused: refusalsTeller(complain),
          failed: (error) => console.error(error),
        },
      });
    }
    this.#phase = "loaded";
    const { link } = this.#agent;
    if (link !== undefined) this.#onLinked(link);
  }

  /** Sends a request to another service of the mesh. */
  fetch(service: string, request: RequestParts, terms?: ExchangeTerms): Promise<Response> {
    return this.#source.exchange(service, request, terms);
  }

  async #ask(
    handler: FetchHandler,
    question: { readonly path: string; readonly timeoutMs: number },
  ): Promise<Ailment | undefined> {
    const { askHandler } = await import("./health_check.ts");
    return await askHandler(handler, { ...question, service: this.#start.service });
  }

  async #measure({ messageID, path, timeoutMs }: Measure): Promise<void> {
    const ailment = await this.#check?.({ path, timeoutMs });
    const inFlight = this.#server?.inFlight ?? 0;
    this.#host.dispatch({ kind: "health", messageID, inFlight, ailment });
  }

  /** Seldom, so what it needs is loaded when it is needed. */
  async #acceptWebSocket(
    request: Request,
    { hello, handler, webSocket }: {
      readonly hello: SessionHello;
      readonly handler: FetchHandler;
      readonly webSocket: ServeTerms["webSocket"];
    },
  ): Promise<Response> {
    const leaving = this.#inbound.get(inboundKey(hello.serviceID, hello.sourcePlug))?.leaving;
    if (webSocket !== undefined) return await webSocket(request, leaving);
    const { acceptWebSocket } = await import("../web_sockets/accept.ts");
    return await acceptWebSocket(request, { handler, leaving });
  }

  async #acceptTunnel(
    request: Request,
    { hello, connect }: { hello: SessionHello; connect: ServeTerms["connect"] },
  ): Promise<Response> {
    const { acceptTunnel } = await import("../tcp/accept.ts");
    const session = this.#inbound.get(inboundKey(hello.serviceID, hello.sourcePlug));
    return await acceptTunnel(request, { connect, leaving: session?.leaving });
  }

  /** The first link carries what became of the start, each other one who this is. */
  #onLinked(link: LinkID): void {
    if (this.#phase === "loading" || this.#exitCode !== undefined) return;
    if (this.#phase === "ready") return this.#host.dispatch({ kind: "relinked", link });
    this.#phase = "ready";
    const failure = "failure" in this.#listening ? { failure: this.#listening.failure } : {};
    const loadMs = Math.round(performance.now() - this.#begunMs);
    this.#host.dispatch({ kind: "ready", link, loadMs, ...failure });
    if (!this.#isSpare) void warmUp();
  }

  #perform(effect: ServiceEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#links.send(effect.link, effect.message);
      case "refuse":
        return complain(`refused ${effect.type}: ${effect.reason}`);
      case "askToEnd":
        if (this.#agent.link === undefined) complain(`${effect.reason}, so this instance ends`);
        return this.#askToEnd(effect);
      case "drain":
        void this.#drain();
        return;
      case "closeInbound":
        return this.#closeInbound(effect.sourceID, effect.sourcePlug);
      case "measure":
        return void this.#measure(effect);
      case "exit":
        return this.#exit(effect.code);
      default:
        this.#source.perform(effect);
    }
  }

  #askToEnd(question: EndQuestion): void {
    const answered = (refusal?: Refusal) =>
      this.#host.dispatch({ kind: "endAnswered", ...(refusal === undefined ? {} : { refusal }) });
    const answer = this.life.ask(question);
    if (answer === undefined) answered();
    else void answer.then(answered);
  }

  async #drain(): Promise<void> {
    await this.#server?.drain();
    await this.life.released();
    await this.#ending?.();
    this.#host.dispatch({ kind: "drained" });
  }

  #closeInbound(sourceID: number, sourcePlug: number): void {
    const session = this.#inbound.get(inboundKey(sourceID, sourcePlug));
    if (session !== undefined) return void session.close();
    this.#host.dispatch({
      kind: "inboundEnded",
      sourceID,
      sourcePlug,
      status: STATUS.ownDecision,
      reason: "there was no such connection",
      wasOpen: false,
    });
  }

  /** What was sent leaves with the close of the link, whose end then ends the process. */
  #exit(code: number): void {
    this.#host.stop();
    if (this.#agent.link === undefined) Deno.exit(code);
    this.#exitCode = code;
    this.#links.closeAll();
  }

  /** A link to the agent has ended: on our word, or because the agent is gone, for now. */
  #onLinkClosed(link: LinkID): void {
    if (this.#exitCode !== undefined) Deno.exit(this.#exitCode);
    this.#agent.ended(link);
  }
}

/** Tells a person what is wrong. */
export function complain(text: string): void {
  try {
    console.error(`smmp: ${text}`);
  } catch {
    // Whoever read the output is gone, and some versions of Deno throw then: nobody is to be told.
  }
}
