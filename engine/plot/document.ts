import type { PlotRequest } from "./plot-request";
import { element, label, rect } from "./svg";
import { escapeXml, textWidth, wrap } from "./text";
import { styleSheet } from "./theme";

export interface Picture {
  width: number;
  height: number;
  content: string;
  /** What the picture is, in a few words, and what it shows, in a sentence or two: for those who cannot see it. */
  name: string;
  description: string;
  /** What the reader must know to judge it: rows shown, missing values, rules. One line each below the picture. */
  notes: string[];
}

const margin = 10;
const noteHeight = 15;

/** The picture as a document: frame, style, title, notes, and a name and a description for assistive technology. */
export function documentOf(picture: Picture, request: PlotRequest): string {
  const { width, name, description, content } = picture;
  const theme = request.theme ?? "auto";
  const heading = wrap(request.title ?? "", width - 2 * margin, 15, 2);
  const top = heading.length * 20;
  const notes = picture.notes.flatMap((note) => wrap(note, width - 2 * margin, 10, 3));
  const height = Math.ceil(top + picture.height + (notes.length > 0 ? notes.length * noteHeight + 6 : 0));
  const body = [
    rect(0, 0, width, height, "bg"),
    ...heading.map((text, i) => label(margin, 20 + i * 20, text, { size: 15, full: request.title })),
    element("g", { transform: `translate(0 ${top})` }, content),
    ...notes.map((note, i) =>
      label(margin, top + picture.height + 8 + i * noteHeight, note, { className: "m", size: 10 }),
    ),
  ].join("");
  const id = `mt${fingerprint(body)}`;
  const title = request.title ? `${request.title} – ${name}` : name;
  const used = new Set([...body.matchAll(/ class="([^"]*)"/g)].flatMap((match) => match[1]!.split(" ")));
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: `mt-plot mt-${theme}`,
      viewBox: `0 0 ${width} ${height}`,
      width: String(width),
      height: String(height),
      role: "img",
      lang: request.language,
      "aria-labelledby": `${id}t ${id}d`,
    },
    element("title", { id: `${id}t` }, escapeXml(title)),
    element("desc", { id: `${id}d` }, escapeXml([description, ...picture.notes].join(" "))),
    element("style", {}, styleSheet(theme, used)),
    body,
  );
}

/** FNV-1a: names that do not meet those of another picture on the page, and are the same each time. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** Width of the widest of some texts, in pixels. */
export const widest = (texts: readonly string[], sizePx: number): number =>
  texts.reduce((width, text) => Math.max(width, textWidth(text, sizePx)), 0);
