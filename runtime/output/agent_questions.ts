/**
 * The manager's questions to agents that need no decision: the host asks, and the role never hears
 * of it. So they work while the role stands still too, since nothing can be recorded.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import type { LinkID } from "../../roles/step.ts";
import type { OutputQuestion } from "./kept_output.ts";

/** How long an agent may take beyond what it was told to wait. Milliseconds. */
const ANSWER_MS = 5_000;

/** The role numbers its own requests from one on: these are far above all that it will ever use. */
const FIRST_MESSAGE_ID = 2 ** 48;

/** What an agent says to a question, or why it says nothing. */
export type OutputAnswer = Pick<MessageOf<"outputResponse">, "status" | "output" | "reason">;

/** What questions need. */
export interface AgentQuestionsOptions {
  /** The open link of an agent; undefined: it has none. */
  readonly linkOf: (agent: string) => LinkID | undefined;
  /** Sends by a link. */
  readonly send: (link: LinkID, message: MessageOf<"outputRequest">) => void;
  /** How long an agent may take beyond what it was told to wait. Milliseconds. @default {5_000} */
  readonly answerMs?: number;
}

/** A question, and how its asker is known to be gone. */
export interface OutputAsked {
  /** The question. */
  readonly question: OutputQuestion;
  /** Aborts when nobody wants to know any more. */
  readonly signal: AbortSignal;
  /**
   * How long the agent may take beyond what it is told to wait. Milliseconds.
   *
   * @default {that of all questions}
   */
  readonly answerMs?: number | undefined;
}

/** A question that has no answer yet. */
interface Open {
  readonly link: LinkID;
  readonly done: (answer: OutputAnswer) => void;
}

/** Asks agents, and pairs their answers. */
export class AgentQuestions {
  readonly #options: AgentQuestionsOptions;
  readonly #open = new Map<number, Open>();
  #lastMessageID = FIRST_MESSAGE_ID;

  /** Nothing is asked yet. */
  constructor(options: AgentQuestionsOptions) {
    this.#options = options;
  }

  /**
   * Asks an agent what its instances wrote. Never rejects: an agent that is away, or does not
   * answer in time, is an answer of 503 or 504.
   *
   * @param agent Its name.
   * @param asked What, how long it may take, and the signal that nobody wants to know any more.
   */
  async ask(agent: string, { question, signal, ...asked }: OutputAsked): Promise<OutputAnswer> {
    const link = this.#options.linkOf(agent);
    if (link === undefined) return awayAnswer(agent);
    this.#lastMessageID += 1;
    const messageID = this.#lastMessageID;
    const { promise, resolve } = Promise.withResolvers<OutputAnswer>();
    const answerMs = asked.answerMs ?? this.#options.answerMs ?? ANSWER_MS;
    const timer = setTimeout(() => {
      const reason = `Cannot read output at agent "${agent}": no answer in ${answerMs} ms`;
      resolve({ status: STATUS.deadline, reason });
    }, answerMs + (question.waitMs ?? 0));
    const leave = () => resolve(awayAnswer(agent));
    signal.addEventListener("abort", leave);
    this.#open.set(messageID, { link, done: resolve });
    if (signal.aborted) leave();
    else this.#options.send(link, { type: "outputRequest", messageID, ...question });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      this.#open.delete(messageID);
    }
  }

  /** Takes an answer. One to no question that is open came too late, and changes nothing. */
  answered(link: LinkID, message: MessageOf<"outputResponse">): void {
    const open = this.#open.get(message.messageID);
    // Nobody answers for another one.
    if (open?.link === link) open.done(message);
  }

  /** A link has ended: nothing that was asked by it is answered. */
  unlinked(link: LinkID, reason: string): void {
    for (const open of this.#open.values()) {
      if (open.link !== link) continue;
      open.done({ status: STATUS.unavailable, reason: `Cannot read output: ${reason}` });
    }
  }
}

/** What is said for an agent that can't be asked. */
export function awayAnswer(agent: string): OutputAnswer {
  const reason = `Cannot read output at agent "${agent}": it is not connected`;
  return { status: STATUS.unavailable, reason };
}
