/**
 * Which of several connections to a service a request gets.
 *
 * @module
 */

import type { OutConnection, SourceState } from "./state.ts";

/** Whether one more request may go by a connection. */
export function hasRoom({ state, inFlight, capacity }: OutConnection): boolean {
  return state === "open" && inFlight < capacity;
}

/** So full an instance is kept before the next one gets its share: the rest is for bursts. */
const FILL = 0.7;

/**
 * Among instances of which each takes so many requests at once, the first ones are filled before
 * the others are used: so what is too much becomes idle by itself, and is closed.
 */
function chooseFilled(choices: readonly OutConnection[]): OutConnection | undefined {
  let least: OutConnection | undefined;
  for (const connection of choices) {
    if (!hasRoom(connection)) continue;
    const { inFlight, capacity } = connection;
    if (inFlight < capacity * FILL) return connection;
    if (least === undefined || inFlight < least.inFlight) least = connection;
  }
  return least;
}

/**
 * The connection that a request gets: of the next two in turn that have room, the one with fewer
 * requests; where each instance takes so many only, see above. With a sticky key it is the same
 * one for the same key, as long as it is there and has room.
 */
export function chooseConnection(
  source: SourceState,
  service: string,
  stickyKey?: number,
): OutConnection | undefined {
  const choices = source.connectionsTo.get(service);
  if (choices === undefined) return undefined;
  const [first] = choices;
  if (choices.length === 1) return first !== undefined && hasRoom(first) ? first : undefined;
  if (stickyKey !== undefined) return chooseSticky(choices, stickyKey);
  if (first?.isBounded === true) return chooseFilled(choices);
  source.turns = (source.turns + 1) % Number.MAX_SAFE_INTEGER;
  const start = source.turns % choices.length;
  let chosen: OutConnection | undefined;
  for (let offset = 0; offset < choices.length; offset += 1) {
    const connection = choices[(start + offset) % choices.length];
    if (connection === undefined || !hasRoom(connection)) continue;
    if (chosen !== undefined) {
      return connection.inFlight < chosen.inFlight ? connection : chosen;
    }
    chosen = connection;
  }
  return chosen;
}

/**
 * The instance with the highest score for a key: each source finds the same one, and when instances
 * come and go, only the keys of those that went or of those that came move.
 */
function chooseSticky(choices: readonly OutConnection[], key: number): OutConnection | undefined {
  let chosen: OutConnection | undefined;
  let highest = -1;
  for (const connection of choices) {
    if (!hasRoom(connection)) continue;
    const score = scoreOf(key, connection.destServiceID);
    if (score <= highest) continue;
    highest = score;
    chosen = connection;
  }
  return chosen;
}

/** Mixes two numbers of 32 bits so that each bit of the score depends on all of theirs. */
function scoreOf(key: number, serviceID: number): number {
  let mixed = Math.imul(key ^ Math.imul(serviceID, 0x9e37_79b1), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
