/**
 * Where to go after the sign-in: a page below `base`, such as `/dashboard/machine`, whatever was asked for. An address of
 * another site, or of this one outside the pages, is not followed.
 */
export function nextPage(asked: unknown, base: string): string {
  if (typeof asked !== "string" || asked.length > 500) return base;
  // Browsers take a backslash for a slash and leave out tabs and line ends: what has one is no address of ours.
  if (/[\\\p{C}]/u.test(asked) || !asked.startsWith("/") || asked.startsWith("//")) return base;
  const origin = "http://here.invalid";
  if (!URL.canParse(asked, origin)) return base;
  const url = new URL(asked, origin);
  const isPage = url.origin === origin && (url.pathname === base || url.pathname.startsWith(`${base}/`));
  const isOurs = url.pathname.startsWith(`${base}/sign-`);
  return isPage && !isOurs && !url.pathname.includes("//") ? url.pathname + url.search : base;
}
