import { assert, assertEquals, assertMatch } from "@std/assert";
import { reasonOf } from "../../../protocol/errors.ts";
import { type DialOptions, dialSession } from "../../../runtime/sessions/dial.ts";
import { AgentWorld } from "./agent_world.ts";

/** Why nobody is let in; it is an error when somebody is. */
async function refusalOf(options: DialOptions): Promise<string> {
  const session = await dialSession(options).catch(reasonOf);
  assert(typeof session === "string", "it was let in");
  return session;
}

Deno.test("AgentHost starts services that speak TLS, and lets strangers into none", async () => {
  await using world = new AgentWorld({ isSecure: true });
  await world.start();
  const pid = await world.echoPid("first");
  // The answer may be here before the manager has heard that the connection is open.
  await world.until(() => world.ofKind("connectionOpened").length > 0);
  const [opened] = world.ofKind("connectionOpened");
  assert(opened !== undefined);
  const { destPlug: port, destServiceID, serviceID, sourcePlug } = opened;
  const hello = { serviceID, sourcePlug: sourcePlug + 1, destServiceID };
  const place = { hostname: "127.0.0.1", port, hello };
  const certificate = await Deno.readTextFile(`${world.data}/sessions.pem`);
  assertMatch(await refusalOf(place), /the peer closed the connection|reset/);
  assertMatch(await refusalOf({ ...place, certificate }), /it shows no ticket of the manager/);
  const other = { ...hello, destServiceID: destServiceID + 1 };
  const ofAnother = { ...place, hello: other, certificate };
  assertMatch(await refusalOf(ofAnother), /invalid peer certificate/);
  assertEquals(await world.echoPid("second"), pid);
});

Deno.test("AgentHost started again vouches for what it has started before", async () => {
  await using world = new AgentWorld({ isSecure: true });
  await world.start();
  const pid = await world.echoPid("first");
  // The answer may be here before the manager has heard that the connection is open.
  await world.until(() => world.ofKind("connectionOpened").length > 0);
  const [opened] = world.ofKind("connectionOpened");
  assert(opened !== undefined);
  await world.kill();
  const place = world.facts.length;
  await world.start();
  await world.until(() => world.ofKind("agentRegistered", place).length > 0);
  const { destPlug: port, destServiceID, serviceID, sourcePlug } = opened;
  const hello = { serviceID, sourcePlug: sourcePlug + 1, destServiceID };
  const [registered] = world.ofKind("agentRegistered", place);
  const certificate = registered?.sessionCertificate;
  // The instance of before passes for itself, so all that is missing is a ticket.
  const why = await refusalOf({ hostname: "127.0.0.1", port, hello, certificate });
  assertMatch(why, /it shows no ticket of the manager/);
  assertEquals(await world.echoPid("second"), pid);
});
