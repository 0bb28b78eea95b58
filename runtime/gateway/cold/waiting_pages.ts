/**
 * The people who see a page while a service starts.
 *
 * One wait for each service that is not there, whoever asks: it outlives the answers that are given
 * meanwhile, so a start goes on though all that is answered is a page. The page stays open until
 * the wait has ended, and then tells its browser to ask again. So nobody asks again and again, and
 * who asks again is answered.
 *
 * @module
 */

import type { RouteLimits } from "../../../protocol/route_limits.ts";
import { detailOf } from "../../problem.ts";
import type { HeaderList, ResponseParts } from "../../sessions/session.ts";
import {
  againHtml,
  endedHtml,
  failedHtml,
  pageHeaders,
  type Shown,
  sinceHtml,
  startingHtml,
} from "./waiting_page.ts";

/** The services, as far as it matters whether they are there. */
export interface ColdServices {
  /** Whether there is a connection to a service now. */
  isReachable(service: string): boolean;
  /** Resolves when there is one, with nothing, or with why there is none. */
  reach(service: string, limits: RouteLimits): Promise<ResponseParts | undefined>;
}

/** The times and bounds of waiting pages. */
export interface WaitingPagesOptions {
  /** The services. */
  readonly services: ColdServices;
  /** How soon a service must be there for no page to be shown. Milliseconds. @default {400} */
  readonly patienceMs?: number;
  /** How long a page is open until its browser asks again. Milliseconds. @default {20_000} */
  readonly openMs?: number;
  /** Most pages that are open; others end at once, and are asked again. @default {1_000} */
  readonly openMax?: number;
}

/** A request of somebody who opens a page. */
export interface Navigation {
  /** Whether only headers are wanted. */
  readonly isHead: boolean;
  /** The path that was asked for. */
  readonly path: string;
  /** The query that was asked for, with its question mark. */
  readonly search: string;
  /** The limits of the route. */
  readonly limits: RouteLimits;
}

/** How a navigation is answered by a page. */
interface Answered {
  readonly shown: Shown;
  readonly isHead: boolean;
}

/** A wait for a service. */
interface Wait {
  readonly sinceMs: number;
  /** Why there is no connection; nothing when there is one. */
  readonly ended: Promise<ResponseParts | undefined>;
}

/** How often a page says how long it has been. Milliseconds. */
const TELL_MS = 1_000;
/** When a browser asks again whose gateway ends. Seconds. */
const CLOSED_SECONDS = 1;
/** When a browser asks again that had no place. Seconds. */
const PLACELESS_SECONDS = 5;
/** When programs may ask again. Seconds. */
const RETRY_AFTER_SECONDS = 2;

/** The pages of one gateway. */
export class WaitingPages {
  readonly #options: Required<WaitingPagesOptions>;
  readonly #waits = new Map<string, Wait>();
  readonly #open = new Set<OpenPage>();
  #isClosed = false;

  /** Shows none yet. */
  constructor(options: WaitingPagesOptions) {
    this.#options = { patienceMs: 400, openMs: 20_000, openMax: 1_000, ...options };
  }

  /**
   * The page to answer a navigation with; undefined when the request can be passed on, as the
   * service is there.
   */
  async answer(service: string, navigation: Navigation): Promise<Response | undefined> {
    const { services, patienceMs } = this.#options;
    if (services.isReachable(service)) return undefined;
    const wait = this.#waits.get(service) ?? this.#begin(service, navigation.limits);
    const outcome = await within(patienceMs, wait.ended);
    if (outcome === undefined) return undefined;
    const shown = { service, address: addressOf(navigation), nonce: crypto.randomUUID() };
    const { isHead } = navigation;
    return outcome === "later"
      ? this.#show(wait, { shown, isHead })
      : failedPage(outcome, { shown, isHead });
  }

  /** Ends all pages, since the gateway ends: their browsers ask again, whoever listens then. */
  close(): void {
    this.#isClosed = true;
    for (const page of [...this.#open]) page.endAgain(CLOSED_SECONDS);
  }

  #begin(service: string, limits: RouteLimits): Wait {
    const ended = this.#options.services.reach(service, limits).finally(() => {
      this.#waits.delete(service);
    });
    const wait = { sinceMs: performance.now(), ended };
    this.#waits.set(service, wait);
    return wait;
  }

  #show(wait: Wait, { shown, isHead }: Answered): Response {
    const headers: HeaderList = [...pageHeaders(shown), ["retry-after", `${RETRY_AFTER_SECONDS}`]];
    const init = { status: 503, headers };
    if (isHead) return new Response(null, init);
    const { openMax, openMs } = this.#options;
    if (this.#isClosed || this.#open.size >= openMax) {
      return new Response(startingHtml(shown) + againHtml(shown, PLACELESS_SECONDS), init);
    }
    const page = new OpenPage(wait, { shown, openMs, closed: () => this.#open.delete(page) });
    this.#open.add(page);
    return new Response(page.body, init);
  }
}

/** A page that is being shown. */
class OpenPage {
  readonly body: ReadableStream<Uint8Array>;
  readonly #shown: Shown;
  readonly #closed: () => void;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    { sinceMs, ended }: Wait,
    { shown, openMs, closed }: { shown: Shown; openMs: number; closed: () => void },
  ) {
    this.#shown = shown;
    this.#closed = closed;
    const openedMs = performance.now();
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
        const waitedMs = openedMs - sinceMs;
        this.#write(startingHtml(shown) + (waitedMs < TELL_MS ? "" : sinceHtml(waitedMs)));
        this.#timer = setInterval(() => {
          const nowMs = performance.now();
          if (nowMs - openedMs >= openMs) this.endAgain(0);
          else this.#write(sinceHtml(nowMs - sinceMs));
        }, TELL_MS);
      },
      cancel: () => this.#leave(),
    });
    ended.then((outcome) =>
      outcome === undefined ? this.endAgain(0) : this.#end(endedHtml(shown, reasonOf(outcome)))
    );
  }

  /** Has the browser ask again. */
  endAgain(delaySeconds: number): void {
    this.#end(againHtml(this.#shown, delaySeconds));
  }

  #end(html: string): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#write(html);
    this.#leave();
    controller.close();
  }

  #write(html: string): void {
    this.#controller?.enqueue(this.#encoder.encode(html));
  }

  #leave(): void {
    clearInterval(this.#timer);
    this.#controller = undefined;
    this.#closed();
  }
}

/** A page in place of the problem that a program gets. */
function failedPage(problem: ResponseParts, { shown, isHead }: Answered): Response {
  const retryAfter = problem.headers.filter(([name]) => name === "retry-after");
  const init = { status: problem.status, headers: [...pageHeaders(shown), ...retryAfter] };
  return new Response(isHead ? null : failedHtml(shown, reasonOf(problem)), init);
}

/** What a browser asked for, as seen from there: it may know the gateway by another name. */
function addressOf({ path, search }: Navigation): string {
  return `./${path.slice(path.lastIndexOf("/") + 1)}${search}`;
}

/** What a problem says to a person. */
function reasonOf({ status, body }: ResponseParts): string {
  const problem: unknown = typeof body === "string" ? JSON.parse(body) : undefined;
  return detailOf(problem) ?? `Cannot reach it: status ${status}`;
}

/** What a promise resolves to, or `later` after some time. */
async function within<Value>(timeMs: number, value: Promise<Value>): Promise<Value | "later"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = new Promise<"later">((resolve) => {
    timer = setTimeout(() => resolve("later"), timeMs);
  });
  try {
    return await Promise.race([value, later]);
  } finally {
    clearTimeout(timer);
  }
}
