import { assertEquals } from "@std/assert";
import type { Message } from "../../../protocol/messages.ts";
import { MessageTaps, type TapFilter } from "../../../runtime/tap/message_taps.ts";
import type { TapEntry } from "../../../runtime/tap/tapped_message.ts";

const SERVICES = new Map([[1, "gateway"], [2, "greeter"], [3, "counter"]]);

const ASKED: Message = {
  type: "connectionRequest",
  messageID: 7,
  serviceID: 2,
  sourcePlug: 4,
  destServiceName: "counter",
};
const REFUSED: Message = { type: "connectionResponse", messageID: 7, status: 503 };
const USED: Message = {
  type: "processData",
  messageID: 8,
  serviceID: 2,
  sourcePlug: 4,
  destPlug: 20_001,
};
const HEALTH: Message = {
  type: "agentHealthRequest",
  messageID: 9,
  agentNetwork: "127.0.0.1",
};

function makeTaps(): MessageTaps {
  return new MessageTaps({
    agentOf: (link) => link === "agent@1" ? "a1" : undefined,
    serviceOf: (serviceID) => SERVICES.get(serviceID),
    destOf: (serviceID, sourcePlug) => serviceID === 2 && sourcePlug === 4 ? 3 : undefined,
  });
}

/** What a tap is told of some messages, of which the second leaves. */
function toldOf(filter: TapFilter): TapEntry[] {
  const taps = makeTaps();
  const told: TapEntry[] = [];
  taps.open(filter, (entry) => void told.push(entry));
  for (const message of [ASKED, REFUSED, USED, HEALTH]) {
    const isLeaving = message === REFUSED || message === HEALTH;
    taps.pass({ link: "agent@1", message, isLeaving });
  }
  return told;
}

function typesOf(filter: TapFilter): unknown[] {
  return toldOf(filter).map((entry) => entry.kind === "message" && entry.message.type);
}

Deno.test("MessageTaps tells who sent what to whom", () => {
  const ways = toldOf({}).map((one) => one.kind === "message" && [one.agent, one.from, one.to]);
  assertEquals(ways, [
    ["a1", "greeter#2", "manager"],
    ["a1", "manager", "greeter#2"],
    ["a1", "greeter#2", "manager"],
    ["a1", "manager", "a1"],
  ]);
});

Deno.test("MessageTaps filters by kind, service and instance, answers and connections too", () => {
  const about = ["connectionRequest", "connectionResponse", "processData"];
  assertEquals(typesOf({ service: "counter" }), about);
  assertEquals(typesOf({ service: "greeter" }), about);
  assertEquals(typesOf({ service: "gateway" }), []);
  assertEquals(typesOf({ serviceID: 2 }), about);
  assertEquals(typesOf({ serviceID: 3 }), about);
  assertEquals(typesOf({ type: "processData" }), ["processData"]);
  assertEquals(typesOf({ type: "processData", service: "gateway" }), []);
});

Deno.test("MessageTaps takes no answer for that of another link", () => {
  const taps = makeTaps();
  const told: TapEntry[] = [];
  taps.open({ service: "counter" }, (entry) => void told.push(entry));
  taps.pass({ link: "agent@1", message: ASKED, isLeaving: false });
  taps.pass({ link: "agent@2", message: REFUSED, isLeaving: true });
  assertEquals(told.length, 1);
});

Deno.test("MessageTaps is open while somebody watches, each what it wants", () => {
  const taps = makeTaps();
  assertEquals(taps.areOpen, false);
  const counts = [0, 0];
  const closing = [{}, { type: "processData" } as const].map((filter, index) =>
    taps.open(filter, () => void (counts[index] = (counts[index] ?? 0) + 1))
  );
  taps.pass({ link: "agent@1", message: ASKED, isLeaving: false });
  taps.pass({ link: "agent@1", message: USED, isLeaving: false });
  assertEquals([taps.areOpen, counts], [true, [2, 1]]);
  for (const close of closing) close();
  assertEquals(taps.areOpen, false);
});

Deno.test("MessageTaps names an agent that registers, and a link that nobody knows", () => {
  const taps = makeTaps();
  const told: TapEntry[] = [];
  taps.open({}, (entry) => void told.push(entry));
  const register: Message = {
    type: "agentRegisterRequest",
    messageID: 1,
    agentNetwork: "127.0.0.1",
    agentPort: 7401,
    repository: [],
    agentName: "a2",
  };
  const unknown: Message = { ...USED, serviceID: 99 };
  taps.pass({ link: "agent@2", message: register, isLeaving: false });
  taps.pass({ link: "agent@2", message: unknown, isLeaving: false });
  assertEquals(told.map((one) => one.kind === "message" && [one.agent, one.from]), [
    ["a2", "a2"],
    ["agent@2", "?#99"],
  ]);
});
