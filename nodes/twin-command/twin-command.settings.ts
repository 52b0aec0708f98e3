import type { CommandTiming } from "../../engine/command/command-record";
import { topicProblem } from "../../engine/command/device-topics";
import { type Role, roles } from "../../engine/security/roles";
import { readerOf, SettingError } from "../lib/settings";

export interface TwinCommandSettings {
  store: string;
  /** Checks desired values and the names in the interlock. "": any. */
  model: string;
  /** "": what goes to the device leaves by output 3. */
  broker: string;
  /** `topics`: JSON on topics of the twin; `sparkplug`: NCMD and DCMD of Sparkplug B. */
  protocol: "topics" | "sparkplug";
  /** What the device's topics begin with; `{id}` stands for the twin. */
  topic: string;
  timing: CommandTiming;
  /** The command goes only while this is true of the reported state. "": always. */
  interlock: string;
  /** The least role. "": anybody. */
  role: Role | "";
  requireReason: boolean;
}

export function readTwinCommandSettings(def: Record<string, unknown>): TwinCommandSettings {
  const read = readerOf(def);
  const topic = read.text("topic", "");
  const problem = topicProblem(topic);
  if (problem) throw new SettingError("topic", topic, problem);
  return {
    store: read.text("store", ""),
    model: read.text("model", ""),
    broker: read.text("broker", ""),
    protocol: read.choice("protocol", ["topics", "sparkplug"], "topics"),
    topic,
    timing: {
      timeoutMs: 1000 * read.number("timeout", 10, { min: 0.1, max: 86_400 }),
      retries: read.number("retries", 2, { min: 0, max: 100, integer: true }),
    },
    interlock: read.text("interlock", ""),
    role: read.choice("role", ["", ...roles], ""),
    requireReason: read.flag("requireReason", false),
  };
}
