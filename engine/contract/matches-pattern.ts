/**
 * Whether an id fits a pattern with `*` for any run of characters. In time linear in practice and never exponential, as a
 * regular expression with many `.*` would be: patterns come from messages.
 */
export function matchesPattern(id: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < id.length) {
    if (next < pattern.length && pattern[next] === "*") {
      star = next++;
      resume = at;
    } else if (next < pattern.length && pattern[next] === id[at]) {
      at++;
      next++;
    } else if (star >= 0) {
      // The last star takes one character more.
      next = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[next] === "*") next++;
  return next === pattern.length;
}
