/** The signal that kills the worker of each role, in a mesh that mortal_mesh.ts runs. */
export const MORTAL_SIGNALS = {
  manager: "SIGUSR2",
  agent: "SIGHUP",
  gateway: "SIGWINCH",
} as const satisfies Readonly<Record<string, Deno.Signal>>;
