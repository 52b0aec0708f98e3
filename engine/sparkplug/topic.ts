const kinds = ["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH"] as const;
export type Kind = (typeof kinds)[number];

/** A topic `spBv1.0/group/KIND/node[/device]` that an edge node publishes to: Sparkplug 3.0.0, 4.1. */
export interface SparkplugTopic {
  kind: Kind;
  group: string;
  node: string;
  device?: string;
}

/** An edge node, or a device of one. */
export type Owner = Omit<SparkplugTopic, "kind">;

/** Undefined: none of an edge node (a command, a host's state), or no Sparkplug topic at all. */
export function readTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group, kind, node, device, ...more] = topic.split("/");
  const known = kinds.find((one) => one === kind);
  if (namespace !== "spBv1.0" || !known || !group || !node || more.length > 0) return undefined;
  if (known.startsWith("D") !== (device !== undefined) || device === "") return undefined;
  return device === undefined ? { kind: known, group, node } : { kind: known, group, node, device };
}

/** Whether a topic is a command to an edge node, or the state of a host application. */
export const isOfHost = (topic: string): boolean => /^spBv1\.0\/(STATE\/|[^/]+\/[ND]CMD\/)|^STATE\//.test(topic);

export const commandTopic = ({ group, node, device }: Owner): string =>
  device === undefined ? `spBv1.0/${group}/NCMD/${node}` : `spBv1.0/${group}/DCMD/${node}/${device}`;

/** The id of a twin by the names of its group, edge node and device; what an id cannot have is `_`. */
export const idOfTopic = ({ group, node, device }: Owner): string =>
  [group, node, ...(device === undefined ? [] : [device])]
    .map((name) => name.replace(/[^A-Za-z0-9._-]/g, "_"))
    .join(":");
