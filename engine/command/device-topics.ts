import { isTwinId } from "../contract/identity";

/** Where a device is spoken to, and where it answers. */
export interface DeviceTopics {
  command(twin: string): string;
  desired(twin: string): string;
  answerTo(topic: string): string;
  /** Topic filters of all answers. */
  filters: readonly string[];
  /** Whose answer to what comes by that topic. */
  read(topic: string): { twin: string; of: "command" | "desired" } | undefined;
}

const place = "{id}";

/**
 * Topics below `base`, in which `{id}` stands for the twin; without it, the twin's id is the level after it. `base` "plant/a" gives
 * `plant/a/press-6/command`, `plant/a/press-6/desired`, and answers on `.../command/answer` and `.../desired/answer`.
 */
export function deviceTopics(base: string): DeviceTopics {
  const pattern = base === "" ? place : base.split("/").includes(place) ? base : `${base}/${place}`;
  const levels = pattern.split("/");
  const at = levels.indexOf(place);
  const of = (twin: string, kind: string): string =>
    [...levels.map((level, index) => (index === at ? twin : level)), kind].join("/");
  return {
    command: (twin) => of(twin, "command"),
    desired: (twin) => of(twin, "desired"),
    answerTo: (topic) => `${topic}/answer`,
    filters: [`${of("+", "command")}/answer`, `${of("+", "desired")}/answer`],
    read(topic) {
      const given = topic.split("/");
      const twin = given[at];
      const kind = given[levels.length];
      if (!isTwinId(twin) || (kind !== "command" && kind !== "desired")) return undefined;
      return topic === `${of(twin, kind)}/answer` ? { twin, of: kind } : undefined;
    },
  };
}

/** Why that base cannot be used; undefined when it can. */
export function topicProblem(base: string): string | undefined {
  if (base === "") return undefined;
  if (base.includes("+") || base.includes("#") || base.includes("\u0000"))
    return "leave out + and #: a command goes to one device.";
  if (base.startsWith("$")) return "topics that begin with $ are the broker's own.";
  if (base.startsWith("/") || base.endsWith("/") || base.includes("//")) return "leave out empty levels.";
  const levels = base.split("/");
  if (levels.filter((level) => level === place).length > 1) return `${place} may stand in it once.`;
  if (levels.some((level) => level !== place && level.includes("{"))) return `${place} must be a level of its own.`;
  return base.length > 200 ? "use 200 characters at most." : undefined;
}
