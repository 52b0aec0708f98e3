/** Why a text is no MQTT topic filter; undefined when it is one. */
export function filterProblem(filter: string): string | undefined {
  if (filter === "") return "it is empty; name a topic such as sensor/data, or sensor/# for all below sensor.";
  if (filter.length > 65_535) return "it is too long.";
  if (filter.includes("\u0000")) return "it holds a NUL character.";
  const levels = filter.split("/");
  for (const [index, level] of levels.entries()) {
    if (level.includes("#") && (level !== "#" || index !== levels.length - 1))
      return "# may only stand alone, at the end, such as sensor/#.";
    if (level.includes("+") && level !== "+") return "+ may only stand alone between slashes, such as sensor/+/data.";
  }
  return undefined;
}

/** Whether a topic falls under a filter. A filter that begins with a wildcard leaves out `$SYS` and its like. */
export function matchesFilter(filter: string, topic: string): boolean {
  // A shared subscription, $share/<group>/<filter>, matches as its filter does.
  const plain = filter.startsWith("$share/") ? filter.split("/").slice(2).join("/") : filter;
  if (plain === topic) return true;
  if (topic.startsWith("$") && (plain.startsWith("#") || plain.startsWith("+"))) return false;
  const wanted = plain.split("/");
  const given = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= given.length || (level !== "+" && level !== given[index])) return false;
  }
  return wanted.length === given.length;
}
