/**
 * An agent's answers to who asks for the output of its instances.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import type { LinkClosed, LinkID, MessageArrived } from "../../roles/step.ts";
import type { OutputLine } from "../agent/agent_host_options.ts";
import { clockMs } from "../host.ts";
import { KeptOutput } from "./kept_output.ts";

/** Most questions that wait for a line. */
const WAITING_MAX = 1_000;

/** A line waits for others this long, so that one answer carries many. Milliseconds. */
const GATHER_MS = 20;

/** Sends an answer by a link; one that is gone swallows it. */
type SendAnswer = (link: LinkID, message: MessageOf<"outputResponse">) => void;

/** A question that waits for a line. */
interface Waiting {
  readonly link: LinkID;
  readonly message: MessageOf<"outputRequest">;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Answers questions, at once or when there is something to tell. */
export class OutputAnswers {
  /** What is kept. */
  readonly kept: KeptOutput = new KeptOutput({ nowMs: clockMs() });
  readonly #output: (line: OutputLine) => void;
  readonly #send: SendAnswer;
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Nothing is kept yet. Each line goes to `output` too. */
  constructor(output: (line: OutputLine) => void, send: SendAnswer) {
    this.#output = output;
    this.#send = send;
  }

  /**
   * An instance has begun, of a process that may have written already what everybody was shown:
   * its lines are kept as those of the instance.
   */
  began(
    of: { readonly service: string; readonly serviceID: number },
    written: readonly OutputLine[] = [],
  ): void {
    this.kept.began(of);
    for (const line of written) this.kept.add({ ...line, serviceID: of.serviceID });
    if (written.length > 0) this.#wake();
  }

  /** Keeps a line and wakes who waits for it. */
  wrote(line: OutputLine): void {
    this.kept.add(line);
    this.#output(line);
    this.#wake();
  }

  /** Takes what is for it, of all that comes by links: questions of the manager. */
  takes(event: MessageArrived | LinkClosed, managerLink: LinkID | undefined): boolean {
    if (event.kind === "linkClosed") this.unlinked(event.link);
    else if (event.message.type === "outputRequest" && event.link === managerLink) {
      this.ask(event.link, event.message);
      return true;
    }
    return false;
  }

  /** Takes a question. */
  ask(link: LinkID, message: MessageOf<"outputRequest">): void {
    const { waitMs = 0 } = message;
    if (waitMs === 0 || this.kept.hasNews(message)) return this.#answer(link, message);
    if (this.#waiting.size >= WAITING_MAX) {
      const { messageID } = message;
      const reason = `Cannot wait for output: ${WAITING_MAX} wait already`;
      const status = STATUS.tooMany;
      return this.#send(link, { type: "outputResponse", messageID, status, reason });
    }
    const one: Waiting = { link, message, timer: setTimeout(() => this.#end(one), waitMs) };
    this.#waiting.add(one);
  }

  /** Whoever asked by a link that has ended waits no more. */
  unlinked(link: LinkID): void {
    for (const one of this.#waiting) if (one.link === link) this.#forget(one);
  }

  /** Nobody is answered any more. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const one of this.#waiting) this.#forget(one);
  }

  #wake(): void {
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#look(), GATHER_MS);
  }

  #look(): void {
    this.#timer = undefined;
    for (const one of this.#waiting) if (this.kept.hasNews(one.message)) this.#end(one);
  }

  #end(one: Waiting): void {
    this.#forget(one);
    this.#answer(one.link, one.message);
  }

  #forget(one: Waiting): void {
    clearTimeout(one.timer);
    this.#waiting.delete(one);
  }

  #answer(link: LinkID, message: MessageOf<"outputRequest">): void {
    const { messageID } = message;
    const output = this.kept.read(message);
    this.#send(link, { type: "outputResponse", messageID, status: STATUS.done, output });
  }
}
