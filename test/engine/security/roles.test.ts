import assert from "node:assert/strict";
import { atLeast, isRole, type Role, roles } from "../../../engine/security/roles";
import { isUserName, readUser } from "../../../engine/security/user";

describe("roles", () => {
  const may: Record<Role, Role[]> = {
    viewer: ["viewer"],
    operator: ["viewer", "operator"],
    engineer: ["viewer", "operator", "engineer"],
    quality: ["viewer", "operator", "quality"],
    admin: ["viewer", "operator", "engineer", "quality", "admin"],
  };
  for (const role of roles)
    it(`${role} may what ${may[role].join(", ")} may, and nothing else`, () =>
      assert.deepEqual(
        roles.filter((needed) => atLeast(role, needed)),
        may[role],
      ));

  for (const none of [undefined, null, "", "Admin", "root", "__proto__", "constructor", ["admin"], {}, 5, true])
    it(`${JSON.stringify(none)} is no role and may nothing`, () => {
      assert.equal(isRole(none), false);
      assert.ok(!roles.some((needed) => atLeast(none, needed)));
    });
});

describe("a message's user", () => {
  it("is a name and a role, and nothing else comes along", () => {
    assert.deepEqual(readUser({ name: "anna", role: "operator", more: "smuggled" }), {
      name: "anna",
      role: "operator",
    });
  });

  const others = [undefined, null, "anna", [], {}, { name: "anna" }, { name: "anna", role: "root" }, { role: "admin" }];
  for (const value of [...others, { name: ["anna"], role: "admin" }, { name: "", role: "admin" }])
    it(`is not ${JSON.stringify(value)}`, () => assert.equal(readUser(value), undefined));

  for (const name of ["anna", "A.Berg", "小李", "o_k-1@plant", "José", "a".repeat(64)])
    it(`may be called ${name}`, () => assert.equal(isUserName(name), true));
  const bad = [
    "",
    " anna",
    "an na",
    "<b>",
    "a\n",
    "a/b",
    "../a",
    "a".repeat(65),
    "__proto__",
    "constructor",
    "Ａ",
    "‮a",
  ];
  for (const name of bad) it(`may not be called ${JSON.stringify(name)}`, () => assert.equal(isUserName(name), false));
});
