import { atLeast } from "../engine/security/roles";
import { sessionLimits } from "../engine/security/session-life";
import { addressOf, isFromHere, type Middleware, type Next, type Request, type Response, readForm } from "./http";
import { nextPage } from "./next-page";
import type { PeopleLog } from "./people-log";
import type { Sessions } from "./sessions";
import type { SignIn } from "./sign-in";
import { sendSignInPage } from "./sign-in-page";
import { pageLanguage, signInTexts } from "./sign-in-texts";
import { stampOf } from "./users-file";

export interface PagesOptions {
  sessions: Sessions;
  signIn: SignIn;
  log: PeopleLog;
  now(): number;
  /** Language of the installation; "" for that of the browser. */
  language: string;
}

/** `dashboard.middleware` behind express-session: the sign-in page, and nothing else for whom nobody knows. */
export function createPages({ sessions, signIn, log, now, language }: PagesOptions): Middleware {
  return (req, res, next) => {
    // The dashboard runs its middleware once for every path below its own, and again for some of them.
    if (req.meditwin) return next();
    const path = req.path.replace(/\/+$/, "");
    if (path === "/sign-in" && req.method === "POST") return void enter(req, res).catch(next);
    if (path === "/sign-out" && req.method === "POST") return leave(req, res, next);
    const user = sessions.who(req.sessionID ?? "");
    if (path === "/sign-in" && (req.method === "GET" || req.method === "HEAD")) {
      const { base, asked, lang } = readAsked(req, new URLSearchParams(req.query as Record<string, string>));
      if (user) return goTo(res, nextPage(asked, base));
      return sendSignInPage(res, 200, { language: lang, base, next: nextPage(asked, base) });
    }
    if (!user) return turnAway(req, res);
    req.meditwin = { user, readOnly: !atLeast(user.role, "operator") };
    next();
  };

  async function enter(req: Request, res: Response): Promise<void> {
    const form = (await readForm(req)) ?? new URLSearchParams();
    const { base, asked, lang } = readAsked(req, form);
    const text = signInTexts[lang];
    const name = (form.get("name") ?? "").trim();
    const again = (status: number, problem: string): void =>
      sendSignInPage(res, status, { language: lang, base, next: nextPage(asked, base), name, problem });
    if (!isFromHere(req)) return again(403, text.elsewhere);

    const address = addressOf(req);
    const verdict = await signIn(name, form.get("password") ?? "", address);
    if ("waitMs" in verdict) {
      const seconds = Math.ceil(verdict.waitMs / 1000);
      res.setHeader("Retry-After", String(seconds));
      return again(429, text.wait(seconds));
    }
    if ("wrong" in verdict) return again(401, text.wrong);

    const { account } = verdict;
    const { session } = req;
    if (!session) throw new Error("no session");
    // A new id: whoever has put an id of his own into this browser is left with a worthless one.
    await settled((done) => session.regenerate(done));
    const fresh = req.session;
    if (!fresh) throw new Error("no session");
    fresh.cookie.maxAge = sessionLimits[account.role].totalMs;
    Object.assign(fresh, { name: account.name, stamp: stampOf(account), startedMs: now() });
    await settled((done) => fresh.save(done));
    log.record({ event: "sign-in", name: account.name, role: account.role, address });
    goTo(res, nextPage(asked, base));
  }

  function leave(req: Request, res: Response, next: Next): void {
    req.resume();
    if (!isFromHere(req)) return void res.writeHead(403).end();
    const user = sessions.who(req.sessionID ?? "");
    req.session?.destroy((error) => {
      if (error) return next(error);
      if (user) log.record({ event: "sign-out", ...user, address: addressOf(req) });
      goTo(res, `${req.baseUrl}/sign-in`);
    });
  }

  function readAsked(req: Request, fields: URLSearchParams) {
    const lang = pageLanguage(fields.get("lang"), language, req.headers["accept-language"]);
    return { base: req.baseUrl, asked: fields.get("next"), lang };
  }
}

function goTo(res: Response, location: string): void {
  res.writeHead(303, { Location: location, "Cache-Control": "no-store" }).end();
}

/** A person gets the sign-in page; a script is told, and the dashboard's own then loads the page anew. */
function turnAway(req: Request, res: Response): void {
  const isPage = req.method === "GET" && String(req.headers.accept ?? "").includes("text/html");
  if (isPage) goTo(res, `${req.baseUrl}/sign-in?${new URLSearchParams({ next: req.originalUrl.slice(0, 500) })}`);
  else res.writeHead(401, { "Content-Type": "text/plain", "Cache-Control": "no-store" }).end("Not signed in.\n");
}

const settled = (begin: (done: (error?: unknown) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => begin((error) => (error ? reject(error) : resolve())));
