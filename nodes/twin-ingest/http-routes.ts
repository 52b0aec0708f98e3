import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpApp } from "../lib/node-red";
import { SettingError } from "../lib/settings";
import { normalisePath } from "./twin-ingest.settings";

/** Serves POST on one path. */
export interface Route<Received> {
  /** Looks at the request and reads its body. */
  receive(request: RouteRequest): Promise<Received>;
  answer(received: Received, request: RouteRequest, response: ServerResponse): void;
}

/** A request as Express hands it over. */
export interface RouteRequest extends IncomingMessage {
  path: string;
  query?: unknown;
  /** What some body parser has made of the body. */
  body?: unknown;
  /** Body parsers leave a request alone that has this. */
  _body?: boolean;
}

interface ExpressApp extends HttpApp {
  parent?: ExpressApp;
  /** The path that it is mounted at. */
  path?(): string;
  _router?: { stack: { handle?: unknown }[] };
}

type Routes = Map<string, Route<unknown>>;
type Next = () => void;

const routesOf = new WeakMap<HttpApp, Routes>();

/**
 * Serves POST on a path until the returned function is called. Express cannot take a route back, so the two handlers below
 * are there for good, once per application, and a deploy only changes their table.
 */
export function claimRoute<Received>(app: HttpApp, path: string, route: Route<Received>): () => void {
  let routes = routesOf.get(app);
  if (!routes) {
    routes = new Map();
    routesOf.set(app, routes);
    install(app as ExpressApp, routes);
  }
  if (routes.has(path))
    throw new SettingError("path", path, "another twin-ingest serves this path; choose a different one.");
  const claimed = routes;
  claimed.set(path, route as Route<unknown>);
  return () => {
    if (claimed.get(path) === route) claimed.delete(path);
  };
}

/**
 * One handler answers, in the flows' own application, behind whatever access control stands before it. The other reads the
 * body, and stands before everything else as that of Node-RED's `http in` does: the admin API's parser would swallow JSON
 * on its way, with other limits and with answers of its own.
 */
function install(app: ExpressApp, routes: Routes): void {
  const received = new WeakMap<IncomingMessage, Promise<unknown>>();
  const find = (request: RouteRequest, path: string): Route<unknown> | undefined =>
    request.method === "POST" ? routes.get(normalisePath(decoded(path))) : undefined;

  let root = app;
  while (root.parent) root = root.parent;
  const mount = normalisePath(app.path?.() ?? "");
  const prefix = mount === "/" ? "" : mount;
  const read = (request: RouteRequest, _response: ServerResponse, next: Next): void => {
    // So early Express has not put `path` on the request yet.
    const path = request.url?.split("?", 1)[0] ?? "";
    const route = path.startsWith(prefix) ? find(request, path.slice(prefix.length)) : undefined;
    if (route && !request._body) {
      request._body = true;
      received.set(request, route.receive(request));
    }
    next();
  };
  root.use(read);
  const stack = root._router?.stack ?? [];
  const own = stack.findIndex(({ handle }) => handle === read);
  if (own > 0) stack.unshift(...stack.splice(own, 1));

  app.use((request: RouteRequest, response: ServerResponse, next: Next) => {
    const route = find(request, request.path);
    if (!route) return next();
    const pending = received.get(request) ?? route.receive(request);
    void pending.then((result) => route.answer(result, request, response));
  });
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
