/**
 * What the processes of a mesh hold, as tests look at it.
 *
 * @module
 */

import { IS_OLD_DENO } from "../../conformance/worlds.ts";
import type { MeshProcess } from "./mesh_process.ts";

/** Bytes of a MiB. */
export const MIB = 1_048_576;

/** By how much the peak of a process may grow while much passes, in bytes. */
const GROWTH = 64 * MIB;

/**
 * What may be under way when one end does not read: windows, and buffers of the system, which makes
 * them the larger the slower both ends are; with three connections in a row it was 41 MiB once.
 */
export const UNDER_WAY = 64 * MIB;

/** The most memory that each process of a mesh, and of its services, has had, in bytes. */
export async function peaksOf(mesh: MeshProcess): Promise<ReadonlyMap<number, number>> {
  const peaks = new Map<number, number>();
  for (const pid of await mesh.processes()) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    peaks.set(pid, 1_024 * Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]));
  }
  return peaks;
}

/**
 * The processes whose peak has grown by more than it may, with what it has grown by in MiB. None
 * under an older Deno, which lets much garbage gather.
 */
export async function grownSince(
  before: ReadonlyMap<number, number>,
  mesh: MeshProcess,
): Promise<string[]> {
  const grown: string[] = [];
  if (IS_OLD_DENO) return grown;
  for (const [pid, peak] of await peaksOf(mesh)) {
    const growth = peak - (before.get(pid) ?? 0);
    if (growth <= GROWTH) continue;
    const program = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    grown.push(`${program.replaceAll("\0", " ")}: ${Math.round(growth / MIB)} MiB`);
  }
  return grown;
}
