/**
 * What instances wrote, of all agents, as one stream of JSON lines. An agent is asked again only
 * when its last answer was read, so a slow reader costs nobody memory: what the agent can't keep
 * so long is counted as lost.
 *
 * @module
 */

import { LIMITS } from "../../protocol/limits.ts";
import type { ReportedOutput } from "../../protocol/output.ts";
import { awayAnswer, type OutputAnswer, type OutputAsked } from "./agent_questions.ts";
import type { OutputQuestion } from "./kept_output.ts";

/** A line of the stream. */
export type LogEntry =
  | {
    /** A line that an instance wrote. */
    readonly kind: "line";
    readonly at: string;
    readonly agent: string;
    readonly service: string;
    readonly instance: number;
    readonly stream: "stdout" | "stderr";
    readonly text: string;
  }
  | {
    /** Lines that are not kept any more. */
    readonly kind: "lost";
    readonly agent: string;
    readonly service: string;
    readonly instance: number;
    readonly count: number;
  }
  | {
    /** An agent that can't tell. */
    readonly kind: "problem";
    readonly agent: string;
    readonly reason: string;
  };

/** Where output is asked for. */
export interface OutputSource {
  /** The agents that can be asked now. */
  agents(): readonly string[];
  /** Agents that can't be asked now, though they may have what a question is about. */
  away(question: OutputQuestion): readonly string[];
  /** Asks one of them; never rejects. */
  ask(agent: string, asked: OutputAsked): Promise<OutputAnswer>;
}

/** What is wanted of the output. */
export interface LogStreamOptions {
  /** Which lines, and how many of the past. */
  readonly question: OutputQuestion;
  /** Whether lines follow as they are written. */
  readonly follow: boolean;
  /** Ends the stream when it aborts. */
  readonly signal: AbortSignal;
  /** Called when nothing more is read; perhaps more than once. */
  readonly closed: () => void;
}

/** How long an agent waits for a line before it answers without. Milliseconds. */
const WAIT_MS = 10_000;
/** How soon it is looked for agents that have come, or an agent is asked that failed. */
const LOOK_MS = 1_000;
/** How long the others wait for an agent that does not answer. Milliseconds. */
const LATE_MS = 2_000;
/** Most lines of one answer while they are followed. */
const FOLLOWED_LINES = 5_000;

/** The stream, as bytes of lines of JSON. */
export function streamLogs(
  source: OutputSource,
  options: LogStreamOptions,
): ReadableStream<Uint8Array> {
  const end = new AbortController();
  const signal = AbortSignal.any([end.signal, options.signal]);
  const entries = readLogs(source, { ...options, signal });
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await entries.next();
      if (value !== undefined) {
        // An empty line says that the stream is alive, and finds out whether its reader is.
        const text = value.map((entry) => `${JSON.stringify(entry)}\n`).join("");
        return controller.enqueue(encoder.encode(text === "" ? "\n" : text));
      }
      if (done === true) controller.close();
    },
    cancel() {
      end.abort();
      // Who reads no more leaves the generator where it waits to be read, so it can't tell.
      options.closed();
    },
  }, { highWaterMark: 0 });
}

async function* readLogs(
  source: OutputSource,
  { question, follow, signal, closed }: LogStreamOptions,
): AsyncGenerator<readonly LogEntry[], undefined> {
  try {
    const reader = new LogReader(source, question, signal);
    yield await reader.first();
    while (follow && !signal.aborted) {
      const entries = await reader.next();
      if (entries !== undefined) yield entries;
    }
    return undefined;
  } finally {
    closed();
  }
}

/** What one reader was told, by agent: one that is away or late holds up none of the others. */
class LogReader {
  readonly #source: OutputSource;
  readonly #question: OutputQuestion;
  readonly #signal: AbortSignal;
  /** How far what each instance wrote was read, by agent. */
  readonly #places = new Map<string, Map<number, number>>();
  readonly #pending = new Map<string, Promise<[agent: string, answer: OutputAnswer]>>();
  /** Agents whose lines are missing, which was said. */
  readonly #missing = new Set<string>();
  /** Agents that could not tell a moment ago. */
  readonly #resting = new Set<string>();
  #look: Promise<undefined> | undefined;

  constructor(source: OutputSource, question: OutputQuestion, signal: AbortSignal) {
    this.#source = source;
    this.#question = question;
    this.#signal = signal;
  }

