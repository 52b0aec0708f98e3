import { createRequire } from "node:module";
import type { TypeStr, UMetric } from "sparkplug-payload/lib/sparkplugbpayload";
import type { CommandMetric } from "../../engine/sparkplug/command";
import { typeName } from "../../engine/sparkplug/payload";

/** A command's payload (NCMD, DCMD), with the time of now. */
export function encodeCommand(metrics: CommandMetric[]): Buffer {
  const { encodePayload } = createRequire(__filename)("sparkplug-payload/lib/sparkplugbpayload");
  const timestamp = Date.now();
  const payload = {
    timestamp,
    metrics: metrics.map(
      ({ name, datatype, value }): UMetric => ({ name, timestamp, type: typeName(datatype) as TypeStr, value }),
    ),
  };
  return Buffer.from(encodePayload(payload) as Uint8Array);
}
