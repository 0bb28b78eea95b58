import { assert, assertEquals } from "@std/assert";
import { identify, isRunning, killIdentified } from "../../../runtime/launcher/process_identity.ts";

/** A process that leads a group, as those of instances do, and has a child in it. */
async function spawnGroup(): Promise<Deno.ChildProcess> {
  const args = ["/bin/sh", "-c", "sleep 60 > /dev/null & echo; wait"];
  const command = new Deno.Command("/usr/bin/setsid", { args, stdout: "piped", stderr: "null" });
  const child = command.spawn();
  // Only then it leads its group for sure.
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  await child.stdout.cancel();
  return child;
}

Deno.test("identify() names a process until it has ended, and no other one", async () => {
  const child = await spawnGroup();
  const identity = identify(child.pid);
  assert(identity !== undefined);
  assertEquals(identify(child.pid), identity);
  assert(isRunning(identity));
  assert(!isRunning({ ...identity, startedAt: "another boot/1" }));
  killIdentified(identity);
  assertEquals((await child.status).signal, "SIGKILL");
  assert(!isRunning(identity));
  assertEquals(identify(2 ** 22 + 1), undefined);
});

Deno.test("killIdentified() leaves another process alone that has the number now", async () => {
  const child = await spawnGroup();
  const identity = identify(child.pid);
  assert(identity !== undefined);
  killIdentified({ ...identity, startedAt: "another boot/1" });
  assert(isRunning(identity));
  killIdentified(identity);
  await child.status;
});

Deno.test("killIdentified() kills what a process of this boot has left behind", async () => {
  const args = ["/bin/sh", "-c", "sleep 60 & echo $!"];
  const command = new Deno.Command("/usr/bin/setsid", { args, stdout: "piped", stderr: "null" });
  const child = command.spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const left = identify(Number(new TextDecoder().decode(value)));
  assert(left !== undefined);
  await child.status;
  const { pid } = child;
  killIdentified({ pid, startedAt: "another boot/1" });
  assert(isRunning(left));
  killIdentified({ pid, startedAt: left.startedAt });
  // What is left holds the pipe until it has ended.
  assertEquals((await reader.read()).done, true);
});
