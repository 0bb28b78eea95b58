import type { SourceOptions } from "../../../roles/source/state.ts";
import type { ServiceEffect } from "../../../roles/service/state.ts";
import { type Of, ofKind, theSent } from "../effects.ts";
import { ServiceBench } from "../service/service_bench.ts";

/** A source that asks for one more connection as soon as all are full. */
export function impatient(options: Partial<SourceOptions> = {}): ServiceBench {
  return new ServiceBench({ patienceMs: 0, ...options });
}

/** Opens the connection that was asked for, to an instance that takes so many requests. */
export function openAt(
  bench: ServiceBench,
  asked: Of<"connectionRequest">,
  to: { dest: number; concurrency?: number },
): ServiceEffect[] {
  const { messageID, sourcePlug } = asked;
  const { dest, concurrency } = to;
  bench.answer(messageID, 20_000 + dest, concurrency === undefined ? {} : { concurrency });
  return bench.step({ kind: "dialed", sourcePlug });
}

/** Two connections that take so many requests each, the first one full, the second one with one. */
export function twoConnections(
  concurrency = 10,
): { bench: ServiceBench; first: number; second: number } {
  const bench = impatient();
  const asked = theSent(bench.want(1), "connectionRequest");
  openAt(bench, asked, { dest: 50, concurrency });
  for (let requestID = 2; requestID <= concurrency; requestID += 1) bench.want(requestID);
  const more = theSent(bench.want(concurrency + 1), "connectionRequest");
  openAt(bench, more, { dest: 51, concurrency });
  return { bench, first: asked.sourcePlug, second: more.sourcePlug };
}

/** The out-plugs that requests were given, in their order. */
export function plugsOf(effects: readonly ServiceEffect[]): number[] {
  return ofKind(effects, "assign").map(({ sourcePlug }) => sourcePlug);
}
