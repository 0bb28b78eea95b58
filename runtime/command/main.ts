/** The main module of a companion that Deno runs; the binary has a hidden command for it. */
import { serveCommand } from "./serve_command.ts";

await serveCommand();
