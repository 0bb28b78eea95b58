/**
 * Checks that nothing is closed as idle while it is used.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { SOURCE_DEFAULTS } from "../../../roles/source/state.ts";
import type { World } from "../world.ts";

/** How long the manager may not know of a use: it is reported at intervals, and travels. */
const UNHEARD_MS = SOURCE_DEFAULTS.reportMs + 500;

function judgeConnection(world: World, fact: Extract<Fact, { kind: "connectionClosing" }>): void {
  const { serviceID, sourcePlug, destService } = fact;
  const manifest = world.options.services.find(({ name }) => name === destService)?.manifest;
  const idleMs = manifest?.connectionIdleMs ?? 0;
  for (const { ends, inFlight, usedMs } of world.sessions) {
    if (ends.serviceID !== serviceID || ends.sourcePlug !== sourcePlug) continue;
    const heardUntilMs = fact.atMs - UNHEARD_MS;
    // A report that was on its way when its link broke is not repeated; what is open is told anew.
    const wasTold = usedMs > world.mildUntilMs + UNHEARD_MS;
    const wasUsed = wasTold && usedMs < heardUntilMs &&
      usedMs > fact.atMs - idleMs + UNHEARD_MS;
    const isUsed = [...inFlight.values()].some((sentMs) => sentMs < heardUntilMs);
    if (!wasUsed && !isUsed) continue;
    const text = `connection ${serviceID}:${sourcePlug} was closed as idle with ` +
      `${inFlight.size} requests in flight, last used at ${usedMs} ms`;
    world.violations.report("idleness", text);
  }
}

/** What is recorded as idle must be. */
export function judgeIdleness(world: World, fact: Fact): void {
  // While messages are lost and late the manager can't know what is used.
  if (fact.atMs < world.strictFromMs || (world.isMild && world.hasMildAgents)) return;
  if (fact.kind === "connectionClosing" && fact.reason.startsWith("idle")) {
    judgeConnection(world, fact);
  }
  if (fact.kind !== "instanceClosing" || !fact.reason.startsWith("idle")) return;
  for (const process of world.processes) {
    if (process.setup.serviceID !== fact.serviceID) continue;
    const isConnected = [...process.inbound].some(({ isEnded }) => !isEnded);
    const isWorking = (process.work.sinceMs ?? Infinity) < fact.atMs - UNHEARD_MS;
    if (!isConnected && !isWorking) continue;
    const why = isConnected ? "connected" : "it works";
    world.violations.report("idleness", `${process.name} was ended as idle, though ${why}`);
  }
}
