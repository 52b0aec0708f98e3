import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { askPassword } from "../../security/ask-password";
import { hashPassword, isPassword, passwordProblem } from "../../security/password";
import { openPeopleLog, type PeopleEvent, peopleLogFile } from "../../security/people-log";
import { UserCommandError, userCommand } from "../../security/user-command";
import { followUsers, readUsers, stampOf, usersFile, writeUsers } from "../../security/users-file";

describe("users", function () {
  this.timeout(20_000);
  let home = "";
  let events: PeopleEvent[] = [];
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "meditwin users "));
    events = [];
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  async function run(args: string[], password?: string | (() => Promise<string>)): Promise<string> {
    const lines: string[] = [];
    await userCommand(args, {
      home,
      now: new Date("2026-11-24T08:00:00Z"),
      say: (line) => lines.push(line),
      askPassword: async () => (typeof password === "function" ? password() : password),
      record: (event) => events.push(event),
    });
    return lines.join("\n");
  }

  it("are added, listed, changed and removed, in a file that only its owner reads", async () => {
    assert.match(await run(["list"]), /no users/);
    assert.match(
      await run(["add", "anna", "--role", "operator"], "a long password"),
      /operator[\s\S]*from its next start[\s\S]*Nobody may edit flows yet/,
    );
    assert.doesNotMatch(await run(["add", "小李", "--role=quality"], "another password"), /next start/);
    const file = usersFile(home);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(file, "utf8"), /long password/);
    const before = readUsers(file)?.get("anna");
    assert.ok(await isPassword("a long password", before?.password));

    await run(["role", "anna", "engineer"]);
    await run(["password", "anna"], "something different");
    const after = readUsers(file)?.get("anna");
    assert.equal(after?.role, "engineer");
    assert.equal(await isPassword("a long password", after?.password), false);
    assert.notEqual(before && stampOf(before), after && stampOf(after));
    assert.equal(
      await run(["list"]),
      "anna  engineer  2026-11-24T08:00:00.000Z\n小李    quality   2026-11-24T08:00:00.000Z",
    );
    await run(["remove", "anna"]);
    assert.deepEqual([...(readUsers(file)?.keys() ?? [])], ["小李"]);
    assert.deepEqual(readdirSync(home), ["users.json"], "no draft is left behind");
    assert.deepEqual(
      events.map(({ event, name }) => `${event} ${name}`),
      ["user added anna", "user added 小李", "role changed anna", "password changed anna", "user removed anna"],
    );
  });

  const wrong: [string[], RegExp][] = [
    [[], /npm run user -- add/],
    [["add"], /npm run user -- add/],
    [["addd", "x"], /npm run user -- add/],
    [["add", "anna"], /Which role\?.*viewer, operator/],
    [["add", "anna", "--role", "root"], /"root" is no role/],
    [["add", "anna", "--role", "__proto__"], /is no role/],
    [["add", "a b", "--role", "viewer"], /cannot be a name/],
    [["add", "../anna", "--role", "viewer"], /cannot be a name/],
    [["add", "__proto__", "--role", "viewer"], /cannot be a name/],
    [["add", "anna", "--admin"], /Unknown option/],
    [["role", "nobody", "viewer"], /no user nobody/],
    [["remove", "nobody"], /no user nobody/],
  ];
  for (const [args, expected] of wrong)
    it(`are not changed by: ${args.join(" ") || "nothing"}`, async () => {
      await assert.rejects(run(args, "a long password"), (error: unknown) => {
        assert.ok(error instanceof UserCommandError);
        assert.match(error.message, expected);
        return true;
      });
      assert.deepEqual([readdirSync(home), events], [[], []]);
    });

  it("keep the role that they were given while a new password was typed", async () => {
    await run(["add", "anna", "--role", "admin"], "a long password");
    await run(["password", "anna"], async () => {
      await run(["role", "anna", "viewer"]);
      return "something different";
    });
    assert.equal(readUsers(usersFile(home))?.get("anna")?.role, "viewer");
  });

  it("are not added twice, nor with a short password, nor without one", async () => {
    await run(["add", "anna", "--role", "operator"], "a long password");
    await assert.rejects(run(["add", "anna", "--role", "admin"], "a long password"), /is a user anna already/);
    await assert.rejects(run(["add", "ben", "--role", "operator"], "short"), /has 5 characters: use 10 or more/);
    await assert.rejects(run(["add", "ben", "--role", "operator"], undefined), /nothing changed/);
    assert.match(passwordProblem("benedicta1", "benedicta") ?? "", /is the name/);
    assert.match(passwordProblem("x".repeat(300), "ben") ?? "", /256 or fewer/);
    assert.equal(readUsers(usersFile(home))?.get("anna")?.role, "operator");
  });

  it("whose file anybody could read are made private again", async () => {
    await run(["add", "anna", "--role", "operator"], "a long password");
    chmodSync(usersFile(home), 0o644);
    readUsers(usersFile(home));
    assert.equal(statSync(usersFile(home)).mode & 0o777, 0o600);
  });

  it("are followed while MediTwin runs; a damaged or missing file lets nobody in and is told once", async () => {
    await run(["add", "anna", "--role", "operator"], "a long password");
    const told: string[] = [];
    const users = followUsers(usersFile(home), (text) => told.push(text));
    assert.equal(users.find("anna")?.role, "operator");
    await run(["role", "anna", "viewer"]);
    assert.equal(users.find("anna")?.role, "viewer");
    const good = readFileSync(usersFile(home), "utf8");
    for (const damage of [
      "",
      "{",
      "[]",
      '{"users":{}}',
      good.replace("viewer", "root"),
      good.replace("scrypt", "plain"),
    ]) {
      writeFileSync(usersFile(home), damage);
      assert.equal(users.find("anna"), undefined, damage);
      users.find("anna");
    }
    assert.equal(told.length, 6, told.join("\n"));
    assert.match(told.join("\n"), /is not JSON[\s\S]*"users" is not a list[\s\S]*no known role[\s\S]*no password hash/);
    rmSync(usersFile(home));
    assert.equal(users.find("anna"), undefined);
    assert.match(told[6] ?? "", /is gone: nobody can sign in/);
    writeFileSync(usersFile(home), good);
    assert.equal(users.find("anna")?.role, "viewer");
    for (const name of ["__proto__", "constructor", "", "Anna"]) assert.equal(users.find(name), undefined);
  });

  it("of more than a thousand are refused, and so is a file without end", async () => {
    const account = { role: "viewer" as const, password: await hashPassword("a long password"), changed: "" };
    writeUsers(
      usersFile(home),
      Array.from({ length: 1000 }, (_, n) => ({ ...account, name: `user-${n}` })),
    );
    await assert.rejects(run(["add", "anna", "--role", "viewer"], "a long password"), /no more fit/);
    writeFileSync(usersFile(home), " ".repeat(2 ** 20 + 1));
    assert.throws(() => readUsers(usersFile(home)), /may have 1048576/);
  });
});

