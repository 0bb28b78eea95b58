import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderSessions } from "../../docs/session_reference.ts";
import { FLOWS } from "../../protocol/flows.ts";
import { EXPLAINED_KINDS, renderReference } from "../../protocol/reference.ts";
import { MESSAGES } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { START_VARIABLE } from "../../runtime/service/start.ts";
import { NESTING_MAX } from "../../transports/codec.ts";
import { ROLE_LINE_BYTES_MAX, SERVICE_LINE_BYTES_MAX } from "../../transports/lines.ts";
import { definitions } from "./samples.ts";

const FILE = new URL("../../docs/PROTOCOL.md", import.meta.url);

Deno.test("docs/PROTOCOL.md is what deno task docs writes", async () => {
  assertEquals(await Deno.readTextFile(FILE), `${renderReference()}\n${renderSessions()}`);
});

Deno.test("renderReference() has every message with every field, kind and status", () => {
  const text = renderReference();
  const kinds = new Set<string>();
  for (const [type, { fields, doc }] of definitions()) {
    const section = text.split(`\n### ${type}`)[1]?.split("\n###")[0];
    assert(section !== undefined, type);
    assertStringIncludes(section, doc);
    for (const [key, { kind }] of Object.entries(fields)) {
      assertStringIncludes(section, `| \`${key}\` | ${kind.name} |`);
      kinds.add(kind.name);
    }
  }
  assertEquals([...kinds].sort(), [...EXPLAINED_KINDS].sort());
  for (const status of Object.values(STATUS)) assertStringIncludes(text, `\n| ${status} | `);
});

Deno.test("renderReference() tells the bounds of the transports and the start as they are", () => {
  const text = renderReference();
  for (const bytes of [ROLE_LINE_BYTES_MAX, SERVICE_LINE_BYTES_MAX]) {
    assertStringIncludes(text, `${bytes.toLocaleString("en")} bytes`);
  }
  assertStringIncludes(text, `nest at most ${NESTING_MAX} deep`);
  assertStringIncludes(text, `\`${START_VARIABLE}\``);
});

Deno.test("FLOWS are nine, and send each message only the way that the table says", () => {
  assertEquals(FLOWS.length, 9);
  for (const { steps } of FLOWS) {
    for (const step of steps) {
      if ("does" in step) continue;
      const isService = (actor: string) => actor === "A" || actor === "B";
      const nameOf = (actor: string) => isService(actor) ? "Service" : actor;
      const hop = `${nameOf(step.from)} → ${nameOf(step.to)}`;
      assertStringIncludes(MESSAGES[step.message].direction, hop, step.message);
    }
  }
});

Deno.test("FLOWS use every message of the table but those of no flow", () => {
  const used = new Set(
    FLOWS.flatMap(({ steps }) => steps.flatMap((step) => "message" in step ? [step.message] : [])),
  );
  const unused = definitions().map(([type]) => type).filter((type) => !used.has(type));
  assertEquals<string[]>(unused.sort(), [
    "agentHealthRequest",
    "agentHealthResponse",
    "instancesUsageInfo",
    "outputRequest",
    "outputResponse",
    "permissionRefusedInfo",
    "repositoryInfo",
    "routesInfo",
    "serviceHealthRequest",
    "serviceHealthResponse",
    "serviceUseInfo",
  ]);
});
