// Writes docs/PROTOCOL.md anew: deno task docs

import { renderReference } from "../protocol/reference.ts";
import { renderSessions } from "./session_reference.ts";

const file = new URL("PROTOCOL.md", import.meta.url);
await Deno.writeTextFile(file, `${renderReference()}\n${renderSessions()}`);
