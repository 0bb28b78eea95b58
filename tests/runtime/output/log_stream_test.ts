import { assertEquals } from "@std/assert";
import type { OutputAnswer } from "../../../runtime/output/agent_questions.ts";
import {
  type LogEntry,
  type OutputSource,
  streamLogs,
} from "../../../runtime/output/log_stream.ts";

Deno.test("streamLogs() gives its place back once, whenever its reader goes", async () => {
  for (const reads of [0, 1]) {
    let count = 0;
    const stream = streamLogs({
      agents: () => [],
      away: () => [],
      ask: () => Promise.resolve({ status: 200, output: [] }),
    }, {
      question: { lines: 10 },
      follow: true,
      signal: new AbortController().signal,
      closed: () => count += 1,
    });
    const reader = stream.getReader();
    for (let read = 0; read < reads; read += 1) await reader.read();
    await reader.cancel();
    assertEquals(count, 1, `after ${reads} reads`);
  }
});

/** A line of the only instance of an agent, and how far it is read then. */
function oneLine(serviceID: number, text: string): OutputAnswer {
  const lines = [{ atMs: serviceID, stream: "stdout", text }] as const;
  return { status: 200, output: [{ service: "a", serviceID, next: 1, lost: 0, lines }] };
}

/** Follows a source; gives what comes next. */
function follow(source: OutputSource) {
  const end = new AbortController();
  const stream = streamLogs(source, {
    question: { lines: 10 },
    follow: true,
    signal: end.signal,
    closed: () => {},
  });
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<LogEntry[]> => {
    const { value = "" } = await reader.read();
    return value.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  };
  return { next, stop: () => end.abort() };
}

Deno.test("streamLogs() says once whose lines are missing, and goes on with others", async () => {
  const silent = Promise.withResolvers<OutputAnswer>();
  let asked = 0;
  const { next, stop } = follow({
    agents: () => ["a1", "a2"],
    away: () => ["a3"],
    ask(agent, { question, answerMs }) {
      if (agent === "a2") {
        const reason = "Cannot read output: no answer";
        return answerMs === undefined ? silent.promise : Promise.resolve({ status: 504, reason });
      }
      asked += 1;
      return Promise.resolve(
        question.after === undefined ? oneLine(1, "first") : oneLine(1, `more ${asked}`),
      );
    },
  });
  const first = await next();
  assertEquals(first.map((entry) => entry.kind === "line" ? entry.text : entry.agent), [
    "a3",
    "a2",
    "first",
  ]);
  // What the silent one does not say holds up nobody.
  for (const text of ["more 2", "more 3"]) {
    assertEquals((await next()).map((entry) => entry.kind === "line" && entry.text), [text]);
  }
  stop();
  silent.resolve({ status: 503 });
});

Deno.test("streamLogs() begins with the newest lines of an agent that comes back", async () => {
  const questions: boolean[] = [];
  const { next, stop } = follow({
    agents: () => ["a1"],
    away: () => [],
    ask(_agent, { question }) {
      questions.push(question.after === undefined);
      if (questions.length === 1) return Promise.resolve({ status: 503, reason: "it is away" });
      return Promise.resolve(oneLine(1, `answer ${questions.length}`));
    },
  });
  assertEquals((await next()).map(({ kind }) => kind), ["problem"]);
  await next();
  await next();
  assertEquals(questions.slice(0, 3), [true, true, false]);
  stop();
});
