/**
 * An agent as a process of its own, which a test kills: it keeps dialling its manager, and takes in
 * gateways by a port of its own.
 *
 * @module
 */

import { AgentHost } from "../../../runtime/agent/agent_host.ts";
import { openSessionAuthority } from "../../../runtime/agent/session_authority.ts";
import { loadMesh } from "../../../runtime/config/load_mesh.ts";
import { dialTcp, listenTcp } from "../../../transports/tcp.ts";

const [managerPort, gatewayPort, data, folder = "", graceMs = "", secure = ""] = Deno.args;
const { services } = await loadMesh(folder);
const print = (value: unknown) => console.log(JSON.stringify(value));
const agent = new AgentHost({
  name: "a1",
  network: "127.0.0.1",
  services,
  ...(data === "none" ? {} : { data: `${data}` }),
  ...(graceMs === "" ? {} : { agentGraceMs: Number(graceMs) }),
  ...(secure === "" ? {} : { sessions: await openSessionAuthority({ folder: data }) }),
  warn: (text) => print({ kind: "warning", text }),
  output: (line) => print({ kind: "output", ...line }),
  unlinked: (link) => {
    if (link.startsWith("manager")) dialManager();
  },
});

function dialManager(): void {
  dialTcp({ port: Number(managerPort) }, (link) => agent.admitManagerLink(link)).catch(() => {
    setTimeout(dialManager, 50);
  });
}

dialManager();
listenTcp({ port: Number(gatewayPort) }, (link) => agent.admitTrustedLink(link));
print({ kind: "ready" });
