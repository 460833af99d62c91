// What a user sees in VS Code, read from the page and photographed: node workbench.mjs PORT WORKSPACE SCREENSHOTS
import assert from "node:assert";
import { launch } from "./browser.mjs";

const [, , port, folder, screenshots] = process.argv;
const { browser, page } = await launch({ width: 1180, height: 760 });
const shot = (name) => page.screenshot({ path: `${screenshots}/vscode-${name}.png` });
const pause = (ms) => page.waitForTimeout(ms);

// Words of the editor's lines, blanks made plain.
const lines = () =>
  page.evaluate(() =>
    [...document.querySelectorAll(".view-lines .view-line")]
      .sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
      .map((line) => line.textContent.replace(/\u00a0/g, " ").replace(/\u200b/g, "")),
  );

async function until(what, probe, limit = 40_000) {
  const start = Date.now();
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() - start > limit) throw new Error(`waited for ${what}`);
    await pause(100);
  }
}

async function openFile(name) {
  await page.keyboard.press("Control+p");
  await page.waitForSelector(".quick-input-widget input", { state: "visible" });
  await page.keyboard.type(name, { delay: 20 });
  await until(`${name} in the list`, () =>
    page.evaluate((name) => document.querySelector(".quick-input-list .monaco-list-row")?.textContent.includes(name), name),
  );
  await page.keyboard.press("Enter");
  await until(`a tab for ${name}`, () =>
    page.evaluate((name) => document.querySelector(".tab.active")?.textContent.includes(name), name),
  );
  await page.waitForSelector(".view-lines", { timeout: 30_000 });
}

async function goTo(line, column = 1) {
  await page.keyboard.press("Control+g");
  await page.waitForSelector(".quick-input-widget input", { state: "visible" });
  await page.keyboard.type(`${line}:${column}`, { delay: 20 });
  await page.keyboard.press("Enter");
  await pause(600);
}

const COST = /(\d+(\.\d)? (ms|s|min|h)|\d+(\.\d)? [KMG]iB shuffle)/;

try {
  await page.goto(`http://127.0.0.1:${port}/?folder=${folder}`);
  await page.waitForSelector(".monaco-workbench", { timeout: 60_000 });
  await page.waitForSelector(".explorer-folders-view .monaco-list-row", { timeout: 60_000 });

  // More room for the code.
  await page.keyboard.press("Control+b");
  await openFile("orders.py");
  const text = (await import("node:fs")).readFileSync(`${folder}/orders.py`, "utf8").split("\n");
  const line = text.findIndex((it) => it.includes(".groupByKey(")) + 1;
  await goTo(line, text[line - 1].indexOf("groupByKey") + 1);
  await page.waitForSelector(".squiggly-warning, .squiggly-info", { timeout: 40_000 });
  const cost = await until("a cost at the end of a line", async () =>
    (await lines()).find((it) => it.includes("takeOrdered") && COST.test(it.split("sold[1])")[1] ?? "")),
  );
  console.log("cost:", cost.trim());
  await pause(1500);
  await shot("costs");

  // What is wrong, and what it cost, where the pointer or the cursor is.
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Control+i");
  const hover = await until("a hover", () =>
    page.evaluate(() => {
      const text = [...document.querySelectorAll(".monaco-hover-content")].map((it) => it.innerText).join("\n");
      return /Last run/.test(text) && text;
    }),
  );
  console.log("hover:", JSON.stringify(hover.slice(0, 600)));
  assert.match(hover, /Help/);
  assert.match(hover, /Own task time/);
  assert.match(hover, /Matched by/);
  await pause(500);
  await shot("hover");
  await page.keyboard.press("Escape");

  // The menu of fixes; its entry for the comment is taken.
  await page.keyboard.press("Control+.");
  await page.waitForSelector(".action-widget .monaco-list-row", { timeout: 20_000 });
  await pause(500);
  const menu = await page.evaluate(() =>
    [...document.querySelectorAll(".action-widget .monaco-list-row.action")].map((it) => it.innerText.trim()),
  );
  console.log("menu:", JSON.stringify(menu));
  const suppress = menu.find((entry) => /^Suppress `[a-z-]+` on this line$/.test(entry));
  assert(suppress, "an entry that suppresses");
  await shot("fixes");
  // The one for the front page, without the empty lower part.
  await page.screenshot({ path: `${screenshots}/vscode-front.png`, clip: { x: 0, y: 0, width: 1180, height: 590 } });
  for (let down = menu.indexOf(suppress); down > 0; down -= 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const rule = suppress.match(/`(.+)`/)[1];
  const comment = await until("the comment", async () =>
    (await lines()).find((it) => it.includes(`# stagelight: ignore[${rule}]`)),
  );
  console.log("fixed:", comment.trim());
  await pause(1200);
  await shot("fixed");
  const after = (await lines()).find((it) => it.includes("takeOrdered"));
  assert.match(after, COST, "costs stay with their lines");

  await openFile("Orders.scala");
  const language = await until("the language", () =>
    page.evaluate(() => document.querySelector("#status\\.editor\\.mode")?.innerText.trim()),
  );
  assert.strictEqual(language, "Scala");
  const scala = (await import("node:fs")).readFileSync(`${folder}/Orders.scala`, "utf8").split("\n");
  await goTo(scala.findIndex((it) => it.includes(".groupByKey(")) + 1);
  await page.waitForSelector(".squiggly-warning, .squiggly-info", { timeout: 40_000 });
  const scalaCost = await until("a cost in Scala", async () =>
    (await lines()).find((it) => it.includes("takeOrdered") && COST.test(it)),
  );
  console.log("scala:", scalaCost.trim());
  await pause(800);
  await shot("scala");

  // A notebook: what is wrong stands in its cell, and so does the menu of fixes.
  await openFile("orders.ipynb");
  const cell = page.locator(".notebookOverlay .code-cell-row", { hasText: "customers" });
  await cell.locator(".squiggly-warning, .squiggly-info, .squiggly-hint").first().waitFor({ state: "attached", timeout: 40_000 });
  await cell.getByText("collect", { exact: false }).last().click();
  await page.keyboard.press("End");
  await pause(600);
  await page.keyboard.press("Control+.");
  await page.waitForSelector(".action-widget .monaco-list-row", { timeout: 20_000 });
  await pause(500);
  const inCell = await page.evaluate(() =>
    [...document.querySelectorAll(".action-widget .monaco-list-row.action")].map((it) => it.innerText.trim()),
  );
  console.log("notebook:", JSON.stringify(inCell));
  assert(inCell.includes("Suppress `unbounded-collect` on this line"), "a fix in a cell");
  await shot("notebook");
  await page.keyboard.press("Escape");

  await page.keyboard.press("Control+Shift+M");
  const problems = await until("the list of problems", () =>
    page.evaluate(() => {
      const text = document.querySelector(".markers-panel")?.innerText ?? "";
      return /stagelight/.test(text) && text;
    }),
  );
  console.log("problems:", JSON.stringify(problems.slice(0, 300)));
  await pause(500);
  await shot("problems");
} catch (error) {
  await shot("failed");
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
