import assert from "node:assert/strict";
import { atLeast, isRole, type Role, roles } from "../../../engine/security/roles";
import { isUserName, normalName } from "../../../engine/security/user";

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

describe("a user", () => {
  it("is the same from every keyboard", () => assert.equal(normalName("Ａｎｎａ"), "Anna"));

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
