/**
 * What instances wrote, of all agents, as one stream of JSON lines. An agent is asked again only
 * when its last answer was read, so a slow reader costs nobody memory: what the agent can't keep
 * so long is counted as lost.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import type { ReportedOutput } from "../../protocol/output.ts";
import type { OutputAnswer, OutputAsked } from "./agent_questions.ts";
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
    const followed = new Map<string, Map<number, number>>();
    const asked = source.agents();
    const answers = await Promise.all(
      asked.map((agent) => source.ask(agent, { question, signal })),
    );
    const entries = answers.flatMap((answer, at) => {
      const agent = asked[at] ?? "";
      followed.set(agent, new Map());
      notePlaces(followed.get(agent), answer.output);
      return entriesOf(agent, answer);
    });
    yield newestOf(entries, question.lines);
    const pending = new Map<string, Promise<[string, OutputAnswer]>>();
    while (follow && !signal.aborted) {
      for (const agent of source.agents()) {
        const places = followed.get(agent) ?? new Map<number, number>();
        followed.set(agent, places);
        if (!pending.has(agent)) {
          pending.set(agent, askOn(source, agent, { question, places, signal }));
        }
      }
      const first = await Promise.race([...pending.values(), lookAgain(signal)]);
      if (first === undefined) continue;
      const [agent, answer] = first;
      pending.delete(agent);
      notePlaces(followed.get(agent), answer.output);
      // One that is away is asked again when it is back.
      if (answer.output === undefined) await lookAgain(signal);
      else yield entriesOf(agent, answer);
    }
    return undefined;
  } finally {
    closed();
  }
}

async function askOn(
  source: OutputSource,
  agent: string,
  { question, places, signal }: {
    question: OutputQuestion;
    places: ReadonlyMap<number, number>;
    signal: AbortSignal;
  },
): Promise<[string, OutputAnswer]> {
  const after = [...places].map(([serviceID, next]) => ({ serviceID, next }));
  const next = { ...question, lines: FOLLOWED_LINES, after, waitMs: WAIT_MS };
  return [agent, await source.ask(agent, { question: next, signal })];
}

function notePlaces(
  places: Map<number, number> | undefined,
  output: MessageOf<"outputResponse">["output"] = [],
): void {
  for (const { serviceID, next } of output) places?.set(serviceID, next);
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

function entriesOf(agent: string, { output, reason = "" }: OutputAnswer): LogEntry[] {
  if (output === undefined) return [{ kind: "problem", agent, reason }];
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
