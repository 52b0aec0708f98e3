import path from "node:path";
import { Refusal, refuse } from "../../engine/contract/errors";
import { serveAdminPost } from "../lib/admin-post";
import { withDeadline } from "../lib/deadline";
import type { NodeRed } from "../lib/node-red";
import { runInThread } from "../lib/run-in-thread";
import type { ColumnsAnswer, ColumnsRequest } from "./columns-worker";
import { lastTableOf } from "./last-table";

/** A longer text is refused; `resources/twin-train/columns.js` takes that much of a file. */
export const maxText = 16_000_000;
const timeoutS = 30;
/** Several people may look at the same time, but not keep all the machine's threads busy. */
const maxAtOnce = 2;
let running = 0;

/**
 * `POST <admin>/meditwin/twin-train/columns` for the form: `{ node, target }` is answered with the columns of the table that the
 * node got last, `{ text, target }` with those of a text. Nothing of it is stored. It is read and described in a thread of
 * its own, so that no flow waits.
 */
export function serveColumns(red: NodeRed): void {
  serveAdminPost(red, "twin-train/columns", "flows.write", async ({ node, text, target }) => {
    const aim = typeof target === "string" ? target : "";
    if (typeof text === "string") {
      if (text.length > maxText)
        throw new Refusal(
          refuse(
            "too-large",
            `The table has ${Math.round(text.length / 1e6)} million characters, more than ${maxText / 1e6}.`,
            "Paste a part of its rows: some hundreds are enough to choose columns by.",
          ),
        );
      return describeInThread({ text, target: aim });
    }
    const last = lastTableOf(String(node));
    if (!last) return { rows: 0, of: 0, columns: [] };
    return { ...(await describeInThread({ rows: last.rows, target: aim })), of: last.of };
  });
}

async function describeInThread(request: ColumnsRequest): Promise<ColumnsAnswer["described"]> {
  if (running >= maxAtOnce)
    throw new Refusal(refuse("busy", `${maxAtOnce} tables are being looked at already.`, "Try again in some seconds."));
  running++;
  const limit = withDeadline(new AbortController().signal, timeoutS, late);
  try {
    return await runInThread(
      {
        file: path.join(__dirname, "columns-worker.js"),
        name: "twin-train columns",
        job: "reading of the table",
        data: request,
        smaller: "Send a part of the rows.",
        limits: { maxOldGenerationSizeMb: 1024 },
        answer: (answer: ColumnsAnswer) => answer.described,
      },
      limit.signal,
    );
  } finally {
    limit.clear();
    running--;
  }
}

const late = (): Refusal =>
  new Refusal(refuse("timed-out", `Reading the table took longer than ${timeoutS} s.`, "Send a part of its rows."));
