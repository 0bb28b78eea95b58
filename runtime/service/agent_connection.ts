/**
 * The link of a service to its agent, which is made again whenever it ended: an agent that was
 * killed and started again listens at the same place. So may somebody else meanwhile, who learns
 * nothing: whoever is found there at a later time must prove to be the agent first.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { LinkID } from "../../roles/step.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import { SERVICE_LINE_BYTES_MAX } from "../../transports/lines.ts";
import { dialTcp } from "../../transports/tcp.ts";
import { after } from "../../transports/timer.ts";
import type { LinkTable } from "../links.ts";
import { isProof, newProofRequest, type ProofRequest } from "./agent_proof.ts";

/** The first wait before the agent is dialled again; it doubles each time. Milliseconds. */
const RETRY_MS = 100;
/** The longest wait before the agent is dialled again. Milliseconds. */
const RETRY_MS_MAX = 2_000;
/** An agent that closes a new link sooner than this does not want it. Milliseconds. */
const STABLE_MS = 2_000;
/** How long an agent has to prove itself. Milliseconds. */
const PROOF_MS = 5_000;
const STRANGER = "it does not prove that it is the agent";

/** A link that is open. */
export interface MadeLink {
  /** The link. */
  readonly made: Link;
  /** Takes what is to be done about its events from now on. */
  readonly follow: (events: LinkEvents) => void;
}

/** Where the agent is, and who hears of it. */
export interface AgentConnectionOptions {
  /** Its address. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** The instance. */
  readonly serviceID: number;
  /** The secret that it shares with its agent. */
  readonly token: string;
  /** How long the first link may take. Milliseconds. */
  readonly firstMs: number;
  /** The first link, if there is one already. @default {it is dialled} */
  readonly first?: MadeLink | undefined;
  /** Takes in the links. */
  readonly links: LinkTable;
  /** A link is open. */
  readonly linked: (link: LinkID) => void;
  /** There was no first link in time. */
  readonly failed: (reason: string) => void;
  /** Is told of who listens in the place of the agent. */
  readonly refused: (reason: string) => void;
}

/** A link to the agent, for as long as the process runs. */
export class AgentConnection {
  readonly #options: AgentConnectionOptions;
  readonly #startedMs = performance.now();
  #link: LinkID | undefined;
  #isFirst = true;
  #hasLinked = false;
  #linkedMs = 0;
  #retryMs = RETRY_MS;

  /** Begins to dial. */
  constructor(options: AgentConnectionOptions) {
    this.#options = options;
    const { first } = options;
    if (first === undefined) {
      void this.#dial();
      return;
    }
    this.#isFirst = false;
    this.#hasLinked = true;
    first.follow(this.#admit(first.made));
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
    const { hostname, port } = this.#options;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    try {
      await dialTcp(
        { hostname, port, lineBytesMax: SERVICE_LINE_BYTES_MAX },
        (made) => isFirst ? this.#admit(made) : this.#ask(made),
      );
    } catch (error) {
      return this.#missed(reasonOf(error));
    }
    if (isFirst) this.#tell();
  }

  /** There was no agent this time. */
  #missed(reason: string): void {
    const { firstMs, failed } = this.#options;
    const isLate = performance.now() - this.#startedMs >= firstMs;
    if (!this.#hasLinked && isLate) failed(reason);
    else this.#retry();
  }

  #admit(made: Link): LinkEvents {
    const { link, events } = this.#options.links.admit("agent", made);
    this.#link = link;
    this.#linkedMs = performance.now();
    return events;
  }

  #tell(): void {
    this.#hasLinked = true;
    if (this.#link !== undefined) this.#options.linked(this.#link);
  }

  /** Takes in a link once its other end has proved to be the agent; until then it says nothing. */
  #ask(made: Link): LinkEvents {
    const request = newProofRequest(this.#options.serviceID);
    let events: LinkEvents | undefined;
    let isAnswered = false;
    let isEnded = false;
    const cancel = after(PROOF_MS, () => made.abort(STRANGER));
    const take = async (value: unknown) => {
      const isAgent = await this.#isAgent(value, request);
      cancel();
      if (isEnded) return;
      if (!isAgent) return made.abort(STRANGER);
      events = this.#admit(made);
      this.#tell();
    };
    made.send(request);
    return {
      received: (value) => {
        if (events !== undefined) return events.received(value);
        // The agent says nothing more before it knows who this is.
        if (isAnswered) return made.abort(STRANGER);
        isAnswered = true;
        void take(value);
      },
      malformed: (reason) => events === undefined ? made.abort(STRANGER) : events.malformed(reason),
      closed: (reason) => {
        isEnded = true;
        cancel();
        if (events !== undefined) return events.closed(reason);
        if (reason === STRANGER) this.#options.refused(`at the place of the agent: ${STRANGER}`);
        this.#missed(reason);
      },
    };
  }

  #isAgent(value: unknown, request: ProofRequest): Promise<boolean> {
    return isProof(value, { request, token: this.#options.token });
  }
}
