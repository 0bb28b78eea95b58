/**
 * What the processes of this machine use, as `/proc` tells it: one look at all of them takes a few
 * microseconds for each, so that nobody has to know which process started which.
 *
 * @module
 */

/** What the processes of a session, or of a process group, use together. */
export interface GroupUsage {
  /** Memory that they hold, shared pages counted in each. Bytes. */
  memoryBytes: number;
  /** Processor time that they have used, with that of ended children. Milliseconds. */
  cpuMs: number;
}

/** Where something stands in `/proc/PID/stat`, behind the name of the program. */
const GROUP_FIELD = 2;
const SESSION_FIELD = 3;
/** User and system time, then both of children that were waited for. */
const TIME_FIELDS = [11, 12, 13, 14] as const;
const RSS_FIELD = 21;

/** The kinds of the entries of the auxiliary vector that are used here. */
const PAGE_SIZE_KIND = 6n;
const CLOCK_TICKS_KIND = 17n;

interface Units {
  readonly pageBytes: number;
  readonly tickMs: number;
}

let units: Units | undefined;

/** The units of the kernel that runs, which it tells each process at its start. */
function unitsOfKernel(): Units {
  const known = { pageBytes: 4_096, tickMs: 10 };
  const view = new DataView(Deno.readFileSync("/proc/self/auxv").buffer);
  for (let at = 0; at + 16 <= view.byteLength; at += 16) {
    const kind = view.getBigUint64(at, true);
    const value = Number(view.getBigUint64(at + 8, true));
    if (kind === PAGE_SIZE_KIND) known.pageBytes = value;
    else if (kind === CLOCK_TICKS_KIND) known.tickMs = 1_000 / value;
  }
  return known;
}

/**
 * What some sessions use. A process belongs to the session that it is in, else to its group.
 *
 * @param leaders The numbers of the processes that lead them.
 * @returns By leader; nothing of one whose processes have all ended, and nothing at all where there
 * is no `/proc`, or it can't be read now.
 */
export function usageOfGroups(leaders: ReadonlySet<number>): Map<number, GroupUsage> {
  if (Deno.build.os !== "linux" || leaders.size === 0) return new Map();
  try {
    return readUsages(leaders);
  } catch {
    // Too many files are open, which passes: the next look tells what this one can't.
    return new Map();
  }
}

function readUsages(leaders: ReadonlySet<number>): Map<number, GroupUsage> {
  const usages = new Map<number, GroupUsage>();
  const { pageBytes, tickMs } = units ??= unitsOfKernel();
  for (const { name } of Deno.readDirSync("/proc")) {
    const first = name.charCodeAt(0);
    const fields = first > 48 && first < 58 ? statFields(name) : undefined;
    if (fields === undefined) continue;
    const session = Number(fields[SESSION_FIELD]);
    const leader = leaders.has(session) ? session : Number(fields[GROUP_FIELD]);
    if (!leaders.has(leader)) continue;
    const usage = usages.get(leader) ?? { memoryBytes: 0, cpuMs: 0 };
    usages.set(leader, usage);
    usage.memoryBytes += pageBytes * Number(fields[RSS_FIELD]);
    for (const field of TIME_FIELDS) usage.cpuMs += Math.round(tickMs * Number(fields[field]));
  }
  return usages;
}

function statFields(pid: string): string[] | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name of a program is in parentheses, and may itself have some.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
