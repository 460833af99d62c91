// The pages of `log` and `annotate` in a browser: node pages.mjs BINARY ORDERS SCREENSHOTS
import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { launch } from "./browser.mjs";

const [, , binary, orders, screenshots] = process.argv;
const logs = path.join(orders, "logs", "orders-python-4.1");
const log = path.join(logs, readdirSync(logs).find((name) => name.startsWith("eventlog_v2_")));
const HOSTILE = `</title></style></details><script>alert(1)</script><img src=x onerror=alert(2)>`;

function write(name, ...words) {
  const page = execFileSync(binary, [...words, "--output-format", "html"], { cwd: orders, maxBuffer: 64 << 20 });
  const file = path.join(screenshots, `${name}.html`);
  writeFileSync(file, page);
  return `file://${file}`;
}

writeFileSync(path.join(orders, "hostile.py"), `spark = 1\nx = """${HOSTILE}"""  # stagelight: ignore[x]\n`);
const pages = {
  "page-run": write("page-run", "log", log),
  "page-lines": write("page-lines", "annotate", "orders.py", "hostile.py", "--event-log", log),
};

const { browser, page } = await launch({ width: 1280, height: 900 });
try {
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));

  for (const [name, url] of Object.entries(pages)) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.goto(url);
      await page.screenshot({ path: path.join(screenshots, `${name}-${colorScheme}.png`), fullPage: true });
      const colors = await page.evaluate(() => {
        const style = getComputedStyle(document.body);
        const light = (color) => color.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
        return [light(style.color), light(style.backgroundColor)];
      });
      assert.equal(colors[0] < colors[1], colorScheme === "light", `${name} ${colorScheme}: ink and ground ${colors}`);
      // Wide tables and code scroll within themselves.
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
    }
    await page.setViewportSize({ width: 480, height: 900 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels too wide for a narrow window`);
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  // A line opens and shows its stages and operators; the most expensive one is linked from the top.
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(pages["page-lines"]);
  const line = page.locator("details.l", { hasText: ".join(channels" });
  assert.equal(await line.locator(".call").first().isVisible(), false);
  await line.locator("summary").click();
  const call = line.locator(".call").first();
  assert.ok(await call.isVisible());
  const shown = await call.innerText();
  for (const part of ["found by", "own task time", "shuffle written", "Plan of SQL execution"]) assert.ok(shown.includes(part), `${part}: ${shown}`);
  assert.ok((await line.locator(".node.own").count()) > 2);
  assert.equal(await line.locator(".node.own", { hasText: "SortMergeJoin" }).count() > 0, true);
  await page.screenshot({ path: path.join(screenshots, "page-lines-open.png") });
  const hottest = page.locator("#hottest-0 tbody a").first();
  const target = await hottest.getAttribute("href");
  await hottest.click();
  assert.ok(await page.locator(target).isVisible());
  assert.equal(await page.locator("script, img").count(), 0);
  assert.ok((await page.locator(".source").last().innerText()).includes("<script>alert(1)</script>"));

  assert.deepEqual(complaints, []);
  assert.deepEqual([...new Set(requests)].filter((url) => !url.startsWith("file:")), []);
  console.log("pages: light and dark, narrow and wide, a line opens, nothing runs, nothing is loaded");
} finally {
  await browser.close();
}
