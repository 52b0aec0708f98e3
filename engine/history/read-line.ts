import type { Sample } from "../contract/messages";

/** The sample of a line that a `LineMaker` made. Not for line protocol of others. */
export function readLine(line: string): Sample {
  let at = 0;

  /** Up to the first of `ends` that is not escaped; the reading goes on there. */
  function key(ends: string): string {
    let text = "";
    for (; at < line.length && !ends.includes(line[at] as string); at++) {
      if (line[at] === "\\") at++;
      text += line[at];
    }
    return text;
  }

  function quoted(): string {
    let text = "";
    for (at++; at < line.length && line[at] !== '"'; at++) {
      if (line[at] === "\\") at++;
      text += line[at];
    }
    at++;
    return text;
  }

  function value(): string | number | boolean {
    if (line[at] === '"') return quoted();
    const text = key(", ");
    return text === "true" || text === "false" ? text === "true" : Number(text);
  }

  key(", ");
  const tags = new Map<string, string>();
  while (line[at] === ",") {
    at++;
    const name = key("=");
    at++;
    tags.set(name, key(", "));
  }
  const values: [string, string | number | boolean][] = [];
  while (at < line.length && (values.length === 0 || line[at] === ",")) {
    at++;
    const name = key("=");
    at++;
    values.push([name, value()]);
  }
  const model = tags.get("model");
  return {
    id: tags.get("id") ?? "",
    ts: Number(line.slice(at + 1)),
    ...(model === undefined ? {} : { model }),
    values: Object.fromEntries(values),
  };
}
