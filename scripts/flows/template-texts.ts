/** A text in a template or a function that a person reads, and where it stands. */
export interface FoundText {
  text: string;
  start: number;
  end: number;
}

const spokenAttributes = new Set(["alt", "aria-label", "hint", "label", "placeholder", "prefix", "suffix", "title"]);

/** Runs of blanks count as one, so that a template may be indented freely. */
export const tidy = (text: string): string => text.trim().replace(/\s+/g, " ");

/** Whether there is anything to translate: two letters in a row outside of `{{ }}` and of entities. */
export const hasWords = (text: string): boolean =>
  /\p{Letter}{2}/u.test(text.replace(/\{\{[\s\S]*?\}\}/g, " ").replace(/&[a-z0-9#]+;/gi, " "));

/**
 * The texts of a Vue template (ui-template): between tags, in attributes that are shown or read out, and the argument of
 * `t("...")` anywhere, scripts included. A text with `{{ }}` in it is one text: "Batch {{ batch }} of {{ count }}".
 */
export function textsOfTemplate(html: string): FoundText[] {
  const found: FoundText[] = [];
  const add = (start: number, end: number): void => {
    const text = html.slice(start, end);
    if (!hasWords(text) || isOneExpression(text)) return;
    const lead = text.length - text.trimStart().length;
    found.push({ text: tidy(text), start: start + lead, end: start + text.trimEnd().length });
  };
  let at = 0;
  while (at < html.length) {
    const open = nextTag(html, at);
    add(at, open);
    if (open >= html.length) break;
    if (html.startsWith("<!--", open)) {
      const close = html.indexOf("-->", open + 4);
      at = close < 0 ? html.length : close + 3;
      continue;
    }
    const { end, name } = readTag(html, open, add);
    at = end;
    if (name === "script" || name === "style") {
      const close = html.toLowerCase().indexOf(`</${name}`, end);
      at = close < 0 ? html.length : close;
    }
  }
  return [...found, ...textsOfCode(html)].sort((a, b) => a.start - b.start);
}

/** The texts of JavaScript: the argument of `t("...")`. */
export function textsOfCode(code: string): FoundText[] {
  return [...code.matchAll(/(?<![\w.$])t\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g)].map((match) => {
    const start = match.index + match[0].length - 1 - (match[2] ?? "").length;
    return { text: tidy(match[2] ?? ""), start, end: start + (match[2] ?? "").length };
  });
}

/** The source with each found text put into other words; `translate` gives undefined for what it does not know. */
export function replaceTexts(
  source: string,
  found: readonly FoundText[],
  translate: (text: string) => string | undefined,
): string {
  let out = "";
  let at = 0;
  for (const { text, start, end } of found) {
    out += source.slice(at, start) + (translate(text) ?? source.slice(start, end));
    at = end;
  }
  return out + source.slice(at);
}

const isOneExpression = (text: string): boolean => /^\s*\{\{[^}]*\}\}\s*$/.test(text);

/** Where the next tag or comment opens; a `<` within `{{ }}` opens none. */
function nextTag(html: string, from: number): number {
  for (let at = from; at < html.length; at++) {
    if (html.startsWith("{{", at)) {
      const close = html.indexOf("}}", at);
      if (close < 0) return html.length;
      at = close + 1;
    } else if (html[at] === "<" && /[a-zA-Z/!]/.test(html[at + 1] ?? "")) return at;
  }
  return html.length;
}

function readTag(html: string, open: number, add: (start: number, end: number) => void): { end: number; name: string } {
  const name = /^<\/?([a-zA-Z0-9:-]*)/.exec(html.slice(open))?.[1]?.toLowerCase() ?? "";
  const attribute = /\s*([^\s=>"'/]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+))?|\s*\/|\s+/y;
  attribute.lastIndex = open + (html[open + 1] === "/" ? 2 : 1) + name.length;
  while (attribute.lastIndex < html.length && html[attribute.lastIndex] !== ">") {
    const from = attribute.lastIndex;
    const match = attribute.exec(html);
    if (!match || match[0] === "") {
      attribute.lastIndex = from + 1;
      continue;
    }
    const value = match[2];
    if (value && /^["']/.test(value) && spokenAttributes.has((match[1] ?? "").toLowerCase())) {
      const end = attribute.lastIndex - 1;
      add(end - (value.length - 2), end);
    }
  }
  return { end: Math.min(html.length, attribute.lastIndex + 1), name };
}
