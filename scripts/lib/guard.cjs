// Who may reach the editor and the pages at all. Who may do what there: security/. Express and socket.io middleware for settings.js.
"use strict";
const { isUnderOwnName } = require("../../dist/security/http.js");

/**
 * While there is no password, only this machine may reach the server, and only under a loopback name: a web site that
 * lets its own name point to 127.0.0.1 (DNS rebinding) would otherwise talk to the editor through the user's browser.
 */
function httpGuard({ loopbackNamesOnly }) {
  return (req, res, next) => {
    if (loopbackNamesOnly && !isUnderOwnName(req)) {
      res.status(403).type("text/plain");
      res.send(
        "MediTwin has no password yet and answers only to the names 127.0.0.1 and localhost.\n" +
          "To reach it under another name (a tunnel, a proxy), add users with npm run user: see docs/security.md.\n" +
          "With TWIN_ADMIN_PASSWORD_HASH alone the editor is reached, and the pages only show.\n",
      );
      return;
    }
    res.set("X-Content-Type-Options", "nosniff");
    // Pages may be shown inside another system's portal; the editor may not (a click there deploys).
    if (!req.path.startsWith("/dashboard")) res.set("X-Frame-Options", "SAMEORIGIN");
    next();
  };
}

/** For the sockets of the pages, in place of the dashboard's own check: refuses other sites' pages. */
function socketGuard({ loopbackNamesOnly }) {
  return (socket, next) => {
    const { host, origin } = socket.handshake.headers;
    if (loopbackNamesOnly && !isUnderOwnName(socket.handshake)) return next(new Error("not under this name"));
    if (origin && (!URL.canParse(origin) || new URL(origin).host !== host))
      return next(new Error("not from this site"));
    next();
  };
}

module.exports = { httpGuard, socketGuard };
