import { assertEquals } from "@std/assert";
import type { ReportedConnection } from "../../../protocol/announcements.ts";
import type { AgentEffect, RecordedGateway } from "../../../roles/agent/events.ts";
import { AgentBench } from "./agent_bench.ts";
import { ofKind, sent, theOne, theSent } from "../effects.ts";

const PLUGS = { in: null, out: "*" } as const;
const OPEN = { serviceID: 3, sourcePlug: 1, destServiceID: 50, destPlug: 20_050 };

/** What a gateway says of itself when it comes. */
interface Coming {
  readonly serviceID?: number;
  readonly token?: string;
  readonly connections?: readonly ReportedConnection[];
  readonly peer?: string;
  readonly typeOfService?: string;
}

/** A gateway comes by a new link. */
function come(bench: AgentBench, link: string, coming: Coming = {}): AgentEffect[] {
  const { peer, typeOfService = "gateway", token = "secret", ...claimed } = coming;
  bench.step({ kind: "serviceLinked", link, trusted: true, peer });
  const type = "serviceRegisterRequest";
  const request = { type, messageID: 1, typeOfService, plugsConfiguration: PLUGS } as const;
  return bench.take(link, { ...request, token, ...claimed });
}

/** A gateway that comes for the first time, and is an instance. */
function addGateway(bench: AgentBench, serviceID: number, peer?: string): AgentEffect[] {
  const named = peer === undefined ? {} : { peer };
  const { messageID } = theSent(come(bench, "old", named), "serviceRegisterRequest", "manager");
  const answer = { type: "serviceRegisterResponse", messageID, status: 200, serviceID } as const;
  return bench.take("manager", answer);
}

/** It has an open connection. */
function openConnection(bench: AgentBench): void {
  bench.answer(bench.ask("old", { messageID: 5, serviceID: 3 }));
  const { sourcePlug, destPlug } = OPEN;
  const done = { messageID: 5, status: 200, sourcePlug, destPlug };
  bench.take("old", { type: "connectionConfirmation", ...done });
}

function breakLink(bench: AgentBench): AgentEffect[] {
  return bench.step({ kind: "linkClosed", link: "old", reason: "it broke" });
}

/** An agent that was started again, with a link to the manager. */
function restarted(...gateways: RecordedGateway[]): AgentBench {
  const bench = new AgentBench({ isLinked: false });
  bench.step({ kind: "instancesRecorded", instances: [], gateways });
  assertEquals(bench.step({ kind: "managerLinked", link: "manager" }), []);
  return bench;
}

const RECORDED = { serviceID: 3, service: "gateway", plugs: PLUGS, token: "secret" };

Deno.test("agent: a gateway whose link broke goes on as it was, untold to the manager", () => {
  const bench = new AgentBench();
  addGateway(bench, 3);
  openConnection(bench);
  assertEquals(breakLink(bench), []);
  const back = come(bench, "new", { serviceID: 3, connections: [OPEN] });
  const { status, serviceID } = theSent(back, "serviceRegisterResponse", "new");
  assertEquals([back.length, status, serviceID], [1, 200, 3]);
  assertEquals(bench.wait(60_000), []);
  const use = { type: "processData", messageID: 9, serviceID: 3, count: 1 } as const;
  const { sourcePlug, destPlug } = OPEN;
  theSent(bench.take("new", { ...use, sourcePlug, destPlug }), "processData", "manager");
});

Deno.test("agent: a gateway that stays away is gone, and the manager is told why", () => {
  const bench = new AgentBench();
  addGateway(bench, 3);
  breakLink(bench);
  assertEquals(bench.wait(4_999), []);
  const gone = bench.wait(1);
  const { serviceID, reason } = theSent(gone, "serviceTerminationInfo", "manager");
  assertEquals([serviceID, reason], [3, "its link to the agent ended: it broke"]);
  assertEquals(theOne(gone, "forget").serviceID, 3);
  // Its number is nobody's any more, so it gets a new one.
  const late = come(bench, "new", { serviceID: 3, connections: [OPEN] });
  // The manager hears of what is between a gateway and its agent as little as of the secret.
  const { plugsConfiguration, serviceID: claimed, token, connections } = theSent(
    late,
    "serviceRegisterRequest",
    "manager",
  );
  const rest = [claimed, token, connections];
  assertEquals([plugsConfiguration, rest], [PLUGS, [undefined, undefined, undefined]]);
});

Deno.test("agent: a gateway that is back and its agent tell each other what they missed", () => {
  const bench = new AgentBench();
  addGateway(bench, 3);
  openConnection(bench);
  breakLink(bench);
  const routes = [{ path: "/", service: "greeter", keepPrefix: false }];
  const info = { type: "routesInfo", messageID: 9, serviceID: 3, routes } as const;
  assertEquals(bench.take("manager", info), []);
  const { sourcePlug, destPlug } = OPEN;
  const close = { messageID: 10, serviceID: 3, sourcePlug: 7, destPlug: 20_057 } as const;
  assertEquals(bench.take("manager", { type: "connectionCloseRequest", ...close }), []);
  const strange = { ...OPEN, sourcePlug: 8, destPlug: 20_058 };
  const back = come(bench, "new", { serviceID: 3, connections: [strange] });
  assertEquals(theSent(back, "routesInfo", "new"), info);
  const ended = theSent(back, "sourceConnectionClose", "manager");
  assertEquals([ended.sourcePlug, ended.destPlug], [sourcePlug, destPlug]);
  const closes = sent(back, "connectionCloseRequest", "new").map((one) => one.sourcePlug);
  assertEquals(closes, [8, 7]);
});

