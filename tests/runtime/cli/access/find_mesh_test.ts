import { assertEquals, assertRejects } from "@std/assert";
import { writeAdminFile } from "../../../../runtime/admin/admin_file.ts";
import { findGateway } from "../../../../runtime/cli/access/find_gateway.ts";
import { findMesh, type MeshFlags } from "../../../../runtime/cli/access/find_mesh.ts";
import { CommandError } from "../../../../runtime/cli/io.ts";
import { parseAddress } from "../../../../runtime/distributed/address.ts";
import { withFolder } from "../../config/folder.ts";

const NOTHING = { admin: undefined, token: undefined, manager: undefined, tls: undefined };
const MANAGER = parseAddress("127.0.0.1:7400");

/** Runs with the data folders of a manager and a gateway of this machine. */
async function withRoles(use: (flags: MeshFlags) => Promise<void>): Promise<void> {
  await withFolder({}, async (data) => {
    for (const role of ["manager", "gateway"]) await Deno.mkdir(`${data}/${role}`);
    const file = { gatewayUrl: null, pid: Deno.pid };
    writeAdminFile(`${data}/manager`, {
      ...file,
      url: "https://127.0.0.1:7401",
      token: "of the manager",
      manager: "127.0.0.1:7400",
      authority: "PEM",
    });
    const url = "http://127.0.0.1:8080";
    writeAdminFile(`${data}/gateway`, { ...file, url, token: "of the gateway" });
    await use({ ...NOTHING, data });
  });
}

Deno.test("findMesh() finds a manager of this machine, also without a word", async () => {
  await withRoles(async (flags) => {
    for (const manager of [undefined, MANAGER]) {
      assertEquals(await findMesh({ ...flags, manager }), {
        url: "https://127.0.0.1:7401",
        token: "of the manager",
        gatewayUrl: undefined,
        authority: "PEM",
      });
    }
  });
});

Deno.test("findMesh() prefers a local mesh, whose file is in the folder itself", async () => {
  await withRoles(async (flags) => {
    const file = { url: "http://127.0.0.1:8081", token: "of the mesh", pid: Deno.pid };
    writeAdminFile(flags.data, { ...file, gatewayUrl: "http://127.0.0.1:8080" });
    assertEquals((await findMesh(flags)).token, "of the mesh");
  });
});

Deno.test("findMesh() gives the token of a folder to no other manager", async () => {
  await withRoles(async (flags) => {
    const other = { ...flags, manager: parseAddress("127.0.0.1:7500") };
    await assertRejects(() => findMesh(other), CommandError, "Cannot find the manager");
    const far = { ...flags, manager: parseAddress("10.77.0.1:7400") };
    await assertRejects(() => findMesh(far), CommandError, "give --tls FOLDER");
    const url = { ...flags, manager: new URL("https://mesh.example.com/") };
    assertEquals((await findMesh(url)).token, undefined);
    const both = { ...flags, manager: MANAGER, admin: "http://127.0.0.1:1" };
    await assertRejects(() => findMesh(both), CommandError, "--admin beside --manager");
    const bad = { ...flags, manager: MANAGER, tls: `${flags.data}/none` };
    await assertRejects(() => findMesh(bad), CommandError, "Cannot use the certificates");
  });
});

Deno.test("findGateway() finds that of this machine, and gives its token to no other", async () => {
  await withRoles(async (mesh) => {
    const flags = { ...mesh, gateway: undefined };
    const own = { url: "http://127.0.0.1:8080", token: "of the gateway" };
    assertEquals(await findGateway(flags), own);
    assertEquals(await findGateway({ ...flags, gateway: "http://127.0.0.1:8080/" }), own);
    const gateway = "http://10.77.0.9:8080";
    await assertRejects(
      () => findGateway({ ...flags, gateway }),
      CommandError,
      "without its token",
    );
    const given = { ...flags, gateway, token: "given" };
    assertEquals(await findGateway(given), { url: gateway, token: "given" });
  });
});
