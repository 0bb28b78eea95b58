/**
 * SMMP: a service mesh that starts with one command.
 *
 * Run it: `deno task mesh`. In a service, import {@linkcode plug} to reach other services by name;
 * `fetch("http://NAME.mesh/")` does the same without an import. {@linkcode busy} holds its instance
 * open, and {@linkcode onDrain} is told before it ends.
 *
 * @module
 */

export {
  busy,
  type DrainAnswer,
  type DrainHandler,
  type DrainRefusal,
  onDrain,
} from "./runtime/service/life/life.ts";
export {
  type Plug,
  plug,
  type PlugConnection,
  type PlugOptions,
  type ServiceName,
  type Services,
} from "./runtime/service/calls/plug.ts";

if (import.meta.main) {
  // Loaded only when it runs as a program: a service that imports a plug stays small.
  const [command, url = ""] = Deno.args;
  if (command === "serve-instance") {
    const { serveInstance } = await import("./runtime/binary/instance_process.ts");
    await serveInstance(url);
  } else if (command === "serve-command") {
    const { serveCommand } = await import("./runtime/command/serve_command.ts");
    await serveCommand();
  } else {
    const { main } = await import("./runtime/cli/main.ts");
    await main();
  }
}
