import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { peopleLogFile } from "../../security/people-log";
import { usersFile, writeUsers } from "../../security/users-file";
import { account, password } from "../security/site";
import { openPage } from "../start/page";
import { until } from "../start/server";
import { englishWords, useInstallation } from "./installation";

/** The sign-in of the shipped pages, in a real browser. */
describe("the sign-in in front of the operators' pages", function () {
  this.timeout(60_000);
  const users = (): Promise<unknown[]> =>
    Promise.all([
      account("anna", "operator"),
      account("vera", "viewer"),
      account("erik", "engineer"),
      account("quinn", "quality"),
    ]);
  const installation = useInstallation(undefined, async (home) => {
    writeUsers(usersFile(home), (await users()) as never);
  });

  async function enter(page: Page, name: string, given = password): Promise<void> {
    await page.locator("#name").fill(name);
    await page.locator("#password").fill(given);
    await page.locator("form button").click();
  }
  /** What Chromium says of refusals that are meant: no session (401), a connection that was cut off (400). */
  const isExpected = (complaint: string): boolean => /status of 40[01]|not signed in/.test(complaint);
  afterEach(() => {
    const others = installation()
      .complaints()
      .filter((one) => !isExpected(one));
    assert.deepEqual(others, [], "errors on the page, or requests beyond this computer");
  });

  it("leads to the page that was asked for, and out again", async () => {
    const page = await installation().open("machine");
    await page.locator("#name").waitFor();
    assert.match(page.url(), /\/dashboard\/sign-in\?next=%2Fdashboard%2Fmachine$/);
    await enter(page, "anna", "a wrong password");
    await page.getByRole("alert").getByText("Name or password is wrong.").waitFor();
    await enter(page, "anna");
    await page.locator("[data-property]").first().waitFor();
    assert.match(page.url(), /\/dashboard\/machine$/);
    const who = page.locator(".mtf-who");
    assert.match(await who.innerText(), /^anna\s+Sign out$/);
    assert.equal(await who.locator(".mtf-name").getAttribute("title"), "Operator");
    assert.equal(await page.locator(".mtf-read").count(), 0);
    assert.equal(await page.getByRole("button", { name: "Set", exact: true }).isEnabled(), true);
    await who.locator('[data-action="sign-out"]').click();
    await page.locator("#password").waitFor();
    await page.goto(`${installation().url}/dashboard/machine`);
    await page.locator("#password").waitFor();
  });

  it("shows a viewer that nothing can be moved", async () => {
    const page = await installation().open("machine");
    await enter(page, "vera");
    await page.locator("[data-property]").first().waitFor();
    await page.locator(".mtf-read").getByText("Read-only").waitFor();
    const set = page.getByRole("button", { name: "Set", exact: true });
    await until("the button is disabled", () => set.isDisabled());
    await page.goto(`${installation().url}/dashboard/models`);
    const train = page.locator('[data-action="train"]').first();
    await train.waitFor();
    assert.equal(await train.isDisabled(), true);
    await page.locator('[data-judged="1"]').waitFor({ timeout: 30_000 });
    assert.equal(await page.locator('[data-action="approve"]').isDisabled(), true);
  });

  it("lets a viewer ask what the history has, and nothing more", async () => {
    const page = await installation().open("explore");
    await enter(page, "vera");
    await page.locator('[data-explore-twin="press-6"]').click();
    await page.locator('[data-explore-column="main_comp"]').click();
    await page.locator('[data-action="show"]').click();
    await page.locator('[data-explore-line="main_comp"]').first().waitFor({ timeout: 40_000 });
    await page.goto(`${installation().url}/dashboard/quality`);
    await page
      .locator(".mtq")
      .getByText("Nothing counted in this period")
      .or(page.locator("[data-sensor]").first())
      .first()
      .waitFor();
    const cookies = await page.context().cookies();
    const bare = await openPage(installation().url, {
      cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    });
    await bare.heard("ui-config");
    await bare.say("widget-send", "machine-page-setpoint", { topic: "look", payload: 60 });
    await bare.say("widget-send", "models-page-cards", { topic: "train", payload: "hardness-forest" });
    const log = (): string => readFileSync(peopleLogFile(installation().home), "utf8");
    await until("it is written down", () => /"not allowed".*"vera"|"vera".*"not allowed"/.test(log()));
  });

  it("lets engineers train, quality approve, and both promote, on the page and behind it", async () => {
    const page = await installation().open("models");
    await enter(page, "anna");
    const forest = (of: Page) => of.locator('[data-model="hardness-forest"]');
    await forest(page).click();
    const train = page.locator('[data-action="train"]');
    assert.equal(await train.isDisabled(), true);
    assert.equal(await train.getAttribute("title"), "Models are trained by engineers.");
    await forest(page).locator('xpath=self::*[@data-version="1"]').waitFor({ timeout: 30_000 });
    // Past the page, by a connection of their own.
    const decision = { name: "hardness-forest", version: 2, reason: "I may not", asked: 1 };
    const refuses = async (of: Page, topic: string, payload: unknown): Promise<void> => {
      const cookies = await of.context().cookies();
      const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
      const bare = await openPage(installation().url, { cookie });
      await bare.say("widget-send", "models-page-cards", { topic, payload, user: { name: "quinn", role: "admin" } });
      for (;;) {
        const [told] = (await bare.heard("msg-input:models-page-cards")) as [
          { payload?: { error?: { code: string } } },
        ];
        if (told.payload?.error) return assert.equal(told.payload.error.code, "forbidden", topic);
      }
    };
    await refuses(page, "train", "hardness-forest");

    const engineer = await installation().open("models");
    await enter(engineer, "erik");
    await forest(engineer).click();
    await engineer.locator('[data-action="train"]').click();
    // Had anna's order been followed, this were the third version.
    await engineer.getByText(/ordered by erik/).waitFor();
    await engineer.locator('[data-row="2"]').waitFor({ timeout: 30_000 });
    await engineer.locator('[data-job="done"]').waitFor();
    assert.equal(await engineer.locator("[data-row]").count(), 2);
    assert.equal(await forest(engineer).getAttribute("data-version"), "1");

    for (const topic of ["approve", "promote", "rollback", "retire"])
      await refuses(page, topic, topic === "rollback" ? { ...decision, version: 1 } : decision);
    await refuses(engineer, "approve", decision);
    // Not approved.
    await refuses(engineer, "promote", decision);

    const quality = await installation().open("models");
    await enter(quality, "quinn");
    await forest(quality).click();
    await quality.locator('[data-row="2"]').click();
    assert.equal(await quality.locator('[data-action="train"]').isDisabled(), true);
    await quality.locator('[data-action="approve"]').click();
    await quality.locator("[data-reason]").fill("Report MR-17");
    await quality.locator('[data-action="confirm"]').click();
    await engineer.locator('[data-row="2"]').getByText("quinn").waitFor();
    assert.equal(
      await engineer.locator('[data-action="approve"]').getAttribute("title"),
      "Versions are approved by quality.",
    );
    await engineer.locator('[data-row="2"]').click();
    await engineer.locator('[data-action="promote"]:not([disabled])').click();
    await engineer.locator("[data-reason]").fill("It is approved");
    await engineer.locator('[data-action="confirm"]').click();
    await forest(page).locator('xpath=self::*[@data-version="2"]').waitFor();
    await quality.locator('[data-event="promote"]', { hasText: "(erik)" }).waitFor({ state: "attached" });
  });

  it("takes the page of somebody whose role was changed back to the sign-in", async () => {
    const page = await installation().open("machine");
    await enter(page, "anna");
    await page.locator("[data-property]").first().waitFor();
    const [anna] = await users();
    writeUsers(usersFile(installation().home), [{ ...(anna as object), role: "viewer" } as never]);
    await page.locator("#password").waitFor({ timeout: 30_000 });
    assert.match(page.url(), /sign-in\?next=%2Fdashboard%2Fmachine/);
    writeUsers(usersFile(installation().home), (await users()) as never);
  });

  it("fits a wall and a tablet, with targets for a finger", async () => {
    for (const [width, height] of [
      [1280, 720],
      [768, 1024],
      [360, 640],
    ] as const) {
      const page = await installation().open("overview", { width, height });
      await page.locator("#name").waitFor();
      const sizes = (await page.evaluate(
        `[document.documentElement.scrollWidth, document.documentElement.scrollHeight, ...[...document.querySelectorAll("#name, #password, form button")].map((one) => one.getBoundingClientRect().height)]`,
      )) as number[];
      assert.ok((sizes[0] ?? 0) <= width && (sizes[1] ?? 0) <= height, `${width}x${height}: ${sizes}`);
      assert.ok(
        sizes.slice(2).every((one) => one >= 44),
        `${sizes}`,
      );
      await enter(page, "anna");
      await page.locator("[data-twin]").first().waitFor();
      const wide = (await page.evaluate("document.documentElement.scrollWidth")) as number;
      assert.ok(wide <= width, `signed in at ${width}: ${wide}`);
      assert.equal(await page.locator('[data-action="sign-out"]').isVisible(), true);
      await page.close();
    }
  });

  it("is Chinese in a Chinese installation, and English on request", async () => {
    await installation().stop();
    await installation().start("zh-CN");
    const page = await installation().open("machine");
    await page.getByText("用户名").waitFor();
    await enter(page, "anna", "a wrong password");
    await page.getByRole("alert").getByText("用户名或密码错误。").waitFor();
    await page.getByText("English").click();
    await page.getByText("Password").waitFor();
    await page.getByText("中文").click();
    await enter(page, "vera");
    await page.locator("[data-property]").first().waitFor();
    assert.match(await page.locator(".mtf-who").innerText(), /^vera\s+退出登录$/);
    assert.equal(await page.locator(".mtf-name").getAttribute("title"), "查看者");
    assert.equal(await page.locator(".mtf-read").getAttribute("title"), "查看者只能查看，不能更改。");
    assert.deepEqual(await englishWords(page), []);
  });
});
