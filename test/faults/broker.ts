import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { createMosquitto, type Mosquitto } from "../support/mosquitto";
import type { Stage } from "./stage";

/**
 * What mosquitto is told: the configuration that this project ships; its own defaults, with persistence on as Debian's package has
 * it; or, where it is not to be killed, no bound and no file that is written for each message.
 */
export type Configuration = "shipped" | "default" | "unbounded";

/** A mosquitto that runs until the case ends. */
export async function startMosquitto(stage: Stage, configuration: Configuration = "shipped"): Promise<Mosquitto> {
  const broker = await createMosquitto({
    write: (port, folder) => [...placeLines(port, folder), ...linesOf[configuration](), ""].join("\n"),
  });
  stage.onEnd(() => broker.remove());
  await broker.start();
  return broker;
}

/** Started as root, mosquitto becomes the user `mosquitto`, who may not write into our folder: it would keep nothing and not say so. */
const placeLines = (port: number, folder: string): string[] => [
  `listener ${port} 127.0.0.1`,
  "allow_anonymous true",
  `persistence_location ${folder}/`,
  `user ${os.userInfo().username}`,
  "log_dest none",
];

const placeWords =
  /^\s*(listener|port|bind_address|persistence_location|log_dest|allow_anonymous|password_file|acl_file|pid_file|user)\b/;

/** The plant's mosquitto.conf but for port, folder, log and passwords. */
function shippedLines(): string[] {
  const file = path.join(projectRoot, "examples/mosquitto/mosquitto.conf");
  const text = existsSync(file) ? readFileSync(file, "utf8") : provisional;
  return text.split("\n").filter((line) => !placeWords.test(line));
}

const linesOf: Record<Configuration, () => string[]> = {
  shipped: shippedLines,
  default: () => ["persistence true"],
  unbounded: () => ["persistence true", "max_queued_messages 0", "max_inflight_messages 200"],
};

const provisional = `persistence true
autosave_on_changes true
autosave_interval 1
max_queued_messages 100000
max_inflight_messages 100
persistent_client_expiration 7d`;
