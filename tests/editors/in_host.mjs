// Runs in_host.js in VS Code's extension host: node in_host.mjs PORT WORKSPACE EXTENSION TEST
import { launch } from "./browser.mjs";

const [, , port, folder, extension, test] = process.argv;
const LIMIT = 120_000;
const { browser, page } = await launch({ width: 1300, height: 820 });
let code;
await page.exposeFunction("codeAutomationExit", (exit) => {
  code = exit;
});
await page.exposeFunction("codeAutomationLog", () => {});
const remote = `vscode-remote://127.0.0.1:${port}`;
const payload = [
  ["extensionDevelopmentPath", remote + extension],
  ["extensionTestsPath", remote + test],
  ["enableProposedApi", ""],
  ["skipWelcome", "true"],
  ["skipReleaseNotes", "true"],
];
const query = encodeURIComponent(JSON.stringify(payload));
const start = Date.now();
await page.goto(`http://127.0.0.1:${port}/?folder=${folder}&payload=${query}`);
while (code === undefined && Date.now() - start < LIMIT) {
  await new Promise((resolve) => setTimeout(resolve, 200));
}
console.log(`extension host: ${code === undefined ? "no end" : `exit code ${code}`} after ${((Date.now() - start) / 1000).toFixed(1)} s`);
if (code !== 0 && process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/in-host-failed.png` });
await browser.close();
process.exit(code ?? 3);
