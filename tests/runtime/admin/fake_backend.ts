/**
 * A mesh for tests of the admin API: a real registry and store, and commands that are only noted.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Fact, FactBody } from "../../../roles/manager/memory/facts.ts";
import { applyFact } from "../../../roles/manager/memory/fold.ts";
import { emptyRegistry, findConnection } from "../../../roles/manager/memory/registry.ts";
import type { ManagerCommand } from "../../../roles/manager/state.ts";
import type { AdminApp, AdminBindings } from "../../../runtime/admin/admin_app.ts";
import {
  type AnswerName,
  type AnswerTypes,
  parseAnswer,
} from "../../../runtime/admin/views/view_schema.ts";
import type { AdminBackend } from "../../../runtime/admin/admin_backend.ts";
import type { OutcomeView } from "../../../runtime/admin/views/view.ts";
import { openMemoryStore } from "../../../runtime/store/memory_store.ts";
import { MessageTaps } from "../../../runtime/tap/message_taps.ts";
import { MESH_BODIES, numbered } from "../store/fact_samples.ts";

/** The token of every fake mesh. */
export const TOKEN = "correct-horse-battery-staple";

/** What the greeter uses; of others nothing is known. */
const GREETER_USAGE = {
  told: { serviceID: 2, memoryBytes: 61_400_000, cpuMs: 90, cpuPermille: 5 },
  atMs: 0,
  overs: 0,
  replacedAtMs: 0,
};

const NOW = {
  usages: new Map([[2, GREETER_USAGE]]),
  busy: new Map(),
  inFlight: new Map([[1, 4]]),
  liveOf: () => 1,
};

/** A mesh that a test can look into. */
export interface FakeBackend extends AdminBackend {
  /** Watches the messages that a test lets pass. */
  readonly taps: MessageTaps;
  /** The commands that were given. */
  readonly commands: ManagerCommand[];
  /** What the next commands come to. */
  outcome: OutcomeView;
  /** Whether the mesh is ready. */
  isReady: boolean;
  /** Whether nothing was written that is kept. */
  isSilent: boolean;
  /** Why it takes no new work. */
  hindrance: string | undefined;
  /** How many listen to facts. */
  readonly listenerCount: number;
  /** Lets something happen. */
  record(...bodies: readonly FactBody[]): void;
}

/** A mesh in which the sample facts have happened, a second apart from `startMs` on. */
export function createFakeBackend({ startMs = Date.UTC(2026, 10, 24, 22) } = {}): FakeBackend {
  const registry = emptyRegistry();
  const store = openMemoryStore();
  const listeners = new Set<(facts: readonly Fact[]) => void>();
  const commands: ManagerCommand[] = [];
  const backend: FakeBackend = {
    commands,
    outcome: { status: 200, reason: "done" },
    isReady: true,
    isSilent: false,
    hindrance: undefined,
    startedAtMs: startMs,
    gatewayUrl: "http://127.0.0.1:8080",
    store,
    get listenerCount() {
      return listeners.size;
    },
    registry: () => registry,
    now: () => ({ ...NOW, nowMs: Date.now() }),
    refusals: () => [{ type: "processData", status: 404, count: 2 }],
    command(command) {
      commands.push(command);
      return Promise.resolve(backend.outcome);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    output: {
      agents: () => ["a1"],
      away: () => [],
      ask: (_agent, { question }) =>
        Promise.resolve({
          status: 200,
          output: question.waitMs === undefined && !backend.isSilent
            ? [{
              service: "greeter",
              serviceID: 2,
              next: 2,
              lost: 3,
              lines: [{ atMs: startMs, stream: "stderr", text: "hello" }],
            }]
            : [],
        }),
    },
    taps: new MessageTaps({
      agentOf: () => "a1",
      serviceOf: (serviceID) => registry.instances.get(serviceID)?.service,
      destOf: (serviceID, sourcePlug) =>
        findConnection(registry, serviceID, sourcePlug)?.destServiceID,
    }),
    ready: () => backend.isReady,
    problem: () => backend.hindrance,
    record(...bodies) {
      const firstSeq = registry.lastSeq + 1;
      const at = startMs + (firstSeq - 1) * 1_000;
      const facts = numbered(bodies, { firstSeq, startMs: at, stepMs: 1_000 });
      for (const fact of facts) applyFact(registry, fact);
      store.append(facts);
      for (const listener of listeners) listener(facts);
    },
  };
  backend.record(...MESH_BODIES);
  return backend;
}

/** Asks an admin API for a path, as a program of this machine. */
export async function ask(
  app: AdminApp,
  path: string,
  init: RequestInit & { bindings?: AdminBindings } = {},
): Promise<Response> {
  const { bindings, ...rest } = init;
  return await app.fetch(new Request(`http://localhost${path}`, rest), bindings);
}

/** An answer that has the shape it should have. */
export function checked<Name extends AnswerName>(name: Name, value: unknown): AnswerTypes[Name] {
  const answer = parseAnswer(name, value);
  assert(answer !== undefined, `${JSON.stringify(value)} is no ${name}`);
  return answer;
}
