import { randomBytes } from "node:crypto";
import type { Response } from "./http";
import { type PageLanguage, signInTexts } from "./sign-in-texts";

export interface SignInPage {
  language: PageLanguage;
  /** Where the pages are, such as `/dashboard`. */
  base: string;
  next: string;
  name?: string;
  problem?: string;
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign);

/** Sends the page: no script, nothing from elsewhere, and nothing that may be framed or kept. */
export function sendSignInPage(res: Response, status: number, page: SignInPage): void {
  const nonce = randomBytes(16).toString("base64");
  res.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Language": page.language,
    "Cache-Control": "no-store",
    "Content-Security-Policy": `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'`,
    // With "no-referrer" browsers would not say where the form comes from.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
  });
  res.end(signInHtml(page, nonce));
}

function signInHtml({ language, base, next, name = "", problem }: SignInPage, nonce: string): string {
  const text = signInTexts[language];
  const other: PageLanguage = language === "en-US" ? "zh-CN" : "en-US";
  const address = `${base}/sign-in?${new URLSearchParams({ next, lang: other })}`;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text.title} – MediTwin</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<header><span class="brand">MediTwin</span><a href="${escapeHtml(address)}" lang="${other}" hreflang="${other}">${text.other}</a></header>
<main>
<form method="post" action="${escapeHtml(base)}/sign-in">
<h1>${text.title}</h1>
${problem ? `<p class="problem" role="alert">${escapeHtml(problem)}</p>` : ""}
<label for="name">${text.name}</label>
<input id="name" name="name" value="${escapeHtml(name)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required${name ? "" : " autofocus"}>
<label for="password">${text.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required${name ? " autofocus" : ""}>
<input type="hidden" name="next" value="${escapeHtml(next)}">
<input type="hidden" name="lang" value="${language}">
<button>${text.submit}</button>
</form>
</main>
</body>
</html>
`;
}

/** The looks of the pages (dashboards/40-overview.json, "Bar on every page"), with targets for a finger in a glove. */
const style = `
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: #e6e9eb; color: #2b3238; font: 16px/1.4 "Inter", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "Lato", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
header { height: 48px; padding: 0 16px; display: flex; align-items: center; background: #323d47; color: #fff; }
.brand { font-size: 17px; font-weight: 650; letter-spacing: .02em; margin-right: auto; }
header a { color: #cfd6dc; font-size: 14px; text-decoration: none; padding: 12px; }
header a:hover { color: #fff; }
main { flex: 1; display: flex; align-items: flex-start; justify-content: center; padding: 12vh 16px 16px; }
form { width: 100%; max-width: 380px; background: #fff; border: 1px solid #d5d9dd; border-radius: 4px; padding: 24px; }
h1 { margin: 0 0 18px; font-size: 20px; font-weight: 650; color: #1d2a3a; }
label { display: block; margin: 14px 0 4px; font-size: 14px; color: #66707a; }
input { width: 100%; height: 46px; padding: 0 12px; font: inherit; color: inherit; background: #fff; border: 1px solid #8d99a4; border-radius: 4px; }
button { width: 100%; height: 48px; margin-top: 24px; font: inherit; font-weight: 600; color: #fff; background: #4a6076; border: 0; border-radius: 4px; cursor: pointer; }
button:hover { background: #3f5366; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid #4d86b8; outline-offset: 1px; }
.problem { margin: 0; padding: 10px 12px; font-size: 14px; color: #a3231b; background: #fde8e6; border: 1px solid #d9776f; border-radius: 4px; }
`;