  /** The newest lines of all agents that answer soon, and who does not. */
  async first(): Promise<readonly LogEntry[]> {
    const agents = this.#source.agents();
    const asked = { question: this.#question, signal: this.#signal, answerMs: LATE_MS };
    const answers = await Promise.all(agents.map((agent) => this.#source.ask(agent, asked)));
    const entries = answers.flatMap((answer, at) => this.#take(agents[at] ?? "", answer));
    return newestOf([...this.#tellAway(), ...entries], this.#question.lines);
  }

  /** What an agent tells next; undefined: it is to be looked for others. */
  async next(): Promise<readonly LogEntry[] | undefined> {
    for (const agent of this.#source.agents()) {
      if (!this.#pending.has(agent) && !this.#resting.has(agent)) {
        this.#pending.set(agent, this.#askOn(agent));
      }
    }
    this.#look ??= lookAgain(this.#signal);
    const found = await Promise.race([...this.#pending.values(), this.#look]);
    if (found === undefined) {
      this.#look = undefined;
      this.#resting.clear();
      const entries = this.#tellAway();
      return entries.length === 0 ? undefined : entries;
    }
    const [agent, answer] = found;
    this.#pending.delete(agent);
    return this.#take(agent, answer);
  }

  async #askOn(agent: string): Promise<[string, OutputAnswer]> {
    const places = this.#places.get(agent);
    const signal = this.#signal;
    // One that was away, or is new, begins with its newest lines as the others did.
    if (places === undefined) {
      return [agent, await this.#source.ask(agent, { question: this.#question, signal })];
    }
    const after = Array.from(places, ([serviceID, next]) => ({ serviceID, next }));
    const question = { ...this.#question, lines: FOLLOWED_LINES, after, waitMs: WAIT_MS };
    return [agent, await this.#source.ask(agent, { question, signal })];
  }

  #take(agent: string, answer: OutputAnswer): LogEntry[] {
    if (answer.output === undefined) {
      this.#resting.add(agent);
      return this.#tellMissing(agent, answer.reason);
    }
    this.#missing.delete(agent);
    const places = this.#places.get(agent) ?? new Map<number, number>();
    this.#places.set(agent, places);
    for (const { serviceID, next } of answer.output) {
      // What was heard of last is the last in the map.
      places.delete(serviceID);
      places.set(serviceID, next);
      const [oldest] = places.keys();
      if (places.size > LIMITS.outputInstances && oldest !== undefined) places.delete(oldest);
    }
    return entriesOf(agent, answer.output);
  }

  #tellAway(): LogEntry[] {
    return this.#source.away(this.#question)
      .flatMap((agent) => this.#tellMissing(agent, awayAnswer(agent).reason));
  }

  /** Once, until the agent tells something. */
  #tellMissing(agent: string, reason = "no reason was given"): LogEntry[] {
    if (this.#missing.has(agent)) return [];
    this.#missing.add(agent);
    return [{ kind: "problem", agent, reason: `${reason}; its lines are missing` }];
  }
}

function lookAgain(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve(undefined);
    };
    const timer = setTimeout(done, LOOK_MS);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

function entriesOf(agent: string, output: readonly ReportedOutput[]): LogEntry[] {
  const lost = output.filter((one) => one.lost > 0).map((one): LogEntry => ({
    kind: "lost",
    agent,
    service: one.service,
    instance: one.serviceID,
    count: one.lost,
  }));
  return [...lost, ...linesOf(agent, output)];
}

function linesOf(agent: string, output: readonly ReportedOutput[]): LogEntry[] {
  const lines = output.flatMap(({ service, serviceID, lines }) =>
    lines.map((line) => ({ service, instance: serviceID, ...line }))
  );
  return lines.toSorted((left, right) => left.atMs - right.atMs)
    .map(({ atMs, ...line }) => ({
      kind: "line",
      at: new Date(atMs).toISOString(),
      agent,
      ...line,
    }));
}

/** The newest lines of all agents; what else is told comes first. */
function newestOf(entries: readonly LogEntry[], count: number): LogEntry[] {
  const others = entries.filter((entry) => entry.kind !== "line");
  const lines = entries.filter((entry) => entry.kind === "line")
    .toSorted((left, right) => left.at < right.at ? -1 : left.at > right.at ? 1 : 0);
  return [...others, ...lines.slice(Math.max(0, lines.length - count))];
}
