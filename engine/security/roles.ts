/**
 * What people may do, in the one place that says so. Each role may do everything the roles it includes may do:
 *
 *     viewer      look at the pages
 *     operator    viewer, and move what is on the pages: set points, commands, acknowledging
 *     engineer    operator, and edit flows and nodes, train and promote models
 *     quality     operator, and approve what an engineer made
 *     admin       everything
 *
 * Quality is no engineer and an engineer no quality: who makes a thing does not approve it.
 */
export const roles = ["viewer", "operator", "engineer", "quality", "admin"] as const;

export type Role = (typeof roles)[number];

const includes: Record<Role, readonly Role[]> = {
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  engineer: ["viewer", "operator", "engineer"],
  quality: ["viewer", "operator", "quality"],
  admin: roles,
};

export const isRole = (value: unknown): value is Role => roles.some((role) => role === value);

/** Whether somebody of that role may do what `needed` may. What is no role, such as none at all, may do nothing. */
export const atLeast = (role: unknown, needed: Role): boolean => isRole(role) && includes[role].includes(needed);
