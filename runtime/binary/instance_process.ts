/**
 * The main thread of an instance that the binary runs by itself: it gives the service a thread with
 * exactly the permissions of its manifest, and ends the process as the service ends.
 *
 * A compiled program has all permissions and can't give any back, but a worker of it can have
 * fewer. So the service, and what connects it to the mesh, run in a worker; this thread, which no
 * code of the service reaches, only waits for its end.
 *
 * @module
 */

import type { PermissionLists } from "../launcher/sandbox.ts";
import {
  isPermissionLists,
  permissionOptions,
  type SandboxedWorkerOptions,
} from "./worker_permissions.ts";

async function readPermissions(): Promise<PermissionLists | undefined> {
  try {
    const value: unknown = JSON.parse(await new Response(Deno.stdin.readable).text());
    return isPermissionLists(value) ? value : undefined;
  } catch {
    // Whoever types the hidden command is told below what it is for.
    return undefined;
  }
}

/**
 * Runs a service until it ends, and ends this process with its exit code. The permissions come as
 * one JSON document on stdin.
 *
 * @param url The file URL of the service's one file.
 */
export async function serveInstance(url: string): Promise<void> {
  const permissions = await readPermissions();
  if (permissions === undefined) {
    console.error(`Cannot serve "${url}": only an agent starts instances`);
    Deno.exit(1);
  }
  const options: SandboxedWorkerOptions = {
    type: "module",
    name: url,
    deno: { permissions: permissionOptions(permissions) },
  };
  const worker = new Worker(new URL("../../workers/instance.ts", import.meta.url), options);
  worker.onmessage = ({ data }) => {
    if (typeof data === "number") Deno.exit(data);
  };
  worker.onerror = (event) => {
    // The thread has printed the error already, with its stack.
    event.preventDefault();
    Deno.exit(1);
  };
}
