import { type Role, roles } from "../../engine/security/roles";
import { readerOf } from "../lib/settings";

export const operations = [
  "list",
  "get",
  "compare",
  "promote",
  "rollback",
  "approve",
  "retire",
  "export",
  "import",
  "delete",
] as const;
export type Operation = (typeof operations)[number];

/** What changes the registry, and so takes the role and the reason. */
export const changing: readonly Operation[] = ["promote", "rollback", "approve", "retire", "import", "delete"];

export interface TwinRegistrySettings {
  store: string;
  operation: Operation;
  /** "": that of `msg.topic`. */
  modelName: string;
  alias: string;
  /** The least role of who changes something. "": anybody. */
  role: Role | "";
  requireReason: boolean;
  /** Only approved versions may be promoted. */
  requireApproval: boolean;
}

/** Keys that `msg.registry` may override. Not who may do it: that is the flow's own. */
export const registryKeys = [
  "operation",
  "modelName",
  "alias",
  "version",
  "with",
  "features",
  "target",
  "labels",
  "sha256",
] as const;

export function readTwinRegistrySettings(def: Record<string, unknown>): TwinRegistrySettings {
  const read = readerOf(def);
  return {
    store: read.text("store", ""),
    operation: read.choice("operation", operations, "list"),
    modelName: read.text("modelName", ""),
    alias: read.text("alias", "champion"),
    role: read.choice("role", ["", ...roles], ""),
    requireReason: read.flag("requireReason", false),
    requireApproval: read.flag("requireApproval", false),
  };
}
