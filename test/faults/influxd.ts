import { createInfluxd, type Influxd } from "../support/influxd";
import type { Stage } from "./stage";

/** An influxd that runs until the case ends, with a database `twin`. */
export async function startInfluxd(stage: Stage): Promise<Influxd> {
  const influxd = await createInfluxd();
  stage.onEnd(() => influxd.remove());
  await influxd.start();
  await influxd.query("", 'CREATE DATABASE "twin"');
  return influxd;
}
