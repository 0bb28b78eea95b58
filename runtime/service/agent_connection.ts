/**
 * The link of a service to its agent, which is made again whenever it ended: an agent that was
 * killed and started again listens at the same place.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { LinkID } from "../../roles/step.ts";
import type { LinkEvents } from "../../transports/link.ts";
import { SERVICE_LINE_BYTES_MAX } from "../../transports/lines.ts";
import { dialTcp } from "../../transports/tcp.ts";
import type { LinkTable } from "../links.ts";

/** The first wait before the agent is dialled again; it doubles each time. Milliseconds. */
const RETRY_MS = 100;
/** The longest wait before the agent is dialled again. Milliseconds. */
const RETRY_MS_MAX = 2_000;
/** An agent that closes a new link sooner than this does not want it. Milliseconds. */
const STABLE_MS = 2_000;

/** Where the agent is, and who hears of it. */
export interface AgentConnectionOptions {
  /** Its address. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** How long the first link may take. Milliseconds. */
  readonly firstMs: number;
  /** Takes in the links. */
  readonly links: LinkTable;
  /** A link is open. */
  readonly linked: (link: LinkID) => void;
  /** There was no first link in time. */
  readonly failed: (reason: string) => void;
}

/** A link to the agent, for as long as the process runs. */
export class AgentConnection {
  readonly #options: AgentConnectionOptions;
  readonly #startedMs = performance.now();
  #link: LinkID | undefined;
  #hasLinked = false;
  #linkedMs = 0;
  #retryMs = RETRY_MS;

  /** Begins to dial. */
  constructor(options: AgentConnectionOptions) {
    this.#options = options;
    void this.#dial();
  }

  /** The link that is open now. */
  get link(): LinkID | undefined {
    return this.#link;
  }

  /** Must be told that a link has ended: another one is made. */
  ended(link: LinkID): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    if (performance.now() - this.#linkedMs >= STABLE_MS) this.#retryMs = RETRY_MS;
    this.#retry();
  }

  #retry(): void {
    // Services of an agent that comes back do not all dial at the same moment.
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    setTimeout(() => void this.#dial(), waitMs);
  }

  async #dial(): Promise<void> {
    const { hostname, port, links, firstMs, linked, failed } = this.#options;
    try {
      await dialTcp(
        { hostname, port, lineBytesMax: SERVICE_LINE_BYTES_MAX },
        (made): LinkEvents => {
          const { link, events } = links.admit("agent", made);
          this.#link = link;
          return events;
        },
      );
    } catch (error) {
      const isLate = performance.now() - this.#startedMs >= firstMs;
      if (!this.#hasLinked && isLate) failed(reasonOf(error));
      else this.#retry();
      return;
    }
    this.#hasLinked = true;
    if (this.#link !== undefined) linked(this.#link);
  }
}
