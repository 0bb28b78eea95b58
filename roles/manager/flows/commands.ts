/**
 * What a person asks of the manager: stop or kill an instance, close a connection, drain an agent,
 * restart a service, stop the mesh.
 *
 * @module
 */

import { STATUS } from "../../../protocol/status.ts";
import { drainAgent, undrainAgent } from "./agents/drains.ts";
import { closeConnection } from "./connections/closes.ts";
import { hasLaunched } from "./instances/endings.ts";
import { forgetCrashes } from "./instances/crashes.ts";
import { drainInstance, shutDownHard, shutDownSoftly } from "./instances/shutdowns.ts";
import { failParked } from "./connections/parking.ts";
import { isKnown } from "./instances/placement.ts";
import { beginMove, replaceInstance } from "./instances/replacements.ts";
import type { CommandGiven } from "../state.ts";
import type { Turn } from "../turn.ts";

function waitFor(turn: Turn, key: string, commandID: number): void {
  const waiting = turn.state.commands.get(key);
  if (waiting === undefined) turn.state.commands.set(key, [commandID]);
  else waiting.push(commandID);
}

function done(turn: Turn, commandID: number, outcome: { status: number; reason: string }): void {
  turn.effects.push({ kind: "commandDone", commandID, ...outcome });
}

/** Carries out a command; its outcome is told when the thing has ended. */
export function onCommand(turn: Turn, given: CommandGiven): void {
  const { command, commandID } = given;
  switch (command.kind) {
    case "stopInstance":
      return stopInstance(turn, commandID, command);
    case "closeConnection": {
      const connection = turn.state.registry.connections.get(command.connectionID);
      if (connection === undefined) {
        const reason = `Cannot close connection "${command.connectionID}": there is none`;
        return done(turn, commandID, { status: STATUS.notFound, reason });
      }
      waitFor(turn, `connection:${command.connectionID}`, commandID);
      return closeConnection(turn, connection, "closed by command");
    }
    case "drainAgent": {
      const refusal = drainAgent(turn, command.agent, commandID);
      if (refusal !== undefined) done(turn, commandID, refusal);
      return;
    }
    case "undrainAgent":
      return done(turn, commandID, { status: STATUS.done, ...undrainAgent(turn, command.agent) });
    case "restartService":
      return restartService(turn, commandID, command.service);
    case "resetService":
      return done(turn, commandID, resetService(turn, command.service));
    case "stopMesh":
      return stopMesh(turn, commandID);
  }
}

/** Forgets the crashes of a service: whoever asks for it next has it started at once. */
function resetService(turn: Turn, service: string): { status: number; reason: string } {
  if (forgetCrashes(turn, service, "reset by command")) {
    return { status: STATUS.done, reason: "its crashes are forgotten" };
  }
  const isThere = isKnown(turn, service) || turn.state.registry.services.has(service);
  return isThere
    ? { status: STATUS.done, reason: "there was nothing to forget: it has not crashed lately" }
    : {
      status: STATUS.notFound,
      reason: `Cannot reset "${service}": no agent has a service of that name`,
    };
}

/** Replaces every instance of a service, one after the other. */
function restartService(turn: Turn, commandID: number, service: string): void {
  const { registry } = turn.state;
  const instances = [...registry.services.get(service)?.instances ?? []]
    .map((serviceID) => registry.instances.get(serviceID))
    .filter((instance) => instance?.launched === true);
  if (instances.length === 0 && !isKnown(turn, service)) {
    const reason = `Cannot restart "${service}": no agent has a service of that name`;
    return done(turn, commandID, { status: STATUS.notFound, reason });
  }
  forgetCrashes(turn, service, "restarted by command");
  const waiting: number[] = [];
  for (const instance of instances) {
    if (instance === undefined) continue;
    waiting.push(instance.serviceID);
    replaceInstance(turn, instance, { cause: "outdated", reason: "restarted by command" });
  }
  beginMove(turn, `restart:${service}`, { commandID, waiting });
}

function stopInstance(
  turn: Turn,
  commandID: number,
  command: { serviceID: number; mode: "soft" | "hard" },
): void {
  const { serviceID, mode } = command;
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance === undefined) {
    const reason = `Cannot stop instance "${serviceID}": there is none`;
    return done(turn, commandID, { status: STATUS.notFound, reason });
  }
  if (!instance.launched) {
    const reason = `Cannot stop instance "${serviceID}": ${instance.service} was not started ` +
      `by an agent; stop its process`;
    return done(turn, commandID, { status: STATUS.conflict, reason });
  }
  waitFor(turn, `instance:${serviceID}`, commandID);
  if (mode === "hard") return shutDownHard(turn, instance, "killed by command");
  const reason = "stopped by command";
  // What is starting has nothing in flight, and nobody yet to be asked softly.
  if (instance.state === "starting") return shutDownHard(turn, instance, reason);
  if (instance.state !== "closing") drainInstance(turn, instance, { reason });
}

/** Ends every launched instance; nothing is started from now on. */
function stopMesh(turn: Turn, commandID: number): void {
  turn.state.stopping = true;
  const reason = "the mesh is stopping";
  // Whoever starts the mesh again wants to see what it does now.
  for (const service of turn.state.registry.crashes.keys()) forgetCrashes(turn, service, reason);
  for (const service of [...turn.state.parked.keys()]) {
    failParked(turn, service, { status: STATUS.unavailable, reason: `Cannot connect: ${reason}` });
  }
  if (!hasLaunched(turn)) {
    return done(turn, commandID, { status: STATUS.done, reason: "no service was running" });
  }
  waitFor(turn, "mesh", commandID);
  for (const instance of turn.state.registry.instances.values()) {
    if (!instance.launched || instance.state === "closing") continue;
    if (instance.state === "starting") shutDownHard(turn, instance, reason);
    else shutDownSoftly(turn, instance, reason);
  }
}
