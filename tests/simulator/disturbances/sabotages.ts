/**
 * Roles with a fault of their own, to see that the checkers notice it.
 *
 * @module
 */

import { isRecord } from "../../../protocol/fields.ts";
import type { ServiceManifest } from "../../../protocol/manifest.ts";
import type { MessageType } from "../../../protocol/messages.ts";
import type { Role } from "../../../roles/step.ts";
import { REAL_ROLES, type Roles } from "../world.ts";

type Kinded = { readonly kind: string };

/** A role whose effects are changed before its host sees them. */
function withEffects<State, Event extends Kinded, Effect>(
  role: Role<State, Event, Effect>,
  change: (effects: Effect[], state: State, nowMs: number) => Effect[],
): Role<State, Event, Effect> {
  const step = (state: State, event: Event, nowMs: number) =>
    change(role.step(state, event, nowMs), state, nowMs);
  return { ...role, step };
}

/** An agent that announces other manifests than it has. */
function announcing(change: (manifest: ServiceManifest) => ServiceManifest): Roles["agent"] {
  return withEffects(REAL_ROLES.agent, (effects) =>
    effects.map((effect) => {
      if (effect.kind !== "send" || !("manifests" in effect.message)) return effect;
      const { message } = effect;
      const manifests = Object.fromEntries(
        Object.entries(message.manifests ?? {}).map(([name, one]) => [name, change(one)]),
      );
      return { ...effect, message: { ...message, manifests } };
    }));
}

/** A role that sends no messages of a type. */
function withoutMessages<State, Event extends Kinded, Effect extends Kinded>(
  role: Role<State, Event, Effect>,
  type: MessageType,
): Role<State, Event, Effect> {
  const isOfType = (effect: Effect) =>
    "message" in effect && isRecord(effect.message) && effect.message.type === type;
  return withEffects(role, (effects) => effects.filter((effect) => !isOfType(effect)));
}

/** A sabotage: what is broken, and the checker that must notice. */
export interface Sabotage {
  /** What the broken role does. */
  readonly name: string;
  /** The checker that must report it. */
  readonly checker: string;
  /** The broken role. */
  readonly roles: Partial<Roles>;
}

const { manager, agent, gateway, service } = REAL_ROLES;

