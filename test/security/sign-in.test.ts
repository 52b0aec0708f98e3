import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sessionLimits } from "../../engine/security/session-life";
import { networkOf } from "../../security/http";
import { nextPage } from "../../security/next-page";
import { withPageUser } from "../../security/page-user";
import { type PeopleEvent, peopleLogFile } from "../../security/people-log";
import { createSignIn } from "../../security/sign-in";
import { usersFile } from "../../security/users-file";
import { openPage } from "../start/page";
import { until } from "../start/server";
import { account, cookieOf, password, type Site, useSite } from "./site";

const html = { accept: "text/html,*/*" };
const recorded = ({ home }: Site): PeopleEvent[] =>
  readFileSync(peopleLogFile(home), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("the sign-in of the pages", function () {
  this.timeout(30_000);
  const site = useSite();
  const isIn = async (cookie: string): Promise<boolean> =>
    (await site().ask("/dashboard/x", { cookie })).status === 200;
  const enter = async (name = "anna", headers = {}): Promise<string> =>
    cookieOf(await site().signIn(name, {}, headers));

  it("is asked for before any page, and leads back to the page that was asked for", async () => {
    const first = await site().ask("/dashboard/machine?a=1", { headers: html });
    assert.equal(first.status, 303);
    const location = first.headers.get("location") ?? "";
    assert.equal(location, "/dashboard/sign-in?next=%2Fdashboard%2Fmachine%3Fa%3D1");
    const page = await site().ask(location);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /name="next" value="\/dashboard\/machine\?a=1"/);
    const entered = await site().signIn("anna", { next: "/dashboard/machine?a=1" });
    assert.deepEqual([entered.status, entered.headers.get("location")], [303, "/dashboard/machine?a=1"]);
    assert.ok(await isIn(cookieOf(entered)));
    const again = await site().ask(location, { cookie: cookieOf(entered) });
    assert.equal(again.headers.get("location"), "/dashboard/machine?a=1");
  });

  for (const asked of [
    "/dashboard",
    "/dashboard/_setup",
    "/dashboard/assets/index.js",
    "/dashboard/_debug/datastore/x",
  ])
    it(`keeps ${asked} from a script that is not signed in`, async () => {
      for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"])
        assert.equal((await site().ask(asked, { method })).status, 401, method);
    });

  it("gives a cookie that no script reads, that other sites' pages do not send, and that is Secure behind TLS", async () => {
    const plain = (await site().signIn("anna")).headers.getSetCookie();
    assert.equal(plain.length, 1);
    assert.match(plain[0] ?? "", /^meditwin=s%3A[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/);
    const secure = (await site().signIn("anna", {}, { "x-forwarded-proto": "https" })).headers.getSetCookie();
    assert.match(secure[0] ?? "", /; HttpOnly; Secure; SameSite=Strict$/);
    assert.deepEqual((await site().ask("/dashboard/sign-in")).headers.getSetCookie(), [], "nobody, no cookie");
  });

  it("gives a new id: one that was there before is worth nothing afterwards", async () => {
    const before = await enter();
    const answer = await site().ask("/dashboard/sign-in", { cookie: before, form: { name: "anna", password } });
    const after = cookieOf(answer);
    assert.notEqual(after, before);
    assert.deepEqual([await isIn(before), await isIn(after)], [false, true]);
    const planted = "meditwin=s%3Aplanted.AAAA";
    assert.doesNotMatch(
      cookieOf(await site().ask("/dashboard/sign-in", { cookie: planted, form: { name: "anna", password } })),
      /planted/,
    );
    assert.equal(await isIn(planted), false);
  });

  it("says the same of a wrong password and of a name that is not there", async () => {
    const texts = [];
    for (const name of ["anna", "nobody", "__proto__", "a".repeat(5000).slice(0, 3000)]) {
      const answer = await site().signIn(name, { password: "a wrong password" });
      assert.equal(answer.status, 401);
      assert.deepEqual(answer.headers.getSetCookie(), []);
      const text = await answer.text();
      texts.push(text.replaceAll(name, "NAME").replace(/nonce="[^"]+"/, ""));
    }
    assert.equal(new Set(texts).size, 1);
    assert.match(texts[0] ?? "", /Name or password is wrong\./);
    assert.deepEqual(
      recorded(site()).map(({ event, name }) => [event, name]),
      [
        ["sign-in failed", "anna"],
        ["sign-in failed", undefined],
        ["sign-in failed", undefined],
        ["sign-in failed", undefined],
      ],
      "only names that exist are written down",
    );
  });

  it("shows hostile names and addresses as text, under a policy without scripts", async () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
    const answer = await site().signIn(hostile, { password: "x", next: `/dashboard/${hostile}`, lang: hostile });
    const text = await answer.text();
    assert.doesNotMatch(text, /<script|<img|onerror='/);
    assert.match(text, /value="&quot;&gt;&lt;script&gt;/);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; style-src 'nonce-[^']+'; form-action 'self'; frame-ancestors 'self'/);
    assert.deepEqual(
      [answer.headers.get("cache-control"), answer.headers.get("x-frame-options")],
      ["no-store", "SAMEORIGIN"],
    );
    assert.doesNotMatch(text, /https?:\/\//, "nothing from elsewhere");
  });

  it("takes no form from another site's page, neither to sign in nor to sign out", async () => {
    const cookie = await enter();
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const headers of foreign) {
      assert.equal((await site().signIn("anna", {}, headers)).status, 403);
      assert.equal((await site().ask("/dashboard/sign-out", { method: "POST", cookie, headers })).status, 403);
    }
    assert.equal((await site().ask("/dashboard/sign-out", { cookie })).status, 200, "a link signs nobody out");
    assert.ok(await isIn(cookie));
    const answer = await site().ask("/dashboard/sign-out", {
      method: "POST",
      cookie,
      headers: { origin: site().url },
    });
    assert.equal(answer.headers.get("location"), "/dashboard/sign-in");
    assert.equal(await isIn(cookie), false);
  });

  it("takes a form of 4 KiB at most, and nothing that is none", async () => {
    assert.equal((await site().signIn("anna", { more: "x".repeat(5000) })).status, 401);
    const json = await fetch(`${site().url}/dashboard/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "anna", password }),
    });
    assert.equal(json.status, 401);
  });

  it("speaks English and Chinese: as asked, else as the browser", async () => {
    const page = async (query: string, accepted = ""): Promise<string> =>
      (await site().ask(`/dashboard/sign-in${query}`, { headers: { "accept-language": accepted } })).text();
    assert.match(await page(""), /<html lang="en-US">[\s\S]*>中文</);
    assert.match(await page("", "zh-CN,zh;q=0.9"), /<html lang="zh-CN">[\s\S]*用户名[\s\S]*密码[\s\S]*登录/);
    assert.match(await page("?lang=en-US", "zh-CN"), /<html lang="en-US">/);
    assert.match(await page("", "fr,de"), /<html lang="en-US">/);
    const wrong = await site().signIn("anna", { password: "wrong", lang: "zh-CN" });
    assert.match(await wrong.text(), /用户名或密码错误/);
  });

  describe("slows down who keeps failing", () => {
    const fail = (name: string, address = "10.0.0.1"): Promise<Response> =>
      site().signIn(name, { password: "a wrong password" }, { "x-forwarded-for": address });

    it("at one name, from wherever; the right password has to wait as well, and others do not", async () => {
      for (let n = 0; n < 6; n++) assert.equal((await fail("anna", `10.0.0.${n}`)).status, 401);
      const right = await site().signIn("anna");
      assert.equal(right.status, 429);
      assert.equal(right.headers.get("retry-after"), "1");
      assert.match(await right.text(), /Too many attempts\. Wait 1 s/);
      assert.equal((await site().signIn("vera")).status, 303);
      site().clock.ms += 1000;
      assert.equal((await fail("anna")).status, 401);
      assert.equal((await fail("anna")).headers.get("retry-after"), "2", "twice as long");
      site().clock.ms += 2000;
      assert.equal((await site().signIn("anna")).status, 303);
      assert.equal((await fail("anna")).status, 401, "forgiven");
      assert.deepEqual(
        recorded(site())
          .filter(({ event }) => event === "sign-in slowed")
          .map(({ name, seconds }) => [name, seconds]),
        [
          ["anna", 1],
          ["anna", 2],
        ],
      );
    });

    it("at one name that is not there, just as well", async () => {
      for (let n = 0; n < 6; n++) assert.equal((await fail("nobody")).status, 401);
      assert.equal((await fail("nobody")).status, 429);
      assert.equal((await fail("ｎobody")).status, 429, "the same name from another keyboard");
    });

    it("from one address, with ever other names; of IPv6 it is the network", async () => {
      for (let n = 0; n < 21; n++) assert.equal((await fail(`name-${n}`, `2001:db8:0:1::${n}`)).status, 401);
      assert.equal((await fail("another", "2001:db8:0:1:ffff::1")).status, 429);
      assert.equal((await fail("another", "2001:db8:0:2::1")).status, 401);
    });

    it("but not a shift that comes through one door", async () => {
      for (let n = 0; n < 30; n++) assert.equal((await site().signIn("vera")).status, 303);
    });
  });

  it("counts a hundred attempts at the same time as a hundred, and checks two passwords at once", async () => {
    const home = mkdtempSync(path.join(tmpdir(), "meditwin gate "));
    let [checks, running, most] = [0, 0, 0];
    const signIn = createSignIn({
      users: { find: () => undefined },
      log: { record: () => {} },
      now: () => 0,
      check: async (_given, hash) => {
        assert.equal(hash, undefined, "a name that is not there costs a check too");
        checks++;
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return true;
      },
    });
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => signIn("anna", "guess", "10.0.0.1")));
    assert.equal(verdicts.filter((one) => "account" in one).length, 0);
    assert.equal(checks, 6);
    const many = await Promise.all(Array.from({ length: 100 }, (_, n) => signIn(`u${n}`, "guess", `10.1.${n}.1`)));
    assert.equal(many.filter((one) => "wrong" in one).length, 22, "the rest is told to come later");
    assert.equal(most, 2);
    rmSync(home, { recursive: true });
  });

  describe("ends", () => {
    it("after an hour without doing anything, however long the page stays open", async () => {
      const cookie = await enter();
      for (let n = 0; n < 3; n++) {
        site().clock.ms += sessionLimits.operator.idleMs - 1;
        assert.ok(await isIn(cookie));
      }
      site().clock.ms += sessionLimits.operator.idleMs;
      assert.equal(await isIn(cookie), false);
      assert.ok(recorded(site()).some(({ event, why }) => event === "session over" && why === "idle"));
    });

    it("after twelve hours in any case", async () => {
      const cookie = await enter();
      for (let hour = 1; hour <= 12; hour++) {
        assert.ok(await isIn(cookie));
        site().clock.ms += 3_600_000 - 1000;
      }
      assert.ok(await isIn(cookie));
      site().clock.ms += 12_000;
      assert.equal(await isIn(cookie), false);
    });

    it("for a wall that only looks after a month", async () => {
      const cookie = await enter("vera");
      site().clock.ms += 29 * 24 * 3_600_000;
      assert.ok(await isIn(cookie));
      site().clock.ms += 24 * 3_600_000;
      assert.equal(await isIn(cookie), false);
    });

    it("at once with another role, another password, or none", async () => {
      const cookies = [await enter("anna"), await enter("vera"), await enter("erik")];
      site().change([
        await account("anna", "viewer"),
        { ...(await account("vera", "viewer")), password: `scrypt:32768:8:3:${"A".repeat(22)}:${"A".repeat(43)}` },
      ]);
      assert.deepEqual(await Promise.all(cookies.map(isIn)), [false, false, true]);
      writeFileSync(usersFile(site().home), "damaged");
      assert.equal(await isIn(cookies[2] ?? ""), false);
      assert.match(site().complaints.join(), /is not JSON/);
    });

    it("not with a restart: and the file that keeps it makes nobody somebody", async () => {
      const cookie = await enter();
      await site().restart();
      assert.ok(await isIn(cookie));
      const file = path.join(site().home, "sessions.json");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const id = /s%3A([^.]+)\./.exec(cookie)?.[1] ?? "-";
      assert.ok(id.length > 20 && !readFileSync(file, "utf8").includes(id));
      await site().restart(() => writeFileSync(file, "{"));
      assert.equal(await isIn(cookie), false);
      assert.match(site().complaints.join(), /everybody has to sign in again/);
      assert.ok(await isIn(await enter()));
    });

    it("for the oldest when one user has twenty", async () => {
      const cookies = [];
      for (let n = 0; n < 21; n++) cookies.push(await enter("vera"));
      assert.deepEqual(
        [await isIn(cookies[0] ?? ""), await isIn(cookies[1] ?? ""), await isIn(cookies[20] ?? "")],
        [false, true, true],
      );
    });
  });

  describe("and an open page", () => {
    const say = async (cookie: string) => openPage(site().url, { cookie });

    it("is not connected without it", async () => {
      await assert.rejects(say("meditwin=s%3Aguess.AAAA"), /not signed in/);
      await assert.rejects(openPage(site().url), /not signed in/);
    });

    it("acts as who is signed in, whatever it says itself", async () => {
      const page = await say(await enter());
      const forged = { payload: 1, user: { name: "erik", role: "admin" }, _client: { user: "erik" } };
      await page.say("ui-event", "all", forged);
      await page.say("their-event", [forged, [forged]]);
      await until("heard", () => site().heard.length === 2);
      const mine = { payload: 1, user: { name: "anna", role: "operator" } };
      assert.deepEqual(site().heard, [
        ["ui-event", "all", mine],
        ["their-event", [mine, [mine]]],
      ]);
    });

    it("of a viewer says nothing that acts; what it tried is recorded, a line in ten seconds", async () => {
      const page = await say(await enter("vera"));
      for (let n = 0; n < 5; n++) await page.say("widget-action", "stop", { payload: 1 });
      await page.say("widget-change", "slider", 7);
      await page.say("their-event", { a: 1 });
      await page.say("widget-load", "slider");
      await until("heard", () => site().heard.length === 1);
      assert.deepEqual(
        site().heard,
        [["widget-load", "slider", null]].map((one) => [one[0], one[1], undefined]),
      );
      const tried = recorded(site()).filter(({ event }) => event === "not allowed");
      assert.deepEqual(
        tried.map(({ name, role, what, address }) => [name, role, what, address]),
        [["vera", "viewer", "widget-action", "127.0.0.1"]],
      );
      site().clock.ms += 10_000;
      await page.say("widget-send", "x", { payload: 1 });
      await until("recorded", () => recorded(site()).filter(({ event }) => event === "not allowed").length === 2);
    });

    for (const [what, over] of [
      ["time is up", () => (site().clock.ms += sessionLimits.operator.idleMs)],
      ["its user is a viewer from now on", async () => site().change([await account("anna", "viewer")])],
    ] as const)
      it(`acts no more when ${what}, and is cut off`, async () => {
        const page = await say(await enter());
        await page.say("widget-action", "a", { payload: 1 });
        await until("heard", () => site().heard.length === 1);
        await over();
        await page.say("widget-action", "a", { payload: 2 }).catch(() => {});
        await assert.rejects(page.heard("nothing"), "the connection is gone");
        assert.equal(site().heard.length, 1);
      });

    it("is cut off by a sign-out, without saying a word", async () => {
      const cookie = await enter();
      const page = await say(cookie);
      await site().ask("/dashboard/sign-out", { method: "POST", cookie });
      await assert.rejects(page.heard("nothing"));
    });

    it("that only lies there keeps nobody signed in; acting does", async () => {
      const cookie = await enter();
      const page = await say(cookie);
      const half = sessionLimits.operator.idleMs * 0.6;
      site().clock.ms += half;
      await page.say("widget-action", "a", { payload: 1 });
      await until("heard", () => site().heard.length === 1);
      site().clock.ms += half;
      await page.say("widget-load", "a");
      await until("heard", () => site().heard.length === 2);
      site().clock.ms += half;
      await assert.rejects(page.heard("nothing"));
    });
  });
});

describe("the page after the sign-in", () => {
  for (const asked of ["/dashboard", "/dashboard/machine", "/dashboard/machine?a=%2F%2Fevil&b=1", "/dashboard/总览"])
    it(`may be ${asked}`, () =>
      assert.equal(nextPage(asked, "/dashboard"), encodeURI(decodeURI(asked)).replaceAll("%252F", "%2F")));

  const refused = [
    undefined,
    7,
    ["/dashboard"],
    "",
    "dashboard",
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/dashboard/../flows",
    "/dashboard/%2e%2e/flows",
    "/dashboard/..",
    "/dashboard/.%2E//evil.example",
    "/dashboard//evil.example",
    "/flows",
    "/dashboardx",
    "/dashboard\\..\\flows",
    "/\t/evil.example",
    "/dashboard\n//evil",
    "javascript:alert(1)",
    "/dashboard/sign-in",
    "/dashboard/sign-out",
    `/dashboard/${"a".repeat(600)}`,
    "http:/dashboard",
    " /dashboard",
  ];
  for (const asked of refused)
    it(`is the first one when asked for ${JSON.stringify(asked)?.slice(0, 60)}`, () =>
      assert.equal(nextPage(asked, "/dashboard"), "/dashboard"));
});

describe("the network of an address", () => {
  const networks: Record<string, string> = {
    "10.0.0.7": "10.0.0.7",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8::7": "2001:db8:0:0::/64",
    "::1": "0:0:0:0::/64",
    "": "",
  };
  for (const [address, network] of Object.entries(networks))
    it(`of ${address || "nothing"} is ${network || "nothing"}`, () => assert.equal(networkOf(address), network));
});

describe("a page's message", () => {
  const anna = { name: "anna", role: "operator" as const };
  it("carries who sent it, and nobody when nobody is signed in", () => {
    const forged = { payload: { user: "kept" }, user: { name: "x", role: "admin" } };
    assert.deepEqual(withPageUser(forged, { user: anna }), { payload: { user: "kept" }, user: anna });
    assert.deepEqual(withPageUser(forged, {}), { payload: { user: "kept" } });
    assert.equal("user" in (withPageUser(forged, {}) as object), false);
    assert.notEqual(
      (withPageUser(forged, { user: anna }) as { user: unknown }).user,
      anna,
      "a copy: flows may change it",
    );
  });
  it("carries the connection it came by, and nothing else of it, whatever the browser wrote", () => {
    const forged = [{ payload: 1, _client: { socketId: "another page's", socketIp: "x" } }];
    assert.deepEqual(withPageUser(forged, { user: anna, socketId: "mine" }), [
      { payload: 1, user: anna, _client: { socketId: "mine" } },
    ]);
    assert.deepEqual(withPageUser(forged, {}), [{ payload: 1 }]);
  });
  it("that is a list without end goes nowhere, and does not end the process", () => {
    let deep: unknown = [{ user: "x" }];
    for (let n = 0; n < 200_000; n++) deep = [deep];
    assert.doesNotMatch(JSON.stringify(withPageUser(deep, { user: anna }) ?? null), /user/);
  });
  it("cannot hide a user in its prototype", () => {
    const message = withPageUser(JSON.parse('{"__proto__":{"user":{"name":"x","role":"admin"}}}'), {}) as {
      user?: unknown;
    };
    assert.equal(message.user, undefined);
  });
});
