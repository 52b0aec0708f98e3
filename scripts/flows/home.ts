import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { canonicalText } from "./canonical";
import { joinFlows, readFlowFiles, splitFlows } from "./flow-files";
import { type FlowNode, parseFlow } from "./flow-node";
import { changeLanguage, inLanguage, readCatalogue, sourceLanguage } from "./language";

export interface HomePlan {
  /** Project folder. */
  root: string;
  /** Home folder. */
  home: string;
  /** Flow file to run in place of the shipped flows; "" for those. */
  flows: string;
  /** Language of pages and flows. */
  language: string;
  /** Time for names of backups. */
  now: Date;
}

/** What a start, a reset or a save did, in words for the user. */
export interface HomeReport {
  /** The flow file that Node-RED runs: always in the home folder, because the credentials are written beside it. */
  file: string;
  notes: string[];
}

/** What MediTwin remembers of a home folder, in meditwin.json. */
interface HomeRecord {
  /** By name of the flow file in the home folder: what it was made from. */
  files: Record<string, { from: string; digest: string; made: string; language: string }>;
}

const recordName = "meditwin.json";
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Makes the flow file ready that Node-RED is to run. The shipped flows are joined into the home folder when it has no flow
 * file; a file of TWIN_FLOWS is copied there, and again when it has changed while the copy has not. Edits are never
 * overwritten.
 */
export function prepareHome(plan: HomePlan): HomeReport {
  mkdirSync(plan.home, { recursive: true });
  return plan.flows ? prepareOwn(plan) : prepareShipped(plan);
}

function prepareShipped(plan: HomePlan): HomeReport {
  const file = shippedFile(plan);
  const notes: string[] = [];
  const files = readFlowFiles(plan.root);
  const shipped = joinFlows(files);
  const digest = digestOf(canonicalText(shipped));
  if (!existsSync(file)) {
    if (shipped.length > 0) {
      join(plan, shipped, digest);
      notes.push(`The shipped flows were joined into ${file}.`);
    }
    return { file, notes };
  }

  const record = readRecord(plan.home);
  const known = record.files[path.basename(file)];
  const from = known?.language ?? sourceLanguage;
  if (from !== plan.language) {
    const before = readFileSync(file, "utf8");
    const { nodes, changed } = changeLanguage(
      parseFlow(before),
      shipped,
      readCatalogue(plan.root, from),
      readCatalogue(plan.root, plan.language),
    );
    if (changed > 0) {
      const backup = backUp(plan, file);
      write(file, textOf(nodes));
      notes.push(`${changed} texts of the flows were put into ${plan.language} (before: ${backup}).`);
    }
    remember(plan.home, file, {
      from: known?.from ?? "unknown",
      digest: known?.digest ?? "",
      made: known?.made === digestOf(before) ? digestOf(readFileSync(file, "utf8")) : "",
      language: plan.language,
    });
  }
  if (known && known.digest !== digest)
    notes.push("The shipped flows have changed since they were joined: `npm run flows:reset` takes the new ones.");
  return { file, notes };
}

function prepareOwn(plan: HomePlan): HomeReport {
  const file = ownFile(plan);
  const notes: string[] = [];
  const text = readFileSync(plan.flows, "utf8");
  try {
    parseFlow(text);
  } catch (error) {
    throw new Error(`TWIN_FLOWS: ${plan.flows} is not a flow file: ${(error as Error).message}`);
  }
  const known = readRecord(plan.home).files[path.basename(file)];
  if (!existsSync(file)) {
    copyOwn(plan, file, text);
  } else if (known?.digest !== digestOf(text)) {
    if (digestOf(readFileSync(file, "utf8")) === known?.made) copyOwn(plan, file, text);
    else
      notes.push(
        `${plan.flows} has changed, and so has the copy of it that runs (${file}): the copy stays.` +
          " `npm run flows:reset` takes the new file and keeps a backup of the copy.",
      );
  }
  notes.push(`Running ${plan.flows} (as ${file}).`);
  return { file, notes };
}

/** Puts the shipped flows, or the file of TWIN_FLOWS, in place of what the home folder has. A backup is kept. */
export function resetHome(plan: HomePlan): HomeReport {
  mkdirSync(plan.home, { recursive: true });
  const file = plan.flows ? ownFile(plan) : shippedFile(plan);
  // Read before anything is put away.
  const own = plan.flows ? readFileSync(plan.flows, "utf8") : "";
  const shipped = plan.flows ? [] : joinFlows(readFlowFiles(plan.root));
  if (!plan.flows && shipped.length === 0) throw new Error("There are no shipped flows under flows/ and dashboards/.");
  const notes = existsSync(file) ? [`The flows before: ${backUp(plan, file)}`] : [];
  if (plan.flows) copyOwn(plan, file, own);
  else join(plan, shipped, digestOf(canonicalText(shipped)));
  return { file, notes: [...notes, `New flows: ${file}`, "They run from the next start on."] };
}

