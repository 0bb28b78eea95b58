import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  IDENTITY_ROLES,
  identityOf,
  isIdentityName,
  tlsName,
} from "../../../transports/secure/identity.ts";

Deno.test("identityOf() reads what tlsName() writes", () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
  fc.assert(fc.property(fc.constantFrom(...IDENTITY_ROLES), label, (role, name) => {
    assertEquals(identityOf(tlsName({ role, name })), { role, name });
  }));
});

Deno.test("identityOf() takes nothing else for an identity", () => {
  const others = ["", ".", "a1", "a1.agent", "a1.agent.com", "a1.agent.smmp.", ".agent.smmp"];
  const bad = [
    "A1.agent.smmp",
    "a1.king.smmp",
    "x.a1.agent.smmp",
    "a1-.agent.smmp",
    "*.agent.smmp",
  ];
  for (const name of [...others, ...bad]) assertEquals(identityOf(name), undefined, name);
  fc.assert(fc.property(fc.string(), (name) => {
    const identity = identityOf(name);
    if (identity !== undefined) assertEquals(tlsName(identity), name);
  }));
});

Deno.test("isIdentityName() takes names that a host name can hold", () => {
  for (const name of ["a", "a1", "eu-west-1", "a".repeat(63)]) {
    assertEquals(isIdentityName(name), true);
  }
  for (const name of ["", "1a", "a_b", "a.b", "a-", "a".repeat(64), 7, undefined]) {
    assertEquals(isIdentityName(name), false);
  }
});
