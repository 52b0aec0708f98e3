import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/**
 * A password from a terminal, without echo and twice; else the first line of the input. Undefined when the input ends
 * before, or when the two are not equal.
 */
export async function askPassword(
  input: NodeJS.ReadStream,
  output: { write(text: string): unknown },
): Promise<string | undefined> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: input.isTTY === true });
  const iterator = lines[Symbol.asyncIterator]();
  // In raw mode Ctrl-C is a sign like any other.
  lines.on("SIGINT", () => lines.close());
  const ask = async (prompt: string): Promise<string | undefined> => {
    if (input.isTTY) output.write(prompt);
    const { value, done } = await iterator.next();
    if (input.isTTY) output.write("\n");
    return done ? undefined : String(value);
  };
  try {
    const first = await ask("Password (it is not shown): ");
    if (!input.isTTY || first === undefined) return first;
    if ((await ask("The same again: ")) === first) return first;
    output.write("These were not equal. ");
    return undefined;
  } finally {
    lines.close();
  }
}
