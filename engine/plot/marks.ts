import { createPath, element } from "./svg";

/** How the points of a group look, in half pixels: shapes tell groups apart where colour does not. */
interface Shape {
  /** Round and square dots are lines without length; crosses are lines; the others are areas. */
  className: "dot" | "sq" | "tri" | "cross";
  /** Drawn from the point moved by `x`, `y`; ends `dx`, `dy` from where it began. */
  path: string;
  x: number;
  y: number;
  dx: number;
  dy: number;
}

const shape = (className: Shape["className"], path: string, x = 0, y = 0, dx = 0, dy = 0): Shape => ({
  className,
  path,
  x,
  y,
  dx,
  dy,
});

const circle = shape("dot", "h0");
const shapes = [
  circle,
  shape("sq", "h0"),
  shape("tri", "l4 4-4 4-4-4z", 0, -4),
  shape("tri", "l4 7h-8z", 0, -4),
  shape("cross", "h8m-4-4v8", -4, 0, 4, 4),
  shape("cross", "l6 6m0-6l-6 6", -3, -3, 0, 6),
  shape("tri", "h8l-4 7z", -4, -3),
];
const shapeOf = (group: number): Shape => shapes[group] ?? circle;

/** Length in the picture's text of one point of a group, about. */
export const bytesOfMark = (group: number): number => shapeOf(group).path.length + 5.5;

/** So few points that there is room for larger ones. */
export const fewRows = 1000;

/**
 * Points of one group as one path. Points that fall on the same half pixel are one.
 *
 * @param places x and y in turn, in pixels
 */
export function marks(places: ArrayLike<number>, group: number, isLarge = false): string {
  const { className, path, x, y, dx, dy } = shapeOf(group);
  const keys = new Set<number>();
  for (let i = 0; i < places.length; i += 2)
    keys.add(Math.round(places[i]! * 2) * width + Math.round(places[i + 1]! * 2));
  const drawn = createPath();
  // From left to right, so that the steps are short.
  for (const key of Float64Array.from(keys).sort())
    drawn.mark(Math.floor(key / width) + x, (key % width) + y, path, dx, dy);
  if (keys.size === 0) return "";
  const colour = className === "tri" ? `f${group} s${group}` : `s${group}`;
  return element("path", {
    class: `${className}${isLarge ? "b" : ""} pt ${colour}`,
    transform: "scale(.5)",
    d: drawn.text(),
  });
}
/** Beyond any height of a picture in half pixels. */
const width = 65_536;
