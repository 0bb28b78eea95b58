/**
 * A link by which a role makes itself known to the next one: an agent to its manager, a gateway to
 * its agent. It is kept, and what becomes of it is told in words for a person.
 *
 * @module
 */

import type { AcceptLink, Link, LinkEvents } from "../../transports/link.ts";
import { readRegistration } from "./claims.ts";
import { KeptLink, type KeptLinkOptions } from "./kept_link.ts";
import { dialRole, type RoleDialOptions } from "./role_links.ts";

/** What became of a link. */
export type RegistrationEvent =
  | {
    /** The other end has taken this one in. */
    readonly kind: "registered";
  }
  | {
    /** The other end is not there, does not let this one in, or is there no more. */
    readonly kind: "away";
    /** Why. */
    readonly reason: string;
    /** When it is tried again. Milliseconds from now. */
    readonly retryMs: number;
  };

/** How a role makes itself known. */
export interface RegisteredLinkOptions extends RoleDialOptions {
  /** By which message the other end takes it in. */
  readonly answer: "agentRegisterResponse" | "serviceRegisterResponse";
  /** Takes each new link; registers by it. */
  readonly admit: AcceptLink;
  /** Is told what becomes of it. */
  readonly told: (event: RegistrationEvent) => void;
  /** Dials. @default {dialRole} */
  readonly dial?: KeptLinkOptions["dial"];
}

/**
 * Keeps a role registered until it is stopped.
 *
 * @returns The link; it dials from {@linkcode KeptLink.start} on.
 */
export function keepRegistered(options: RegisteredLinkOptions): KeptLink {
  const { answer, admit, told, dial = (accept) => dialRole(options, accept) } = options;
  let refusal: string | undefined;
  let isAnswered = false;
  const watch = (events: LinkEvents): LinkEvents => ({
    ...events,
    received: (value) => {
      events.received(value);
      const outcome = readRegistration(value, answer);
      if (outcome === undefined) return;
      isAnswered = true;
      if (!outcome.isDone) {
        refusal = outcome.reason;
        return;
      }
      kept.confirm();
      told({ kind: "registered" });
    },
  });
  const kept = new KeptLink({
    dial,
    accept: (link: Link) => {
      refusal = undefined;
      isAnswered = false;
      return watch(admit(link));
    },
    told: (event) => {
      if (event.kind === "linked") return;
      const { kind, reason, retryMs } = event;
      // Who listens with certificates can say nothing to who has none.
      const isMute = kind === "ended" && !isAnswered && options.credentials === undefined;
      const hint = isMute ? `${reason} before it said a word: it may want certificates, --tls` : "";
      told({ kind: "away", reason: refusal ?? (hint || reason), retryMs });
    },
  });
  return kept;
}
