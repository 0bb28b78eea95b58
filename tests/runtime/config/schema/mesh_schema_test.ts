import { assertEquals } from "@std/assert";
import { meshJsonSchemaText } from "../../../../runtime/config/schema/mesh_schema.ts";

const SCHEMA_FILE = new URL("../../../../docs/mesh.schema.json", import.meta.url);

Deno.test("docs/mesh.schema.json is what docs/write_mesh_schema.ts writes", () => {
  assertEquals(Deno.readTextFileSync(SCHEMA_FILE), meshJsonSchemaText());
});
