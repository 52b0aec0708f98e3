/** Node-RED leaves `${NAME}` as it stands when NAME is not in the environment: that is an absent setting, not a text. */
const unsetVariable = /^\$\{[^}]+\}$/;

/** An absent setting: undefined, null, "", or the name of an environment variable that is not set. */
export const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (typeof value === "string" && unsetVariable.test(value));
