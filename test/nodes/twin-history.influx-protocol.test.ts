import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sample } from "../../engine/contract/messages";
import { readHistoryQuery } from "../../engine/history/history-query";
import { type InfluxHistory, type InfluxHistoryOptions, openInfluxHistory } from "../../nodes/twin-history/influx";

interface Request {
  method: string;
  path: string;
  search: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
}
type Answer = (request: Request, response: ServerResponse) => void;

const json =
  (status: number, body: unknown): Answer =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
const noContent: Answer = (_request, response) => response.writeHead(204).end();
const nothing = json(200, { results: [{ statement_id: 0 }] });

/** What goes over the wire, against a server that answers as told. InfluxDB 2 and 3 are known by their documents only. */
describe("twin-history, on the wire to InfluxDB", () => {
  let server: Server;
  let url = "";
  let requests: Request[] = [];
  let onWrite: Answer[] = [];
  let onQuery: Answer = nothing;
  const opened: InfluxHistory[] = [];

  before((done) => {
    server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const { pathname, searchParams } = new URL(incoming.url ?? "", url);
        const request: Request = {
          method: incoming.method ?? "",
          path: pathname,
          search: searchParams,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        };
        requests.push(request);
        if (pathname.endsWith("/write")) (onWrite.shift() ?? noContent)(request, response);
        else onQuery(request, response);
      });
    });
    server.listen(0, "127.0.0.1", () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  after((done) => {
    server.close(done);
    server.closeAllConnections();
  });
  beforeEach(() => {
    requests = [];
    onWrite = [];
    onQuery = nothing;
  });
  afterEach(async () => {
    for (const history of opened.splice(0)) await history.close();
  });

  function open(options: Partial<InfluxHistoryOptions> = {}): InfluxHistory {
    const history = openInfluxHistory(
      {
        url,
        database: "twin",
        measurement: "twin",
        retentionPolicy: "",
        username: "",
        password: "",
        token: "",
        batchSize: 1000,
        flushMs: 1,
        retryMs: 5,
        maxRetryMs: 20,
        ...options,
      },
      () => undefined,
    );
    opened.push(history);
    return history;
  }
  const writes = (): Request[] => requests.filter(({ path }) => path.endsWith("/write"));
  const one: Sample[] = [{ id: "t", ts: 5, values: { n: 1 } }];

  it("sends lines with everything escaped, nulls left out and numbers as floats", async () => {
    const history = open({ measurement: "my twin" });
    await history.write([
      {
        id: "press-6",
        ts: 1_700_000_000_000,
        model: "a b,c=d",
        values: { n: 5, "x y": -0.5, s: 'say "hi\\"', t: "\\'", yes: true, no: false, none: null, nan: Number.NaN },
      },
      { id: "b", ts: -1, values: { hasOwnProperty: 1e21, 温度: 0.1 } },
    ]);
    const [{ method, path, search, body } = {} as Request] = writes();
    assert.equal(method, "POST");
    assert.equal(path, "/write");
    assert.deepEqual(Object.fromEntries(search), { db: "twin", precision: "ms", rp: "" });
    assert.deepEqual(body.split("\n"), [
      'my\\ twin,id=press-6,model=a\\ b\\,c\\=d n=5,x\\ y=-0.5,s="say \\"hi\\\\\\"",t="\\\\\'",yes=true,no=false 1700000000000',
      "my\\ twin,id=b hasOwnProperty=1e+21,温度=0.1 -1",
    ]);
  });

  it("names the retention policy, and a path before the endpoints", async () => {
    onQuery = json(200, { results: [{ series: [{ columns: ["name"], values: [["year"]] }] }] });
    const history = open({ retentionPolicy: "year", url: `${url}/influx/` });
    await history.write(one);
    assert.equal(writes()[0]?.path, "/influx/write");
    assert.equal(writes()[0]?.search.get("rp"), "year");
    await history.query(readHistoryQuery({}, 0));
    const asked = requests.filter(({ path }) => path === "/influx/query").at(-1);
    assert.equal(new URLSearchParams(asked?.body).get("rp"), "year");
  });

  it("sends a token instead of user and password, and nobody's name where none is set", async () => {
    await open({ token: "s3cret", username: "u", password: "p" }).write(one);
    await open({ username: "u", password: "p" }).write(one);
    await open().write(one);
    assert.deepEqual(
      writes().map(({ headers }) => headers.authorization),
      ["Token s3cret", `Basic ${Buffer.from("u:p").toString("base64")}`, undefined],
    );
    assert.ok(
      requests.every(({ path, headers }) => path === "/write" || headers.authorization !== "Basic cm9vdDpyb290"),
    );
  });

  it("goes without a right, and without the statement, to create databases", async () => {
    for (const answer of [
      json(403, { error: "not allowed" }),
      json(400, { message: "create database is unsupported" }),
      json(200, { results: [{ error: "unsupported" }] }),
    ]) {
      onQuery = answer;
      assert.equal((await open().write(one)).written, 1);
    }
  });

  const again: [string, Answer][] = [
    ["500", json(500, { error: "timeout" })],
    ["503", json(503, {})],
    ["429", json(429, { message: "too many requests" })],
    ["a connection that is closed", (_request, response) => response.destroy()],
    [
      "an answer that breaks off",
      (_request, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{");
        setTimeout(() => response.destroy(), 5);
      },
    ],
    ["no answer at all", () => undefined],
  ];
  for (const [what, answer] of again)
    it(`sends the same again after ${what}, and no samples twice that were taken`, async () => {
      const history = open({ timeoutMs: 100, batchSize: 1 });
      onWrite = [noContent, answer, answer, noContent];
      const samples = [1, 2, 3].map((n): Sample => ({ id: "t", ts: n, values: { n } }));
      const states: string[] = [];
      history.watch(({ state }) => states.push(state));
      assert.deepEqual(await history.write(samples), { written: 3, empty: 0, refused: [] });
      assert.deepEqual(
        writes().map(({ body }) => body),
        ["t n=1 1", "t n=2 2", "t n=2 2", "t n=2 2", "t n=3 3"].map((line) => `twin,id=${line}`),
      );
      assert.deepEqual(states.slice(-2), ["retrying", "ok"]);
    }).timeout(15_000);

  it("does not send again what was taken before the connection broke in the middle of halving", async () => {
    const history = open();
    const samples = Array.from({ length: 8 }, (_, n): Sample => ({ id: "t", ts: n, values: { n } }));
    const partial = json(400, { error: "partial write: field type conflict dropped=1" });
    // 8 lines: refused; the first 4: taken; the last 4: broken; then the last 4 again.
    onWrite = [partial, noContent, (_request, response) => response.destroy(), noContent];
    assert.equal((await history.write(samples)).written, 8);
    assert.deepEqual(
      writes().map(({ body }) => body.split("\n").length),
      [8, 4, 4, 4],
    );
  });

  it("gives each refused line the server's own reason", async () => {
    const history = open();
    onWrite = [
      json(400, { error: 'partial write: max-values-per-tag limit exceeded (1/1): measurement="twin" dropped=1' }),
    ];
    const { refused } = await history.write(one);
    assert.deepEqual(refused, [
      {
        index: 0,
        error: {
          code: "bad-request",
          message:
            'InfluxDB refuses a sample of t: partial write: max-values-per-tag limit exceeded (1/1): measurement="twin".',
          hint: "Look at InfluxDB's limits and at the sample.",
          index: 0,
        },
      },
    ]);
  });

  it("halves a request that is too large", async () => {
    const history = open();
    const tooLarge = json(413, { error: "Request Entity Too Large" });
    onWrite = [tooLarge, noContent, tooLarge, tooLarge, noContent];
    const samples = Array.from({ length: 4 }, (_, n): Sample => ({ id: "t", ts: n, values: { n } }));
    const { written, refused } = await history.write(samples);
    assert.equal(written, 3);
    assert.deepEqual(
      refused.map(({ index, error }) => [index, error.code]),
      [[2, "too-large"]],
    );
  });

  it("fails at once where trying again cannot help, and works again when it is mended", async () => {
    const history = open();
    for (const status of [401, 403, 404]) {
      onWrite = [json(status, { error: "no" }), json(status, { error: "no" })];
      await assert.rejects(history.write(one), { code: "history-failed", retryable: false, message: /: no\./ });
      assert.equal(history.describe().state, "failed");
      onWrite = [];
      await history.write(one);
      assert.equal(history.describe().state, "ok");
    }
  });

  it("asks with values apart from the text, in POST bodies, with times in ns that are exact", async () => {
    onQuery = ({ body }, response) => {
      const keys = { series: [{ columns: ["fieldKey", "fieldType"], values: [["n", "float"]] }] };
      json(200, { results: [body.includes("SHOW+FIELD") || body.includes("SHOW%20FIELD") ? keys : {}] })(
        {} as Request,
        response,
      );
    };
    const query = { twin: "press-6", start: 1_700_000_000_123, end: 1_700_000_000_999 };
    await open().query(readHistoryQuery(query, 0));
    const { method, body } = requests.at(-1) as Request;
    assert.equal(method, "POST");
    const sent = new URLSearchParams(body);
    assert.match(sent.get("q") ?? "", /WHERE time >= \$start AND time < \$end AND "id"::tag = \$twin/);
    assert.equal(sent.get("params"), '{"start":1700000000123000000,"end":1700000001000000000,"twin":"press-6"}');
  });

  it("tells nobody the password: not in the status, not in an error", async () => {
    const history = open({ url: url.replace("//", "//user:hush@").replace(/:\d+$/, ":1") });
    const error = await history.query(readHistoryQuery({}, 0)).catch((cause: Error) => cause);
    assert.match(String(error), /cannot be reached/);
    assert.ok(!`${error} ${JSON.stringify(history.describe())}`.includes("hush"));
  });
});
