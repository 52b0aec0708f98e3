/** A property of the object's own: a twin, or a row, may have one called `valueOf`. */
export const own = <T>(map: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;
