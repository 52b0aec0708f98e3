import { errorCodes, Failure, Refusal, refuse } from "../../engine/contract/errors";
import { isObject } from "./messages";
import type { NodeRed } from "./node-red";
import { SettingError } from "./settings";

interface Request {
  headers: Record<string, unknown>;
  body?: unknown;
}
interface Response {
  status(code: number): Response;
  json(body: unknown): void;
}

/** What a form of the editor asks of the server, at once or later. Answers `{ error: { code, message, hint, field? } }` where `answer` throws. */
export type Answer = (body: Record<string, unknown>) => unknown;

const served = new WeakMap<object, Set<string>>();

/** Serves `POST <admin>/meditwin/<path>`, once for each runtime, with JSON for whoever has the permission. */
export function serveAdminPost(red: NodeRed, path: string, permission: string, answer: Answer): void {
  const paths = served.get(red.httpAdmin) ?? new Set();
  served.set(red.httpAdmin, paths);
  if (paths.has(path)) return;
  paths.add(path);
  red.httpAdmin.post(`/meditwin/${path}`, red.auth.needsPermission(permission), async (req: Request, res: Response) => {
    try {
      // A page of somebody else's can make a browser send a form, but not JSON.
      const isJson = String(req.headers["content-type"] ?? "").startsWith("application/json");
      if (!isJson || !isObject(req.body))
        throw new Refusal(refuse("bad-request", "The body is no JSON object.", "Send one as application/json."));
      res.json(await answer(req.body));
    } catch (error) {
      const { status, body } = faultOf(error);
      res.status(status).json({ error: body });
    }
  });
}

function faultOf(error: unknown): { status: number; body: Record<string, unknown> } {
  if (error instanceof Refusal) return { status: errorCodes[error.code], body: { ...error.info } };
  // What is set wrong in the form (bad-setting) is the form's fault, not the server's.
  if (error instanceof SettingError)
    return { status: 422, body: { code: error.code, message: error.message, hint: error.hint, field: error.field } };
  const code = error instanceof Failure ? error.code : "bad-request";
  return {
    status: code === "bad-setting" ? 422 : 500,
    body: { code, message: error instanceof Error ? error.message : String(error), hint: "" },
  };
}
