/**
 * How a call finds the gateway that it goes through, and the token that it takes.
 *
 * @module
 */

import { isLocal } from "../../distributed/address.ts";
import { CommandError } from "../io.ts";
import { readAnswer } from "./admin_client.ts";
import {
  findGatewayFile,
  findMesh,
  givenToken,
  type MeshAccess,
  type MeshFlags,
  requireToken,
} from "./find_mesh.ts";

/** A gateway that takes calls. */
export interface GatewayAccess {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  /** What a call must carry. */
  readonly token: string;
}

/** The flags that name a gateway. */
export interface GatewayFlags extends MeshFlags {
  /** Where it is, instead of what the mesh or the data folder tells. */
  readonly gateway: string | undefined;
}

/**
 * Finds the gateway that the flags name: the one that is given, that of the mesh, or one that runs
 * on this machine as a process of its own.
 *
 * @throws {CommandError} when there is none, or its token is not known.
 */
export async function findGateway(flags: GatewayFlags): Promise<GatewayAccess> {
  const { gateway, token, data } = flags;
  const file = findGatewayFile(data);
  if (gateway !== undefined) {
    const url = bare(gateway);
    const own = file !== undefined && bare(file.url) === url ? file.token : undefined;
    const known = token ?? own ?? givenToken(token);
    return { url, token: requireToken({ url, token: known, gatewayUrl: url }) };
  }
  if (file !== undefined && isOfThisMachine(flags)) {
    const own = await ownGateway(flags);
    return own ?? { url: bare(file.url), token: token ?? file.token };
  }
  const mesh = await findMesh(flags);
  const found = requireToken(mesh);
  const url = await gatewayOf(mesh);
  if (url !== undefined) return { url, token: found };
  throw new CommandError(
    `Cannot call through the mesh at ${mesh.url}: it has no gateway of its own; give --gateway ` +
      "URL, and its token with SMMP_TOKEN",
  );
}

/** Whether the flags name no mesh of another machine. */
function isOfThisMachine({ manager, admin }: GatewayFlags): boolean {
  if (admin !== undefined || manager instanceof URL) return false;
  return manager === undefined || isLocal(manager);
}

/** The gateway of a mesh that has one of its own; undefined when it has not, or does not run. */
async function ownGateway(flags: GatewayFlags): Promise<GatewayAccess | undefined> {
  let mesh: MeshAccess;
  try {
    mesh = await findMesh(flags);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return undefined;
  }
  const { gatewayUrl, token } = mesh;
  return gatewayUrl === undefined || token === undefined
    ? undefined
    : { url: bare(gatewayUrl), token };
}

async function gatewayOf(mesh: MeshAccess): Promise<string | undefined> {
  const url = mesh.gatewayUrl ??
    (await readAnswer(mesh, "/v1/state", { answer: "State", query: { limit: 1 } })).gatewayUrl;
  return url === null ? undefined : bare(url);
}

function bare(url: string): string {
  return url.replace(/\/+$/, "");
}
