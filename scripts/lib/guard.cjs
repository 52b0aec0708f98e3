// Who may reach the editor and move what is on the pages. Express and socket.io middleware for settings.js.
"use strict";
const { isLoopback } = require("./environment.cjs");

/** Host name of a `Host` header, without the port. */
const hostNameOf = (header = "") => header.replace(/:\d+$/, "").toLowerCase();

/**
 * While there is no password, only this machine may reach the server, and only under a loopback name: a web site that
 * lets its own name point to 127.0.0.1 (DNS rebinding) would otherwise talk to the editor through the user's browser.
 */
function httpGuard({ loopbackNamesOnly }) {
  return (req, res, next) => {
    if (loopbackNamesOnly && !isLoopback(hostNameOf(req.headers.host))) {
      res.status(403).type("text/plain");
      res.send(
        "MediTwin has no password yet and answers only to the names 127.0.0.1 and localhost.\n" +
          "To reach it under another name (a tunnel, a proxy), set TWIN_ADMIN_PASSWORD_HASH: see README.md.\n",
      );
      return;
    }
    res.set("X-Content-Type-Options", "nosniff");
    // Pages may be shown inside another system's portal; the editor may not (a click there deploys).
    if (!req.path.startsWith("/dashboard")) res.set("X-Frame-Options", "SAMEORIGIN");
    next();
  };
}

const short = (value) => (typeof value === "string" ? value.slice(0, 200) : undefined);

/**
 * What a page that only looks may say: that a widget is there, that a page is shown. The arguments are made anew, so
 * that nothing else reaches a flow; undefined for anything that acts.
 */
function lookingOnly([event, id, what, more]) {
  if (event === "widget-load") return [event, id, undefined];
  if (event === "ui-control" && what === "change")
    return [event, id, "change", { page: Number(more?.page), name: short(more?.name) }];
  if (event === "ui-event" && (what?.topic === "$pageview" || what?.topic === "$pageleave")) {
    const { page } = what.payload ?? {};
    return [event, id, { topic: what.topic, payload: { page: { id: short(page?.id), name: short(page?.name) } } }];
  }
  return undefined;
}

/**
 * For the sockets of the pages, in place of the dashboard's own check: refuses other sites' pages, and when `readOnly`
 * drops everything with which a page acts on the flows. Controls are then shown as disabled.
 */
function socketGuard({ loopbackNamesOnly, readOnly }) {
  return (socket, next) => {
    const { host, origin } = socket.handshake.headers;
    if (loopbackNamesOnly && !isLoopback(hostNameOf(host))) return next(new Error("not under this name"));
    if (origin && (!URL.canParse(origin) || new URL(origin).host !== host))
      return next(new Error("not from this site"));
    if (readOnly) {
      socket.use((packet, pass) => {
        const allowed = lookingOnly(packet);
        // Without calling pass the event goes nowhere.
        if (!allowed) return;
        packet.splice(0, packet.length, ...allowed);
        pass();
      });
      showDisabled(socket);
    }
    next();
  };
}

const controls =
  /^ui-(button|button-group|dropdown|file-input|form|number-input|radio-group|slider|switch|text-input)$/;

/** Sends controls to the page as disabled. What does not look as expected passes unchanged: the lock is above. */
function showDisabled(socket) {
  const emit = socket.emit.bind(socket);
  const known = new Set();
  socket.emit = (event, ...args) => {
    if (event === "ui-config" && args[1]?.widgets) {
      const widgets = { ...args[1].widgets };
      for (const [id, widget] of Object.entries(widgets)) {
        if (!controls.test(widget?.type)) continue;
        known.add(id);
        widgets[id] = { ...widget, state: { ...widget.state, enabled: false } };
      }
      return emit(event, args[0], { ...args[1], widgets });
    }
    if (typeof event === "string" && event.startsWith("widget-load:") && known.has(event.slice("widget-load:".length)))
      return emit(event, args[0], { ...args[1], enabled: false });
    return emit(event, ...args);
  };
}

module.exports = { httpGuard, socketGuard };
