/** What XML 1.0 cannot hold, lone surrogates among it, and marks that turn the direction of what follows. */
const unfit = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]|[\u202A-\u202E\u2066-\u2069\u007F-\u009F]/gu;
const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Any text as it may stand between tags and in attributes. */
export const escapeXml = (text: string): string =>
  text.replace(unfit, "\uFFFD").replace(/[&<>"']/g, (mark) => entities[mark]!);

/** Width of a text in pixels, estimated: no font is at hand. Rather too wide than too narrow. */
export function textWidth(text: string, sizePx: number): number {
  let em = 0;
  for (const sign of text) {
    const code = sign.codePointAt(0)!;
    // Other scripts, and signs that are replaced by one for "unknown".
    if ((code >= 0x590 && !"–−⁻⁰⁴⁵⁶⁷⁸⁹".includes(sign)) || code < 32 || (code >= 127 && code < 160)) em += 1;
    else if (" .,:;'|!()[]ijlft/-".includes(sign)) em += 0.38;
    else if ("mwMW@%".includes(sign)) em += 0.92;
    else if (code >= 65 && code <= 90) em += 0.7;
    else em += 0.6;
  }
  return em * sizePx;
}

/** A text cut to a width, with an ellipsis where something is missing. */
export function shorten(text: string, widthPx: number, sizePx: number): string {
  if (textWidth(text, sizePx) <= widthPx) return text;
  const signs = Array.from(text);
  let room = widthPx - textWidth("…", sizePx);
  let kept = 0;
  while (kept < signs.length) {
    room -= textWidth(signs[kept]!, sizePx);
    if (room < 0) break;
    kept++;
  }
  return `${signs.slice(0, kept).join("").trimEnd()}…`;
}

/** A text in lines of a width, broken after blanks and underscores where it can be; the last one cut when it is too long. */
export function wrap(text: string, widthPx: number, sizePx: number, maxLines: number): string[] {
  const lines: string[] = [];
  let rest = text.replace(/\s+/g, " ").trim();
  while (rest !== "" && lines.length < maxLines - 1 && textWidth(rest, sizePx) > widthPx) {
    const line = firstLine(rest, widthPx, sizePx);
    lines.push(line.trimEnd());
    rest = rest.slice(line.length).trimStart();
  }
  if (rest !== "") lines.push(shorten(rest, widthPx, sizePx));
  return lines;
}

/** As much of a text as fits one line: up to a break in its second half, else as many signs as there is room for. */
function firstLine(text: string, widthPx: number, sizePx: number): string {
  let line = "";
  let width = 0;
  for (const sign of text) {
    width += textWidth(sign, sizePx);
    if (width > widthPx && line !== "") break;
    line += sign;
  }
  const breaks = [...line.matchAll(/[\s_\-/.，、；（]/g)].map((match) => match.index + 1);
  const last = breaks.at(-1) ?? 0;
  return last > line.length / 2 ? line.slice(0, last) : line;
}
