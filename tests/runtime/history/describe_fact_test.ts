import { assertEquals } from "@std/assert";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import {
  createFactMemory,
  describeFact,
  isDetail,
} from "../../../runtime/history/describe_fact.ts";
import { formatHistoryLine, formatTime } from "../../../runtime/history/history_line.ts";
import { MESH_FACTS } from "../store/fact_samples.ts";

Deno.test("describeFact() says every kind of fact in words", () => {
  const memory = createFactMemory();
  assertEquals(MESH_FACTS.map((fact) => describeFact(fact, memory)), [
    "agent local registered from 127.0.0.1: it can start greeter, counter",
    "gateway#1 registered by itself at agent local",
    "greeter#2 starting at agent local on plug 20000: requests wait for it",
    "greeter#2 started in 10 ms",
    "gateway#1 -> greeter#2 may connect (plug 3 -> 20000)",
    "gateway#1 -> greeter#2 connected (plug 3 -> 20000)",
    "counter#3 starting at agent local on plug 20001: requests wait for it",
    "counter#3 started in 10 ms",
    "greeter#2 -> counter#3 may connect (plug 1 -> 20001)",
    "greeter#2 -> counter#3 connected (plug 1 -> 20001)",
    "greeter#2 -> counter#3 used 4 times",
    "counter#4 starting at agent local on plug 20002: its connections are at their limit",
    'counter#4 ended: SIGTERM: exited with code 1\nerror: Uncaught (in promise) "no"\n' +
    "  at counter.ts:3",
    "greeter#2 could not reach counter (503): it could not be started",
    "connection 2 greeter#2 -> counter#3 closing: idle for 30 s",
    "connection 2 greeter#2 -> counter#3 closed: closed on command",
    "counter#3 asked to end: idle for 60 s",
    "agent local disconnected: its link broke",
    "agent ghost is lost: away for 30 s",
    "agent a1 registered from 10.0.0.2: it can start greeter",
    "agent a1 has other services: it can start greeter, counter; edited: greeter",
    "greeter#2 is to be replaced: it hangs: asked how it is, it has said nothing for 11 s",
    "agent a1 drains: drained by command",
    "greeter#2 is to be replaced: its process is given up, since another worker in it hangs",
    "greeter#2 is to be replaced: agent local drains",
    "greeter#2 killed: it holds 700 MB of memory, and may hold 256 MB",
  ]);
  assertEquals(memory.startingMs.size, 0);
});

Deno.test("describeFact() tells no duration of a start that it did not see begin", () => {
  const started: Fact = {
    seq: 1,
    atMs: 0,
    kind: "instanceStarted",
    serviceID: 2,
    service: "greeter",
  };
  assertEquals(describeFact(started), "greeter#2 started");
});

Deno.test("describeFact() tells exit code and signal once", () => {
  const end = (more: { reason: string; exitCode?: number; signal?: string }): string =>
    describeFact({
      seq: 1,
      atMs: 0,
      kind: "instanceEnded",
      serviceID: 2,
      service: "a",
      status: 500,
      ...more,
    });
  assertEquals(end({ reason: "exited with code 1", exitCode: 1 }), "a#2 ended: exited with code 1");
  assertEquals(end({ reason: "it ended", exitCode: 3 }), "a#2 ended: exit code 3: it ended");
  assertEquals(end({ reason: "idle", exitCode: 0 }), "a#2 ended: idle");
  assertEquals(
    end({ reason: "killed by SIGKILL", signal: "SIGKILL", exitCode: 137 }),
    "a#2 ended: killed by SIGKILL",
  );
});

Deno.test("describeFact() counts the uses of a connection, and tells one that goes on", () => {
  const ends = { connectionID: 1, serviceID: 1, service: "a", sourcePlug: 1 };
  const to = { destServiceID: 2, destService: "b", destPlug: 20_000 };
  const used = (count: number) =>
    describeFact({ seq: 1, atMs: 0, kind: "connectionUsed", ...ends, ...to, count });
  assertEquals([0, 1, 2].map(used), [
    "a#1 -> b#2 in use",
    "a#1 -> b#2 used once",
    "a#1 -> b#2 used 2 times",
  ]);
});

Deno.test("describeFact() names a few services of an agent that has many", () => {
  const repository = ["a", "b", "c", "d", "e", "f", "g"];
  const fact = {
    seq: 1,
    atMs: 0,
    kind: "agentRegistered",
    agent: "x",
    network: "::1",
    port: 1,
    manifests: {},
  } as const;
  assertEquals(
    describeFact({ ...fact, repository }),
    "agent x registered from ::1: it can start a, b, c, d, e and 2 more",
  );
  assertEquals(
    describeFact({ ...fact, repository: [] }),
    "agent x registered from ::1: it can start no service",
  );
});

Deno.test("isDetail() hides offers and use, nothing else", () => {
  assertEquals([...new Set(MESH_FACTS.filter(isDetail).map(({ kind }) => kind))], [
    "connectionOffered",
    "connectionUsed",
  ]);
});

Deno.test("formatHistoryLine() writes local time and indents the lines of a reason", () => {
  const atMs = new Date(2026, 10, 4, 3, 5, 7, 42).getTime();
  const text = "agent a is lost: first\r\n\x1b[31m second\n  third\n";
  assertEquals(
    formatHistoryLine({ atMs, text }, { hasDate: true }),
    [
      "2026-11-04 03:05:07.042  agent a is lost: first",
      "                            [31m second",
      "                             third",
    ].join("\n"),
  );
  assertEquals(
    formatHistoryLine({ atMs, text: "x" }, { hasDate: false }),
    "03:05:07.042  x",
  );
  assertEquals(formatTime(atMs, { hasDate: false }), "03:05:07.042");
});