/**
 * Brings the flows that were edited in the editor back into the project: one canonical file a tab, in English; or, for
 * TWIN_FLOWS, into that file.
 */
export function saveHome(plan: HomePlan): HomeReport {
  const file = plan.flows ? ownFile(plan) : shippedFile(plan);
  if (!existsSync(file)) throw new Error(`There is no ${file} to save: start once.`);
  const edited = parseFlow(readFileSync(file, "utf8"));
  if (plan.flows) {
    write(plan.flows, canonicalText(edited));
    remember(plan.home, file, {
      from: plan.flows,
      digest: digestOf(readFileSync(plan.flows, "utf8")),
      made: digestOf(readFileSync(file, "utf8")),
      language: plan.language,
    });
    return { file: plan.flows, notes: [`Saved to ${plan.flows}.`] };
  }

  const before = readFlowFiles(plan.root);
  const language = readRecord(plan.home).files[path.basename(file)]?.language ?? sourceLanguage;
  const catalogue = readCatalogue(plan.root, language);
  const { nodes } = changeLanguage(edited, joinFlows(before), catalogue, undefined);
  const after = splitFlows(nodes, before);
  const notes: string[] = [];
  for (const { file: name, nodes: part } of after) {
    const text = canonicalText(part);
    const target = path.join(plan.root, name);
    if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    write(target, text);
    notes.push(`Saved: ${name}`);
  }
  for (const { file: name } of before)
    if (!after.some((one) => one.file === name)) notes.push(`Nothing is left of ${name}: delete it if that is meant.`);
  const shipped = joinFlows(readFlowFiles(plan.root));
  remember(plan.home, file, {
    from: "shipped",
    digest: digestOf(canonicalText(shipped)),
    made: digestOf(readFileSync(file, "utf8")),
    language,
  });
  if (notes.length === 0) notes.push("Nothing has changed.");
  return { file, notes };
}

const shippedFile = ({ home }: HomePlan): string => path.join(home, "flows.json");

/** Two files of one name from two folders do not get mixed up: the name has a digest of the path in it. */
function ownFile({ home, flows }: HomePlan): string {
  return path.join(home, `flows-${path.parse(flows).name}-${digestOf(path.resolve(flows)).slice(0, 8)}.json`);
}

function join(plan: HomePlan, shipped: readonly FlowNode[], digest: string): void {
  const catalogue = readCatalogue(plan.root, plan.language);
  const text = textOf(shipped.map((node) => inLanguage(node, catalogue)));
  const file = shippedFile(plan);
  write(file, text);
  remember(plan.home, file, { from: "shipped", digest, made: digestOf(text), language: plan.language });
}

function copyOwn(plan: HomePlan, file: string, text: string): void {
  write(file, text);
  // Credentials that lie beside the file come along; they can be read when TWIN_CREDENTIAL_SECRET is theirs.
  const credentials = credentialsOf(plan.flows);
  if (existsSync(credentials) && !existsSync(credentialsOf(file))) copyFileSync(credentials, credentialsOf(file));
  remember(plan.home, file, {
    from: plan.flows,
    digest: digestOf(text),
    made: digestOf(text),
    language: plan.language,
  });
}

const credentialsOf = (file: string): string => {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}_cred${ext}`);
};

/** As Node-RED writes it. */
const textOf = (nodes: readonly FlowNode[]): string => JSON.stringify(nodes, null, 4);

/** Whole or not at all, whatever happens meanwhile. */
function write(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { flush: true });
  renameSync(draft, file);
}

function backUp({ home, now }: HomePlan, file: string): string {
  const folder = path.join(home, "backups");
  mkdirSync(folder, { recursive: true });
  const stamp = now.toISOString().slice(0, 19).replace(/:/g, "-");
  const { name, ext } = path.parse(file);
  let backup = path.join(folder, `${name}-${stamp}${ext}`);
  for (let n = 2; existsSync(backup); n++) backup = path.join(folder, `${name}-${stamp}-${n}${ext}`);
  copyFileSync(file, backup);
  return backup;
}

function readRecord(home: string): HomeRecord {
  try {
    const record = JSON.parse(readFileSync(path.join(home, recordName), "utf8")) as Partial<HomeRecord>;
    return { files: record.files ?? {} };
  } catch {
    return { files: {} };
  }
}

function remember(home: string, file: string, entry: HomeRecord["files"][string]): void {
  const record = readRecord(home);
  record.files[path.basename(file)] = entry;
  write(path.join(home, recordName), `${JSON.stringify(record, null, 2)}\n`);
}
