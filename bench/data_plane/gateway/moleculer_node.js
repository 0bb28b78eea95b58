/**
 * A node of Moleculer with its TCP transporter and its own gateway, otherwise at its defaults:
 * `work` with the small answer of the work, or `gateway`. JavaScript, since its types are nobody
 * else's. Prints its port.
 *
 * Arguments: the role, its port between nodes, that of the other node, and the gateway's own port.
 *
 * @module
 */

/** Put together here, so that only who runs this downloads it. */
const [moleculer, web] = await Promise.all([
  import(`npm:moleculer@${"0.15.2"}`),
  import(`npm:moleculer-web@${"0.11.0"}`),
]);

const [role, ownPort, otherPort, port] = Deno.args;
const other = role === "gateway" ? "work" : "gateway";

const broker = new moleculer.ServiceBroker({
  nodeID: role,
  logger: false,
  transporter: {
    type: "TCP",
    options: {
      udpDiscovery: false,
      port: Number(ownPort),
      urls: [`127.0.0.1:${ownPort}/${role}`, `127.0.0.1:${otherPort}/${other}`],
    },
  },
});

broker.createService(
  role === "work"
    ? {
      name: "work",
      actions: { small: () => ({ id: 1234567, name: "widget", price: 9.99 }) },
    }
    : {
      name: "api",
      mixins: [web.default],
      settings: {
        ip: "127.0.0.1",
        port: Number(port),
        routes: [{ path: "/", bodyParsers: false, aliases: { "GET small": "work.small" } }],
      },
    },
);

await broker.start();
if (role === "gateway") await broker.waitForServices("work");
console.log(JSON.stringify({ port: Number(port) }));
