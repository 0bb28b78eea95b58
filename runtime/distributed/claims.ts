/**
 * Who may say what by a link from another process: the agent of a certificate registers under the
 * name in it, and under no other, and at the hosts in it, if it has any; a gateway asks for
 * services, and is none.
 *
 * @module
 */

import { isRecord, messageID } from "../../protocol/fields.ts";
import { STATUS } from "../../protocol/status.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import type { PeerIdentity } from "../../transports/secure/identity.ts";
import { isLoopback } from "../admin/admin_guard.ts";
import type { Refusal } from "../links.ts";

/** A link of somebody who is known. */
export interface ClaimedLink {
  /** The link. */
  readonly link: Link;
  /** Who proved to be at its other end. */
  readonly peer: PeerIdentity;
  /** Takes what was refused. */
  readonly refused: (refusal: Refusal) => void;
}

/**
 * Lets through what the peer of a link may say. A registration under another name, or at another
 * host, is answered with 403 and ends the link: whoever sends one is wrong about itself, or worse.
 * It would have others dial that address, and use up the plugs of whoever is there.
 */
export function holdToIdentity(events: LinkEvents, claimed: ClaimedLink): LinkEvents {
  const { link, peer, refused } = claimed;
  let isRefused = false;
  return {
    ...events,
    received: (value) => {
      // What it sent before it heard of that is nothing else to complain of.
      if (isRefused) return;
      const reason = claimProblem(value, peer);
      if (reason === undefined) return events.received(value);
      isRefused = true;
      const refusal = { status: STATUS.forbidden, reason };
      // Of each agent it is told, also when another one was refused a moment ago.
      const topic = peer.name;
      refused({ link: link.name, type: "agentRegisterRequest", ...refusal, topic });
      if (isRecord(value) && messageID.accepts(value.messageID)) {
        const { messageID } = value;
        link.send({ type: "agentRegisterResponse", messageID, ...refusal });
      }
      link.close();
    },
  };
}

function claimProblem(value: unknown, peer: PeerIdentity): string | undefined {
  if (!isRecord(value) || value.type !== "agentRegisterRequest") return undefined;
  const { agentName, agentNetwork } = value;
  if (agentName !== peer.name) {
    const claimed = typeof agentName === "string" ? agentName : "";
    return `Cannot register agent "${
      claimed.slice(0, 63)
    }": the certificate of this link is that ` +
      `of ${peer.role} "${peer.name}"`;
  }
  const { hosts } = peer;
  if (hosts === undefined || isHostOf(peer, agentNetwork)) return undefined;
  const claimed = typeof agentNetwork === "string" ? agentNetwork.slice(0, 255) : "";
  return `Cannot register agent "${peer.name}" at "${claimed}": its certificate is for ` +
    `${hosts.slice(0, HOSTS_NAMED_MAX).join(", ")}; start it with --network, or issue another ` +
    `certificate with --host ${claimed}`;
}

/** Most hosts of a certificate that a refusal names. */
const HOSTS_NAMED_MAX = 5;

/**
 * On the loopback nobody reaches another host, so that every certificate is good there; who comes
 * from another host is not on it.
 */
function isHostOf({ hosts = [], address }: PeerIdentity, network: unknown): boolean {
  if (typeof network !== "string") return false;
  const name = inFull(network);
  const isHere = address === undefined || isLoopback(address);
  return (isHere && isLoopback(name)) || hosts.some((host) => inFull(host) === name);
}

/** The one full form of a name or an address. */
function inFull(host: string): string {
  const url = `http://${host.includes(":") ? `[${host}]` : host}`;
  return URL.canParse(url) ? new URL(url).hostname : host;
}

/** A link of somebody who comes as a gateway. */
export type GatewayLink = Pick<ClaimedLink, "link" | "refused">;

/**
 * Lets through what a gateway may say. It takes requests from outside; one that would also take
 * those of a service, by an in-plug, under the name of that service, is answered with 403.
 */
export function holdToGateway(events: LinkEvents, { link, refused }: GatewayLink): LinkEvents {
  return {
    ...events,
    received: (value) => {
      if (!isRecord(value) || value.type !== "serviceRegisterRequest" || !hasInPlug(value)) {
        return events.received(value);
      }
      const reason =
        "Cannot register a gateway with an in-plug: only what an agent launches has one";
      const refusal = { status: STATUS.forbidden, reason };
      refused({ link: link.name, type: "serviceRegisterRequest", ...refusal });
      if (messageID.accepts(value.messageID)) {
        const { messageID } = value;
        link.send({ type: "serviceRegisterResponse", messageID, ...refusal });
      }
      link.close();
    },
  };
}

function hasInPlug({ plugsConfiguration }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(plugsConfiguration) && plugsConfiguration.in !== null;
}

/** What an answer to a registration says; undefined for every other value. */
export function readRegistration(
  value: unknown,
  type: "agentRegisterResponse" | "serviceRegisterResponse",
): { readonly isDone: boolean; readonly reason: string } | undefined {
  if (!isRecord(value) || value.type !== type || typeof value.status !== "number") return undefined;
  const reason = typeof value.reason === "string" ? value.reason : `status ${value.status}`;
  return { isDone: value.status >= 200 && value.status < 300, reason };
}