/** Ways to break a role. */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: "a manager that does not record the end of instances",
    checker: "facts",
    roles: {
      manager: withEffects(
        manager,
        (effects) =>
          effects.filter((effect) =>
            effect.kind !== "record" || effect.fact.kind !== "instanceEnded"
          ),
      ),
    },
  },
  {
    name: "a manager that sends before it records",
    checker: "facts",
    roles: {
      manager: withEffects(manager, (effects) => [
        ...effects.filter(({ kind }) => kind !== "record"),
        ...effects.filter(({ kind }) => kind === "record"),
      ]),
    },
  },
  {
    name: "a manager that assigns plugs that are used",
    checker: "plugs",
    roles: {
      manager: withEffects(manager, (effects, { registry }) => {
        registry.plugs.clear();
        return effects;
      }),
    },
  },
  {
    name: "a manager that does not ask idle instances to end",
    checker: "truth",
    roles: {
      manager: withEffects(
        manager,
        (effects) =>
          effects.filter((effect) =>
            effect.kind !== "send" || !effect.message.type.endsWith("ShutdownRequest")
          ),
      ),
    },
  },
  {
    name: "a manager that finishes no command",
    checker: "commands",
    roles: {
      manager: withEffects(
        manager,
        (effects) => effects.filter(({ kind }) => kind !== "commandDone"),
      ),
    },
  },
  {
    name: "an agent that does not tell of processes that ended",
    checker: "truth",
    roles: {
      agent: withEffects(
        agent,
        (effects) =>
          effects.filter((effect) =>
            effect.kind !== "send" || effect.message.type !== "serviceTerminationInfo"
          ),
      ),
    },
  },
  {
    name: "an agent that forgets its deadlines",
    checker: "waits",
    roles: {
      agent: withEffects(agent, (effects, { deadlines }) => {
        deadlines.heap.length = 0;
        deadlines.entries.clear();
        return effects;
      }),
    },
  },
  {
    name: "an agent that keeps every request that it passed on",
    checker: "leaks",
    roles: {
      agent: withEffects(agent, (effects, { relayIDs, lastMessageID }) => {
        relayIDs.set(`kept/${lastMessageID}`, lastMessageID);
        return effects;
      }),
    },
  },
  {
    name: "an agent that takes every trusted link for one that it has",
    checker: "claims",
    roles: {
      agent: withEffects(agent, (effects, { links, instances }) => {
        const [taken] = instances.keys();
        for (const known of links.values()) if (known.trusted) known.serviceID ??= taken;
        return effects;
      }),
    },
  },
  {
    name: "an agent that announces too many instances",
    checker: "scale",
    roles: { agent: announcing((one) => ({ ...one, instances: { min: 0, max: 9 } })) },
  },
  {
    name: "an agent that does not announce how many instances shall run",
    checker: "minimum",
    roles: {
      agent: announcing((one) => ({
        ...one,
        instances: { min: 0, max: one.instances?.max ?? 1 },
      })),
    },
  },
  {
    name: "an agent that does not end spares that are not wanted any more",
    checker: "spares",
    roles: {
      agent: withEffects(agent, (effects) => effects.filter(({ kind }) => kind !== "killSpare")),
    },
  },
  {
    name: "a gateway that does not ask for another instance",
    checker: "outcomes",
    roles: {
      gateway: withEffects(
        gateway,
        (effects) =>
          effects.filter((effect) =>
            effect.kind !== "send" || effect.message.type !== "connectionRequest" ||
            effect.message.avoid === undefined
          ),
      ),
    },
  },
  {
    name: "a gateway that does not tell that connections are used",
    checker: "idleness",
    roles: { gateway: withoutMessages(gateway, "processData") },
  },
  {
    name: "a service that ends when it is asked how it is, from some time on",
    checker: "flapping",
    roles: {
      service: withEffects(
        service,
        (effects, _state, nowMs) =>
          effects.map((effect) =>
            effect.kind === "measure" && nowMs > 300_000 ? { kind: "exit", code: 0 } : effect
          ),
      ),
    },
  },
  {
    name: "a service that does not tell that it works",
    checker: "idleness",
    roles: { service: withoutMessages(service, "serviceUseInfo") },
  },
  {
    name: "an agent that keeps it to itself how its instances are",
    checker: "verdicts",
    roles: { agent: withoutMessages(agent, "serviceHealthResponse") },
  },
  {
    name: "a gateway that rejects twice",
    checker: "requests",
    roles: {
      gateway: withEffects(
        gateway,
        (effects) =>
          effects.flatMap((effect) => Array(effect.kind === "reject" ? 2 : 1).fill(effect)),
      ),
    },
  },
  {
    name: "a gateway that does not reject",
    checker: "requests",
    roles: {
      gateway: withEffects(gateway, (effects) => effects.filter(({ kind }) => kind !== "reject")),
    },
  },
  {
    name: "a manager that lets sources wait for what is killed",
    checker: "requests",
    roles: {
      manager: withEffects(manager, (effects) =>
        effects.map((effect) => {
          if (effect.kind !== "send" || !("isGone" in effect.message)) return effect;
          const { isGone: _isGone, ...message } = effect.message;
          return { ...effect, message };
        })),
    },
  },
  {
    name: "sources and destinations that do not close connections on command",
    checker: "truth",
    roles: {
      gateway: withEffects(
        gateway,
        (effects) => effects.filter(({ kind }) => kind !== "closeSession"),
      ),
      service: withEffects(
        service,
        (effects) =>
          effects.filter(({ kind }) => kind !== "closeSession" && kind !== "closeInbound"),
      ),
    },
  },
  {
    name: "a service that asks for everything under the name of another",
    checker: "outcomes",
    roles: {
      service: withEffects(
        service,
        (effects) =>
          effects.map((effect) =>
            effect.kind === "send" && effect.message.type === "connectionRequest"
              ? { ...effect, message: { ...effect.message, serviceID: 1 } }
              : effect
          ),
      ),
    },
  },
  {
    name: "a service that throws at a soft shutdown",
    checker: "role",
    roles: {
      service: withEffects(service, (effects) => {
        if (effects.some(({ kind }) => kind === "drain")) throw new Error("sabotage");
        return effects;
      }),
    },
  },
];
