/**
 * The events of a source, for the roles that have one.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import { takeEachDue } from "../deadlines.ts";
import { onConnectionCloseRequest, onGoneDue, onSessionLeaving } from "./closes.ts";
import {
  onAskDue,
  onConnectionResponse,
  onDialed,
  onDialFailed,
  onSessionEnded,
} from "./connections.ts";
import { heal } from "./health.ts";
import { onRequestAnswered, onRequestEnded } from "./outcomes.ts";
import { askIfNeeded, onMoreDue, onRequestWanted, onUseDue, onWaitDue } from "./requests.ts";
import type { SourceEvent, SourceTurn } from "./state.ts";

/** Handles what the host tells a source. */
export function stepSource(turn: SourceTurn, event: SourceEvent): void {
  switch (event.kind) {
    case "requestWanted":
      return onRequestWanted(turn, event);
    case "requestEnded":
      return onRequestEnded(turn, event);
    case "requestAnswered":
      return onRequestAnswered(turn, event);
    case "dialed":
      return onDialed(turn, event);
    case "dialFailed":
      return onDialFailed(turn, event);
    case "sessionLeaving":
      return onSessionLeaving(turn, event);
    case "sessionEnded":
      return onSessionEnded(turn, event);
  }
}

/** Handles a message that concerns the source; false when it concerns its owner. */
export function takeMessage(turn: SourceTurn, message: Message): boolean {
  if (message.type === "connectionResponse") onConnectionResponse(turn, message);
  else if (message.type === "connectionCloseRequest") onConnectionCloseRequest(turn, message);
  else return false;
  return true;
}

/** The source has a number and a link: whoever waits is asked for. */
export function askForWaiting(turn: SourceTurn): void {
  for (const service of [...turn.source.waiting.keys()]) askIfNeeded(turn, service);
}

/** Handles the deadlines of a source that are due. */
export function tickSource(turn: SourceTurn): void {
  takeEachDue(turn.source.deadlines, turn.nowMs, (kind, identity) => {
    switch (kind) {
      case "wait":
        return onWaitDue(turn, Number(identity));
      case "ask":
        return onAskDue(turn, Number(identity));
      case "gone":
        return onGoneDue(turn, Number(identity));
      case "use":
        return onUseDue(turn, Number(identity));
      case "retry":
        return askIfNeeded(turn, identity);
      case "more":
        return onMoreDue(turn, identity);
      case "sick":
        return heal(turn, Number(identity));
    }
  });
}
