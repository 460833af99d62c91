// The workbench in headless Chromium.
import { createRequire } from "node:module";
import path from "node:path";

// The package lies in the cache folder, which is no parent of this file where it was moved elsewhere.
const require = createRequire(path.join(process.env.EDITOR_CACHE, "package.json"));
const { chromium } = require("playwright-core");

export async function launch(viewport) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const context = await browser.newContext({ viewport });
  return { browser, page: await context.newPage() };
}
