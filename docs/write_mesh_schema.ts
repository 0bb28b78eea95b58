// Writes docs/mesh.schema.json anew: deno run -R -W docs/write_mesh_schema.ts

import { meshJsonSchemaText } from "../runtime/config/schema/mesh_schema.ts";

await Deno.writeTextFile(new URL("mesh.schema.json", import.meta.url), meshJsonSchemaText());