Deno.test("agent: started again it waits for its gateways, and registers with them", () => {
  const bench = restarted(RECORDED);
  const back = come(bench, "new", { serviceID: 3, connections: [OPEN] });
  assertEquals(theSent(back, "serviceRegisterResponse", "new").serviceID, 3);
  const { instances, connections } = theSent(back, "agentRegisterRequest", "manager");
  assertEquals(instances?.map(({ serviceID, launched }) => [serviceID, launched]), [[3, false]]);
  assertEquals(connections, [OPEN]);
});

Deno.test("agent: started again it waits for a gateway for adoptMs, and kills nobody", () => {
  const bench = restarted(RECORDED);
  const due = bench.wait(5_000);
  assertEquals(theSent(due, "agentRegisterRequest").instances, []);
  assertEquals([ofKind(due, "kill"), theOne(due, "forget").serviceID], [[], 3]);
  const late = come(bench, "new", { serviceID: 3 });
  assertEquals(theSent(late, "serviceRegisterRequest", "manager").serviceID, undefined);
});

Deno.test("agent: a gateway is remembered from its registration to its end", () => {
  const bench = new AgentBench();
  const { gateway } = theOne(addGateway(bench, 3, "g1"), "remember");
  assertEquals(gateway, { ...RECORDED, peer: "g1" });
  assertEquals(ofKind(breakLink(bench), "forget"), []);
  come(bench, "old", { serviceID: 3, peer: "g1" });
  const said = { serviceID: 3, status: 200, reason: "stopping" };
  bench.take("old", { type: "serviceTerminationInfo", ...said });
  const ended = breakLink(bench);
  assertEquals(theOne(ended, "forget").serviceID, 3);
  assertEquals(theSent(ended, "serviceTerminationInfo", "manager").reason, "stopping");
});

Deno.test("agent: who has not the secret of a gateway does not get its number", () => {
  const bench = new AgentBench();
  addGateway(bench, 3);
  bench.run(7);
  bench.launch(8);
  const isNewcomer = (link: string, coming: Coming) => {
    const effects = come(bench, link, { connections: [OPEN], ...coming });
    const { serviceID: claimed } = theSent(effects, "serviceRegisterRequest", "manager");
    assertEquals([claimed, effects.length], [undefined, 1]);
  };
  // A gateway, a process that runs, one that starts, and an instance of another agent.
  for (const isAway of [false, true]) {
    if (isAway) breakLink(bench);
    for (const serviceID of [3, 7, 8, 99]) {
      for (const token of ["", "guess", "secret-7"]) {
        isNewcomer(`forger-${isAway}-${serviceID}-${token}`, { serviceID, token });
      }
    }
  }
  isNewcomer("other", { serviceID: 3, typeOfService: "greeter" });
  // Nor does a process, by the message with which processes prove themselves.
  bench.step({ kind: "serviceLinked", link: "process", trusted: false });
  const started = { type: "startServiceResponse", messageID: 1, status: 200 } as const;
  const refused = bench.take("process", { ...started, serviceID: 3, token: "secret" });
  assertEquals(theOne(refused, "refuse").status, 401);
});

Deno.test("agent: a gateway that showed no secret can't come back, and is a new one", () => {
  for (const token of ["", "secret"]) {
    const { token: _token, ...withoutSecret } = RECORDED;
    const bench = restarted(withoutSecret);
    assertEquals(sent(come(bench, "new", { serviceID: 3, token }), "serviceRegisterResponse"), []);
  }
});

Deno.test("agent: who proved a name must prove it again, whatever secret it has", () => {
  for (const isRestarted of [false, true]) {
    const bench = isRestarted ? restarted({ ...RECORDED, peer: "g1" }) : new AgentBench();
    if (!isRestarted) {
      addGateway(bench, 3, "g1");
      breakLink(bench);
    }
    for (const peer of [{ peer: "g2" }, {}]) {
      const effects = come(bench, `forger-${peer.peer}`, { serviceID: 3, ...peer });
      assertEquals(sent(effects, "serviceRegisterResponse"), []);
    }
    const back = come(bench, "new", { serviceID: 3, peer: "g1" });
    assertEquals(theSent(back, "serviceRegisterResponse", "new").serviceID, 3);
  }
});

Deno.test("agent: a new link of a gateway takes the place of one that is dead unnoticed", () => {
  const bench = new AgentBench();
  addGateway(bench, 3);
  openConnection(bench);
  const back = come(bench, "new", { serviceID: 3, connections: [OPEN] });
  assertEquals(theOne(back, "closeLink").link, "old");
  assertEquals(theSent(back, "serviceRegisterResponse", "new").serviceID, 3);
  assertEquals(breakLink(bench), []);
  assertEquals(bench.wait(60_000), []);
  // What the old link still says is nobody's word.
  const { sourcePlug, destPlug } = OPEN;
  const closed = { serviceID: 3, sourcePlug, destPlug, status: 111 };
  assertEquals(bench.take("old", { type: "sourceConnectionClose", ...closed }), []);
});

Deno.test("agent: a gateway that is away is reported to a manager that comes meanwhile", () => {
  const bench = new AgentBench();
  addGateway(bench, 3);
  openConnection(bench);
  breakLink(bench);
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  const { instances, connections } = theSent(
    bench.linkManager("manager-2"),
    "agentRegisterRequest",
  );
  assertEquals([instances?.length, connections], [1, [OPEN]]);
});
