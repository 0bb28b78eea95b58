/**
 * What the kernel tells of processes. Needs Linux.
 *
 * @module
 */

/** A tick of the kernel's clock, as /proc tells time. Milliseconds. */
const TICK_MS = 10;
const PAGE_MIB = 4_096 / 2 ** 20;

/** What /proc tells of a process. */
export interface ProcessStat {
  /** The process. */
  readonly pid: number;
  /** The one that started it. */
  readonly parentPid: number;
  /** The time of a processor that it has used. Milliseconds. */
  readonly cpuMs: number;
  /** The memory that it holds. MiB. */
  readonly rssMib: number;
}

/** What a process uses. @throws {Deno.errors.NotFound} when it has ended. */
export function statOf(pid: number): ProcessStat {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name of the program is in parentheses and may contain anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parentPid = 0] = fields;
  const [user = 0, system = 0] = fields.slice(11);
  return {
    pid,
    parentPid,
    cpuMs: TICK_MS * (user + system),
    rssMib: PAGE_MIB * (fields[21] ?? 0),
  };
}

/** The processes that a process has started, directly. */
export function childrenOf(parentPid: number): ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = statOf(Number(name));
      if (stat.parentPid === parentPid) stats.push(stat);
    } catch {
      // It has ended meanwhile.
    }
  }
  return stats;
}

/** The time that groups of processes use meanwhile, each in percent of a core. */
export async function cpuPercents(
  groups: readonly (readonly number[])[],
  durationMs: number,
): Promise<number[]> {
  const used = () => groups.map((pids) => pids.reduce((sum, pid) => sum + statOf(pid).cpuMs, 0));
  const before = used();
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const tookMs = performance.now() - startedMs;
  return used().map((cpuMs, at) => 100 * (cpuMs - (before[at] ?? 0)) / tookMs);
}

/** The memory that some processes hold together. MiB. */
export function rssMibOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + statOf(pid).rssMib, 0);
}
