import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseAddress } from "../../../runtime/distributed/address.ts";
import { nameOfHost } from "../../../runtime/distributed/host_name.ts";
import {
  findNetwork,
  type Interface,
  NetworkError,
  rangeAround,
} from "../../../runtime/distributed/host_network.ts";

const LOOPBACK: Interface = { family: "IPv4", address: "127.0.0.1", cidr: "127.0.0.1/8" };
const HOME: Interface = { family: "IPv4", address: "192.168.1.5", cidr: "192.168.1.5/24" };
const MESH: Interface = { family: "IPv4", address: "10.77.0.2", cidr: "10.77.0.2/16" };

function find(manager: string, interfaces: readonly Interface[], listen = "127.0.0.1:7402") {
  return findNetwork({
    manager: parseAddress(manager),
    listen: parseAddress(listen),
    interfaces: [LOOPBACK, ...interfaces],
  });
}

Deno.test("findNetwork() stays on the loopback with a manager there", () => {
  assertEquals(find("127.0.0.1:7400", [HOME, MESH]), "127.0.0.1");
});

Deno.test("findNetwork() takes what listens, is near the manager, or the only one", () => {
  assertEquals(find("10.77.9.1:7400", [HOME, MESH]), "10.77.0.2");
  assertEquals(find("10.78.0.1:7400", [HOME]), "192.168.1.5");
  assertEquals(find("manager.example.com:7400", [MESH]), "10.77.0.2");
  assertEquals(find("10.77.0.1:7400", [HOME, MESH], "192.168.1.5:7402"), "192.168.1.5");
  assertEquals(find("10.77.0.1:7400", [HOME, MESH], "0.0.0.0:7402"), "10.77.0.2");
});

Deno.test("findNetwork() asks when it can't tell, and names the choice", () => {
  const error = assertThrows(() => find("10.78.0.1:7400", [HOME, MESH]), NetworkError);
  assertStringIncludes(error.message, "--network");
  assertStringIncludes(error.message, "192.168.1.5, 10.77.0.2");
  assertThrows(() => find("10.78.0.1:7400", []), NetworkError);
});

Deno.test("rangeAround() gives the network of an address, or the address itself", () => {
  assertEquals(rangeAround("10.77.0.2", [HOME, MESH]), "10.77.0.2/16");
  assertEquals(rangeAround("10.99.0.1", [HOME, MESH]), "10.99.0.1");
  const six: Interface = { family: "IPv6", address: "fd00::2", cidr: "fd00::2/64" };
  assertEquals(rangeAround("fd00::2", [six]), "fd00::2");
});

Deno.test("nameOfHost() makes a name of the mesh of any name of a host", () => {
  const names = { vm: "vm", "Build-7.example.com": "build-7", "7up": "host-7up", "": "host" };
  for (const [host, name] of Object.entries(names)) assertEquals(nameOfHost(host), name, host);
  assertEquals(nameOfHost("x".repeat(100)).length, 63);
});
