import type { NodeRed } from "../../nodes/lib/node-red";

type Handler = (req: unknown, res: unknown) => Promise<void>;

/** A stand-in for the editor's server, which answers what forms ask of it. */
export function adminPost(): {
  red: NodeRed;
  /** Path and permission of what is served. */
  served(): unknown[][];
  /** Status and body of the answer of the first of these. */
  call(body: unknown, type?: string): Promise<[number, unknown]>;
} {
  const routes: unknown[][] = [];
  return {
    red: {
      httpAdmin: { post: (...route: unknown[]) => routes.push(route) },
      auth: { needsPermission: (permission: string) => `needs ${permission}` },
    } as unknown as NodeRed,
    served: () => routes.map((route) => route.slice(0, 2)),
    async call(body, type = "application/json; charset=utf-8") {
      let answer: [number, unknown] = [200, undefined];
      const res = {
        status(code: number) {
          answer[0] = code;
          return res;
        },
        json(value: unknown) {
          answer = [answer[0], value];
        },
      };
      await (routes[0]![2] as Handler)({ headers: { "content-type": type }, body }, res);
      return answer;
    },
  };
}