describe("a password", function () {
  this.timeout(20_000);
  it("is kept as a scrypt hash with a salt of its own, and is the same from every keyboard", async () => {
    const [one, two] = [await hashPassword("Zoë is here"), await hashPassword("Zoë is here")];
    assert.notEqual(one, two);
    assert.match(one, /^scrypt:32768:8:3:/);
    assert.equal(await isPassword("Zoe\u0308 is here", one), true);
    for (const other of ["zoë is here", "Zoë is here ", "", "x".repeat(1_000_000)])
      assert.equal(await isPassword(other, one), false);
  });

  for (const hash of [undefined, "", "scrypt:1:1:1:AAAA:BBBB", "a long password"])
    it(`is no password of ${JSON.stringify(hash)}`, async () =>
      assert.equal(await isPassword("a long password", hash), false));

  it("is asked for on a terminal without echo, twice", async () => {
    const answer = async (typed: string): Promise<[string | undefined, string]> => {
      const input = Object.assign(new PassThrough(), {
        isTTY: true,
        setRawMode: () => input,
      }) as unknown as NodeJS.ReadStream;
      let shown = "";
      const asked = askPassword(input, { write: (text) => (shown += text) });
      (input as unknown as PassThrough).end(typed);
      return [await asked, shown];
    };
    const [given, shown] = await answer("a long password\ra long password\r");
    assert.equal(given, "a long password");
    assert.doesNotMatch(shown, /long/);
    assert.equal((await answer("a long password\ranother\r"))[0], undefined);
  });

  it("may come by standard input: its first line", async () => {
    const input = new PassThrough();
    input.end("a long password\nmore\n");
    assert.equal(
      await askPassword(input as unknown as NodeJS.ReadStream, { write: () => assert.fail("a prompt") }),
      "a long password",
    );
  });
});

describe("the log about people", () => {
  it("is private, holds whole lines, and is bounded with one file before it", () => {
    const home = mkdtempSync(path.join(tmpdir(), "meditwin log "));
    try {
      const told: string[] = [];
      const log = openPeopleLog(home, { now: () => 0, complain: (text) => told.push(text), maxBytes: 2000 });
      for (let n = 0; n < 500; n++) log.record({ event: "sign-in failed", address: "::1", n, hostile: '"\n<b>' });
      const files = readdirSync(home).sort();
      assert.deepEqual(files, ["people.1.jsonl", "people.jsonl"]);
      for (const file of files) {
        const { size, mode } = statSync(path.join(home, file));
        assert.ok(size <= 2000);
        assert.equal(mode & 0o777, 0o600);
        for (const line of readFileSync(path.join(home, file), "utf8").trim().split("\n")) JSON.parse(line);
      }
      assert.equal(JSON.parse(readFileSync(peopleLogFile(home), "utf8").trim().split("\n").at(-1) ?? "").n, 499);
      rmSync(home, { recursive: true });
      log.record({ event: "sign-out" });
      log.record({ event: "sign-out" });
      assert.equal(told.length, 1);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
