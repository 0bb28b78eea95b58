/** The signal that cuts every link between the roles, in a mesh that cut_mesh.ts runs. */
export const CUT_SIGNAL: Deno.Signal = "SIGUSR2";
