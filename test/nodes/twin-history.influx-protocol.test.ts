import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sample } from "../../engine/contract/messages";
import { readHistoryQuery } from "../../engine/history/history-query";
import { until, useHistories } from "./twin-history.support";

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
  const histories = useHistories(() => url, { database: "twin", flushMs: 1, retryMs: 5, maxRetryMs: 20 });
  const open: typeof histories.open = (options) => histories.open(options);
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
    assert.deepEqual(Object.fromEntries(search), { db: "twin", precision: "ms" });
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

  const away: [string, Answer][] = [
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
  for (const [what, answer] of away)
    it(`spools after ${what}, sends the same again, and nothing twice that was taken`, async () => {
      const history = open({ timeoutMs: 100, batchSize: 1 });
      let answers = 2;
      const forTheSecond: Answer = (request, response) =>
        (request.body === "twin,id=t n=2 2" && answers-- > 0 ? answer : noContent)(request, response);
      onWrite = Array.from({ length: 10 }, () => forTheSecond);
      const samples = [1, 2, 3].map((n): Sample => ({ id: "t", ts: n, values: { n } }));
      const states: string[] = [];
      history.watch(({ state }) => states.push(state));
      const { written, spooled = 0 } = await history.write(samples);
      assert.ok(written === 3 && spooled >= 1, "the third may be on its way beside the second");
      await until(history, ({ spooled, state }) => spooled === 0 && state === "ok");
      assert.deepEqual(
        writes()
          .map(({ body }) => body)
          .sort(),
        ["t n=1 1", "t n=2 2", "t n=2 2", "t n=2 2", "t n=3 3"].map((line) => `twin,id=${line}`),
      );
      assert.deepEqual(states.slice(-2), ["retrying", "ok"]);
    }).timeout(15_000);

  it("does not send again what was taken before the connection broke in the middle of halving", async () => {
    const history = open();
    const samples = Array.from({ length: 8 }, (_, n): Sample => ({ id: "t", ts: n, values: { n } }));
    const partial = json(400, { error: "partial write: field type conflict dropped=1" });
    const broken: Answer = (_request, response) => response.destroy();
    // 8 lines: refused; the first 4: taken; the last 4: broken, also at once on a new connection; then the last 4 again.
    onWrite = [partial, noContent, broken, broken, noContent];
    assert.deepEqual(await history.write(samples), { written: 8, spooled: 4, empty: 0, refused: [] });
    await until(history, ({ spooled }) => spooled === 0);
    assert.deepEqual(
      writes().map(({ body }) => body.split("\n").length),
      [8, 4, 4, 4, 4],
    );
  });

  it("sends live samples beside the spool, but none before an older value for its instant", async () => {
    const history = open({ batchSize: 1, retryMs: 200, maxRetryMs: 200 });
    const at = (ts: number, n: number): Sample[] => [{ id: "t", ts, values: { n } }];
    let goOn: () => void = () => undefined;
    const held: Answer = (request, response) => {
      goOn = () => noContent(request, response);
    };
    onWrite = [json(503, {}), noContent, held];
    await Promise.all([history.write(at(4, 1)), history.write(at(5, 1))]);
    // The first of the two is taken: the server is back. The second is on its way.
    await until(history, ({ spooled, state }) => spooled === 1 && state === "ok");
    assert.deepEqual(await history.write(at(5, 2)), { written: 1, spooled: 1, empty: 0, refused: [] });
    assert.deepEqual(await history.write(at(6, 3)), { written: 1, empty: 0, refused: [] });
    goOn();
    await until(history, ({ spooled }) => spooled === 0);
    assert.deepEqual(
      writes().map(({ body }) => body.replace("twin,id=t ", "")),
      ["n=1 4", "n=1 4", "n=1 5", "n=3 6", "n=2 5"],
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

  it("obeys Retry-After, in seconds or as a date, of a server that is too busy", async () => {
    for (const [pause, status, leastMs] of [
      ["1", 429, 1000],
      [() => new Date(Date.now() + 2000).toUTCString(), 503, 900],
    ] as [string | (() => string), number, number][]) {
      const history = open();
      const at: number[] = [];
      const noted =
        (answer: Answer): Answer =>
        (...all) => {
          at.push(Date.now());
          answer(...all);
        };
      const busy: Answer = (_request, response) => {
        response.writeHead(status, { "retry-after": typeof pause === "string" ? pause : pause() });
        response.end('{"code":"too many requests","message":"limit of writes"}');
      };
      onWrite = [noted(busy), noted(noContent)];
      assert.equal((await history.write(one)).spooled, 1);
      assert.match(history.describe().reason ?? "", /too many requests|limit of writes/);
      await until(history, ({ spooled }) => spooled === 0);
      assert.ok((at[1] as number) - (at[0] as number) >= leastMs, `${at[1]} - ${at[0]}`);
    }
  });

  /** What these servers say, as their documents and issue threads have it: not verified against a server. */
  describe("as recorded of InfluxDB 2 and 3, not verified against a server", () => {
    const conflict2 = {
      code: "unprocessable entity",
      message:
        'failure writing points to database: partial write: field type conflict: input field "n" on measurement "twin" is type string, already exists as type float dropped=1',
    };
    const parse2 = { code: "invalid", message: "unable to parse 'twin,id=t n= 1': missing field value" };
    const partial3 = {
      error: "partial write of line protocol occurred",
      data: [
        {
          original_line: 'twin,id=t n="x" 1',
          line_number: 1,
          error_message:
            "invalid column type for column 'n', expected iox::column_type::field::float, got iox::column_type::field::string",
        },
      ],
    };
    const dedicated = { code: "invalid", line: 1, message: "line 1: invalid column type for column 'n'" };
    for (const [what, status, body, code, said] of [
      ["2.x, 422 of a conflict", 422, conflict2, "wrong-type", /already exists as type float\.$/],
      ["2.x, 400 of a line it cannot read", 400, parse2, "bad-request", /missing field value/],
      ["3.x, 400 with a verdict for each line", 400, partial3, "wrong-type", /column type for column 'n', expected/],
      ["3.x dedicated, 400 with the first line", 400, dedicated, "wrong-type", /invalid column type/],
    ] as [string, number, object, string, RegExp][])
      it(`${what}: the bad line is found by halving and refused with the server's reason`, async () => {
        const history = open({ token: "s3cret" });
        const samples = [1, 2, 3, 4].map((n): Sample => ({ id: "t", ts: n, values: { n } }));
        const bad = json(status, body);
        const second: Answer = (request, response) =>
          (/ 2($|\n)/.test(request.body) ? bad : noContent)(request, response);
        onWrite = Array.from({ length: 5 }, () => second);
        const { written, refused } = await history.write(samples);
        assert.equal(written, 3);
        assert.deepEqual(
          refused.map(({ index, error }) => [index, error.code, error.property]),
          [[1, code, code === "wrong-type" ? "n" : undefined]],
        );
        assert.match(refused[0]?.error.message ?? "", said);
        assert.ok(writes().every(({ headers }) => headers.authorization === "Token s3cret"));
      });

    it("204 is taken, 401 is a failure at once, 429 and 503 are spooled, 413 is halved", async () => {
      const history = open({ token: "s3cret", retryMs: 200, maxRetryMs: 200 });
      assert.equal((await history.write(one)).written, 1);
      onWrite = [json(401, { code: "unauthorized", message: "unauthorized access" })];
      await assert.rejects(history.write(one), { code: "history-failed", message: /unauthorized access.*token/ });
      for (const [status, body] of [
        [429, { code: "too many requests", message: "org write rate limit" }],
        [503, { code: "unavailable", message: "unexpected error writing points to database: timeout" }],
      ] as const) {
        onWrite = [json(status, body)];
        assert.equal((await history.write(one)).spooled, 1);
        assert.equal(history.describe().reason, `${body.message} (${status})`);
        await until(history, ({ spooled, state }) => spooled === 0 && state === "ok");
      }
      onWrite = [json(413, { code: "request too large", message: "maximum payload size exceeded" })];
      const four = [1, 2, 3, 4].map((n): Sample => ({ id: "t", ts: n, values: { n } }));
      assert.deepEqual(await history.write(four), { written: 4, empty: 0, refused: [] });
      assert.deepEqual(
        writes()
          .slice(-3)
          .map(({ body }) => body.split("\n").length),
        [4, 2, 2],
      );
    });

    it("a wrong token keeps what is spooled until a right one comes", async () => {
      onWrite = [json(503, {}), json(401, { code: "unauthorized", message: "unauthorized access" })];
      const history = open({ token: "old" });
      assert.equal((await history.write(one)).spooled, 1);
      await until(history, ({ state }) => state === "failed");
      assert.equal(history.describe().spooled, 1);
      await history.close();
      const next = open({ token: "new" });
      await until(next, ({ spooled }) => spooled === 0);
      assert.equal(writes().at(-1)?.headers.authorization, "Token new");
      assert.equal(writes().at(-1)?.body, "twin,id=t n=1 5");
    });
  });

  it("tells nobody the password: not in the status, not in an error", async () => {
    const history = open({ url: url.replace("//", "//user:hush@").replace(/:\d+$/, ":1") });
    const error = await history.query(readHistoryQuery({}, 0)).catch((cause: Error) => cause);
    assert.match(String(error), /cannot be reached/);
    assert.ok(!`${error} ${JSON.stringify(history.describe())}`.includes("hush"));
  });
});
