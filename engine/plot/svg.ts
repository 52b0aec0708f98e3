import { escapeXml } from "./text";

type Attributes = Record<string, string | number | undefined>;

/** A coordinate in pixels, to a tenth. A number that is none is a mistake of the program and must not get into a picture. */
export function px(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError("A coordinate of a picture is not a number.");
  const rounded = Math.round(value * 10) / 10;
  return rounded === 0 ? "0" : String(rounded);
}

/** One element; texts in attributes are escaped, `content` is markup already. */
export function element(name: string, attributes: Attributes, ...content: string[]): string {
  let tag = `<${name}`;
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) tag += ` ${key}="${typeof value === "number" ? px(value) : escapeXml(value)}"`;
  }
  const inside = content.join("");
  return inside === "" ? `${tag}/>` : `${tag}>${inside}</${name}>`;
}

/** A part of the picture with an origin of its own. */
export const at = (x: number, y: number, ...content: string[]): string =>
  element("g", { transform: `translate(${px(x)} ${px(y)})` }, ...content);

export const line = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  element("path", { class: className, d: `M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}` });

export const rect = (x: number, y: number, width: number, height: number, className: string, title = ""): string =>
  element("rect", { class: className, x, y, width, height }, tooltip(title));

/** What is shown when the pointer rests on a part. */
export const tooltip = (title: string): string => (title === "" ? "" : element("title", {}, escapeXml(title)));

export interface LabelOptions {
  /** @default "t" */
  className?: string;
  anchor?: "start" | "middle" | "end";
  /** In pixels. @default that of the picture, 11 */
  size?: number;
  /** Turned upwards, as the caption of an upright axis is. */
  upright?: boolean;
  /** The whole text, where what is shown was cut. */
  full?: string;
}

/** A line of text whose baseline starts, ends or has its middle at x, y. */
export function label(x: number, y: number, text: string, options: LabelOptions = {}): string {
  const { className = "t", anchor = "start", size, upright = false, full } = options;
  return element(
    "text",
    {
      class: className,
      x: upright ? undefined : x,
      y: upright ? undefined : y,
      transform: upright ? `translate(${px(x)} ${px(y)})rotate(-90)` : undefined,
      "text-anchor": anchor === "start" ? undefined : anchor,
      "font-size": size,
    },
    full === undefined || full === text ? "" : tooltip(full),
    escapeXml(text),
  );
}

/** Marks of a path, written as short as SVG has it: whole steps from one point to the next. */
export function createPath() {
  let text = "";
  let lastX = 0;
  let lastY = 0;
  const step = (command: string, x: number, y: number): void => {
    const dx = x - lastX;
    const dy = y - lastY;
    text += `${command}${dx}${dy < 0 ? "" : " "}${dy}`;
    lastX = x;
    lastY = y;
  };
  return {
    /** Whole numbers. `shape` is drawn from there and comes back or ends `dx`, `dy` further on. */
    mark(x: number, y: number, shape: string, dx = 0, dy = 0): void {
      step(text === "" ? "M" : "m", x, y);
      text += shape;
      lastX += dx;
      lastY += dy;
    },
    lineTo(x: number, y: number): void {
      step("l", x, y);
    },
    text: (): string => text,
  };
}
