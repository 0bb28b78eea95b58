/**
 * Load by wrk, and what the processes under load use meanwhile.
 *
 * @module
 */

import { pathOf } from "./proxies.ts";

/** One kind of load. */
export interface Load {
  /** The path of every request. */
  readonly path: string;
  /** Clients that send one request after the other. */
  readonly clients: number;
  /** How many bytes each request uploads; GET without a body when 0. */
  readonly uploadBytes: number;
}

/** What one run of a load gave. */
export interface LoadResult {
  /** Requests per second. */
  readonly perSecond: number;
  /** Median latency in milliseconds. */
  readonly p50Ms: number;
  /** The 99th percentile of the latency in milliseconds. */
  readonly p99Ms: number;
  /** Microseconds of CPU that the proxy took for each request. */
  readonly cpuUs: number;
  /** MiB that the proxy holds afterwards. */
  readonly rssMiB: number;
}

/** The headers that a browser sends, about: eight with Host. */
const HEADERS = [
  "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
  "accept: application/json, text/plain, */*",
  "accept-language: en-GB,en;q=0.9,de;q=0.8",
  "accept-encoding: gzip, deflate, br",
  "cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
  "referer: http://localhost/some/page?with=query",
  "x-request-id: 7f9c24e8-3b1a-4d5c-9e8f-0a1b2c3d4e5f",
];

const TICKS_PER_SECOND = 100;

function scriptOf(load: Load): string {
  const upload = load.uploadBytes === 0
    ? ""
    : `wrk.method = "POST"\nwrk.body = string.rep("0123456789abcdef", ${load.uploadBytes / 16})\n`;
  return `${upload}
local bad = 0
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"us":%d,"p50":%d,"p99":%d,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

/** Puts a load on a URL for some seconds; the processes are those of the proxy. */
export async function runLoad(
  url: string,
  options: { load: Load; seconds: number; pids: readonly number[] },
): Promise<LoadResult> {
  const { load, seconds, pids } = options;
  const script = await Deno.makeTempFile({ prefix: "smmp-bench-", suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, scriptOf(load));
    const before = cpuSeconds(pids);
    const { stdout } = await new Deno.Command(await pathOf("wrk"), {
      args: [
        ...["-t1", `-c${load.clients}`, `-d${seconds}s`, "--timeout", "30s", "-s", script],
        ...HEADERS.flatMap((header) => ["-H", header]),
        `${url}${load.path}`,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).output();
    const used = cpuSeconds(pids) - before;
    const text = new TextDecoder().decode(stdout);
    const found = JSON.parse(/RESULT (.*)/.exec(text)?.[1] ?? "null");
    if (found === null) throw new Error(`Cannot load "${url}": ${text}`);
    if (found.errors > 0) throw new Error(`Cannot load "${url}": ${found.errors} errors`);
    return {
      perSecond: 1e6 * found.requests / found.us,
      p50Ms: found.p50 / 1_000,
      p99Ms: found.p99 / 1_000,
      cpuUs: 1e6 * used / found.requests,
      rssMiB: rssMiB(pids),
    };
  } finally {
    await Deno.remove(script);
  }
}

/** Seconds of CPU that processes have used so far, as Linux counts them. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

function rssMiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = Deno.readTextFileSync(`/proc/${pid}/status`);
    return sum + Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1_024;
  }, 0);
}
