import { assert, assertEquals } from "@std/assert";
import { isMessageType } from "../../protocol/messages.ts";
import { definitions } from "./samples.ts";

/** The published catalogue: each message with the fields that every message of its type has. */
const PUBLISHED: Readonly<Record<string, string>> = {
  agentRegisterRequest: "messageID agentNetwork agentPort repository",
  agentRegisterResponse: "messageID status",
  serviceRegisterRequest: "messageID typeOfService plugsConfiguration",
  serviceRegisterResponse: "messageID status",
  startServiceRequest: "messageID agentNetwork agentPort serviceName serviceID plugConfiguration",
  startServiceResponse: "messageID status serviceID",
  connectionRequest: "messageID serviceID sourcePlug destServiceName",
  connectionResponse: "messageID status destServiceNetwork destPlug",
  connectionConfirmation: "messageID status sourcePlug destPlug",
  processData: "messageID serviceID sourcePlug destPlug",
  sourceConnectionClose: "serviceID sourcePlug destPlug",
  destConnectionClose: "serviceID sourcePlug destPlug",
  connectionCloseRequest: "messageID serviceID sourcePlug destPlug",
  connectionCloseResponse: "messageID status",
  softShutdownRequest: "messageID serviceID",
  softShutdownResponse: "messageID serviceID status",
  hardShutdownRequest: "messageID serviceID",
  hardShutdownResponse: "messageID serviceID status",
};

/** The messages that we add, with the fields that each must have. */
const OURS: Readonly<Record<string, string>> = {
  serviceTerminationInfo: "serviceID status",
  serviceHealthRequest: "messageID serviceID",
  serviceHealthResponse: "messageID serviceID status",
  repositoryInfo: "messageID repository manifests",
  routesInfo: "messageID serviceID routes",
  serviceUseInfo: "serviceID",
  agentHealthRequest: "messageID agentNetwork",
  agentHealthResponse: "messageID agentNetwork status",
  instancesUsageInfo: "usages",
  outputRequest: "messageID lines",
  outputResponse: "messageID status",
  permissionRefusedInfo: "serviceID permission",
};

/** What we add to the fields of a message. */
const ADDED: Readonly<Record<string, string>> = {
  agentRegisterRequest: "agentName manifests instances connections labels capacity incarnation " +
    "sessionCertificate",
  agentRegisterResponse: "reason",
  serviceRegisterRequest: "serviceID token connections",
  serviceRegisterResponse: "serviceID reason",
  startServiceRequest: "startTimeoutMs",
  startServiceResponse: "token connections ticketKey loadMs spawnMs reason",
  connectionRequest: "avoid waiting",
  connectionResponse: "destServiceID ticket destCertificate concurrency reason",
  connectionConfirmation: "connectMs serviceID reason",
  processData: "count firstMs inFlight intervalMs",
  sourceConnectionClose: "status reason",
  destConnectionClose: "sourceServiceID status reason",
  connectionCloseRequest: "destServiceID isGone reason",
  connectionCloseResponse: "reason",
  softShutdownRequest: "graceMs isFinal reason",
  softShutdownResponse: "retryAfterMs reason",
  serviceUseInfo: "reason",
  hardShutdownRequest: "reason",
  hardShutdownResponse: "reason",
  serviceTerminationInfo: "exitCode signal reason",
  serviceHealthRequest: "path timeoutMs",
  serviceHealthResponse: "load reason",
  agentHealthResponse: "load",
  repositoryInfo: "edited moving",
  routesInfo: "ports",
  outputRequest: "service serviceID stream sinceMs after waitMs",
  outputResponse: "output reason",
  permissionRefusedInfo: "target reason",
};

/** The way of each message of the published catalogue. */
const DIRECTIONS: Readonly<Record<string, string>> = {
  agentRegisterRequest: "Agent → Manager",
  agentRegisterResponse: "Manager → Agent",
  serviceRegisterRequest: "Service → Agent → Manager",
  serviceRegisterResponse: "Manager → Agent → Service",
  startServiceRequest: "Manager → Agent",
  // The agent answers by itself when the start fails.
  startServiceResponse: "Service → Agent → Manager, or Agent → Manager",
  connectionRequest: "Service → Agent → Manager",
  connectionResponse: "Manager → Agent → Service",
  connectionConfirmation: "Service → Agent → Manager",
  processData: "Service → Agent → Manager",
  sourceConnectionClose: "Service → Agent → Manager",
  destConnectionClose: "Service → Agent → Manager",
  connectionCloseRequest: "Manager → Agent → Service",
  connectionCloseResponse: "Service → Agent → Manager",
  softShutdownRequest: "Manager → Agent → Service",
  softShutdownResponse: "Service → Agent → Manager",
  hardShutdownRequest: "Manager → Agent",
  hardShutdownResponse: "Agent → Manager",
  serviceTerminationInfo: "Service → Agent → Manager, or Agent → Manager",
  serviceHealthRequest: "Manager → Agent → Service",
  serviceHealthResponse: "Service → Agent → Manager",
  repositoryInfo: "Agent → Manager",
  routesInfo: "Manager → Agent → Service",
  serviceUseInfo: "Service → Agent → Manager",
  agentHealthRequest: "Manager → Agent",
  agentHealthResponse: "Agent → Manager",
  instancesUsageInfo: "Agent → Manager",
  outputRequest: "Manager → Agent",
  outputResponse: "Agent → Manager",
  permissionRefusedInfo: "Agent → Manager",
};

function words(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(" ").sort();
}

Deno.test("MESSAGES has the messages of the catalogue and ours, and no other", () => {
  const types = definitions().map(([type]) => type).sort();
  assertEquals<string[]>(types, [...Object.keys(PUBLISHED), ...Object.keys(OURS)].sort());
  for (const [type, { ours }] of definitions()) assertEquals(ours ?? false, type in OURS, type);
});

Deno.test("MESSAGES has the fields of the catalogue by their exact names, and marks ours", () => {
  for (const [type, { fields, ours }] of definitions()) {
    const named = (isOurs: boolean) =>
      Object.entries(fields).filter(([, field]) => field.ours === isOurs).map(([key]) => key)
        .sort();
    assertEquals(named(false), words(ours ? OURS[type] : PUBLISHED[type]), type);
    assertEquals(named(true), words(ADDED[type]), type);
  }
});

Deno.test("MESSAGES makes fields of the catalogue required, where each message has them", () => {
  const conditional = ["connectionResponse.destServiceNetwork", "connectionResponse.destPlug"];
  for (const [type, { fields }] of definitions()) {
    for (const [key, { optional, ours }] of Object.entries(fields)) {
      const isOptional = ours || conditional.includes(`${type}.${key}`);
      assertEquals(optional, isOptional, `${type}.${key}`);
    }
  }
});

Deno.test("MESSAGES sends each message the way of the catalogue", () => {
  for (const [type, { direction }] of definitions()) {
    assertEquals(direction, DIRECTIONS[type], type);
  }
});

Deno.test("MESSAGES pairs each request with an answer that carries its messageID", () => {
  for (const [type, { answer }] of definitions()) {
    if (!type.endsWith("Request")) {
      assertEquals(answer, undefined, type);
      continue;
    }
    assertEquals(answer, type.replace(/Request$/, "Response"));
    assert(isMessageType(answer));
    for (const [name, { fields }] of definitions()) {
      if (name === type || name === answer) assert("messageID" in fields, name);
    }
  }
});
