/**
 * Makes one program of everything: `deno task compile` writes ./smmp. It is every role and every
 * command, and needs no Deno beside it.
 *
 * Two variables help where the running Deno can't compile by itself, since it would have to
 * download its runtime: `DENO_COMPILE` names another deno to compile with, `DENORT_BIN` the runtime
 * of it.
 *
 * @module
 */

const PROJECT = new URL("../../", import.meta.url);

/** The folder of files that are loaded by a name that the compiler can't see. */
const WORKERS = "workers";

/** Large package graphs overflow the stack of the compiler's threads otherwise. Bytes. */
const COMPILER_STACK = 67_108_864;

/** What a deno that is not in the binary runs of ours, each as one file. */
const BUNDLES = [
  { entry: "runtime/service/begin.ts", bundle: "dist/begin.txt" },
  { entry: "runtime/worker/begin.ts", bundle: "dist/worker_begin.txt" },
  { entry: "runtime/worker/host.ts", bundle: "dist/worker_host.txt" },
] as const;

async function deno(program: string, args: readonly string[]): Promise<void> {
  const env = {
    RUST_MIN_STACK: `${COMPILER_STACK}`,
    // An older Deno trusts its own list alone, also where a registry's authority is the machine's.
    DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system",
  };
  const command = new Deno.Command(program, { args: [...args], cwd: PROJECT, env });
  const { success, code } = await command.spawn().status;
  if (!success) Deno.exit(code);
}

/**
 * Compiles the program.
 *
 * @param output The path of the program, from the folder of the project.
 */
async function compile(output: string): Promise<void> {
  const program = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
  await Deno.mkdir(new URL("dist", PROJECT), { recursive: true });
  for (const { entry, bundle } of BUNDLES) {
    await deno(Deno.execPath(), [
      ...["bundle", "--quiet", "--no-lock", "--platform", "deno", "--minify", "--keep-names"],
      ...["--output", bundle, entry],
    ]);
  }
  const workers = [...Deno.readDirSync(new URL(WORKERS, PROJECT))].map(({ name }) => name).sort();
  await deno(program, [
    // Another version has another format of lock files, and other types: `deno task check` checks.
    ...["compile", "--quiet", "--no-lock", "--no-check", "-A", "--no-prompt"],
    ...[...workers.map((name) => `${WORKERS}/${name}`), ...BUNDLES.map(({ bundle }) => bundle)]
      .flatMap((file) => ["--include", file]),
    ...["--output", output, "mod.ts"],
  ]);
}

if (import.meta.main) await compile(Deno.args[0] ?? "smmp");
