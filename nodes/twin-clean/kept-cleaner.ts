import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CleaningRule } from "../../engine/cleaning/cleaning-rule";
import { type CleanedSamples, type CleanerOptions, createCleaner } from "../../engine/cleaning/create-cleaner";
import { notTheLast, type SavedTwin } from "../../engine/cleaning/twin-memories";
import type { Sample } from "../../engine/contract/messages";
import type { Host } from "../lib/define-node";
import { isObject } from "../lib/messages";
import { createSeldom } from "../lib/seldom";
import { stateFile } from "./state-file";

/** Least time between two savings. */
const pauseMs = 5000;
/** Bytes a second that savings come to at most on the average: a disk of flash wears out. */
const bytesPerMs = 256;

/** A cleaner of samples whose memory outlives a deploy and a restart. */
export interface KeptCleaner {
  clean(samples: readonly Sample[]): CleanedSamples;
}

/**
 * The memory is in `<home>/twin/clean/<id of the node>`: saved when the node closes, and now and then while samples come. Nothing is
 * saved with a sample, so a process that is killed loses what came since the last saving (5 s, more where there is much to save) out of windows,
 * averages and last values; a grid point whose interval was open then is `uncertain`. Only a new label of a category is saved
 * before its code goes on, because a code must never mean two things.
 */
export function keptCleaner(host: Host, rules: readonly CleaningRule[], options: CleanerOptions): KeptCleaner {
  if (!createCleaner(rules, options).remembers) return createCleaner(rules, options);
  const folder = path.join(host.home, "twin", "clean");
  const name = encodeURIComponent(host.id).slice(0, 100);
  const file = stateFile(folder, name, (text) => host.warn(text));
  const labelFile = path.join(folder, `${name}.labels.json`);
  const saved = file.read();
  const cleaner = createCleaner(rules, {
    ...options,
    labels: readLabels(labelFile),
    restore(id) {
      const twin = saved.take(id) as SavedTwin | undefined;
      return twin && (saved.isLast ? twin : notTheLast(twin));
    },
  });
  let labels = 0;
  let isDirty = false;
  let pause = pauseMs;
  let timer: NodeJS.Timeout | undefined;
  let saving: Promise<void> = Promise.resolve();
  const mayWarn = createSeldom();

  async function save(): Promise<void> {
    isDirty = false;
    try {
      const bytes = await file.write(cleaner.ids(), cleaner.save, saved.left);
      pause = Math.max(pauseMs, bytes / bytesPerMs);
    } catch (error) {
      isDirty = true;
      if (mayWarn()) host.warn(host.text("status.notSaved", { reason: (error as Error).message }));
    }
  }
  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      saving = saving.then(save);
    }, pause).unref();
  }

  host.onClose(async (removed) => {
    clearTimeout(timer);
    await saving;
    if (removed) {
      file.remove();
      rmSync(labelFile, { force: true });
      return;
    }
    if (isDirty) await save();
    // What a killed process left and nobody asked for yet stays marked as such.
    if (!isDirty && (saved.isLast || saved.left.size === 0)) file.seal();
  });

  return {
    clean(samples) {
      const cleaned = cleaner.clean(samples);
      if (!isDirty) {
        isDirty = true;
        later();
      }
      const { categories } = cleaned.report;
      if (categories && countOf(categories) > labels) {
        labels = countOf(categories);
        writeLabels(labelFile, categories);
      }
      return cleaned;
    },
  };
}

type Labels = Readonly<Record<string, readonly string[]>>;

const countOf = (labels: Labels): number => Object.values(labels).reduce((sum, list) => sum + list.length, 0);

function writeLabels(file: string, labels: Labels): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(labels));
  renameSync(`${file}.new`, file);
}

/** What is no list of texts is left out. */
function readLabels(file: string): Labels {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
  const lists = Object.entries(isObject(content) ? content : {}).filter(
    ([, list]) => Array.isArray(list) && list.every((label) => typeof label === "string"),
  );
  return Object.fromEntries(lists) as Labels;
}
