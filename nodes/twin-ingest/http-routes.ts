import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpApp } from "../lib/node-red";
import { SettingError } from "../lib/settings";
import { normalisePath } from "./twin-ingest.settings";

export type RouteHandler = (request: IncomingMessage, response: ServerResponse) => void;

const routesOf = new WeakMap<HttpApp, Map<string, RouteHandler>>();

/**
 * Serves POST on a path until the returned function is called. Express cannot take a route back, so there is one
 * dispatcher per application, for good, and a deploy only changes its table.
 */
export function claimRoute(app: HttpApp, path: string, handler: RouteHandler): () => void {
  let routes = routesOf.get(app);
  if (!routes) {
    const table = new Map<string, RouteHandler>();
    routes = table;
    routesOf.set(app, table);
    app.use((request: IncomingMessage & { path: string }, response: ServerResponse, next: () => void) => {
      const found = request.method === "POST" ? table.get(normalisePath(decoded(request.path))) : undefined;
      if (found) found(request, response);
      else next();
    });
  }
  if (routes.has(path))
    throw new SettingError("path", path, "another twin-ingest serves this path; choose a different one.");
  const claimed = routes;
  claimed.set(path, handler);
  return () => {
    if (claimed.get(path) === handler) claimed.delete(path);
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
