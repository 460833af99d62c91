"use strict";
// Runs in VS Code's extension host, against the true API: what the extension and its server give the editor.
const assert = require("assert");
const fs = require("fs");
const vscode = require("vscode");

const log = [];
function say(...words) {
  log.push(words.join(" "));
  if (process.env.IN_HOST_LOG) fs.writeFileSync(process.env.IN_HOST_LOG, log.join("\n") + "\n");
}

async function until(what, probe, limit = 30000) {
  const start = Date.now();
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() - start > limit) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function open(name) {
  const folder = vscode.workspace.workspaceFolders[0].uri;
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder, name));
  await vscode.window.showTextDocument(document);
  return document;
}

const lineOf = (document, part) => {
  const line = document.getText().split("\n").findIndex((text) => text.includes(part));
  assert(line >= 0, `no ${part} in ${document.fileName}`);
  return line;
};
const ours = (document) =>
  vscode.languages.getDiagnostics(document.uri).filter((diagnostic) => diagnostic.source === "stagelight");
const on = (document, line) => ours(document).filter((diagnostic) => diagnostic.range.start.line === line);
const markdown = (hovers) =>
  hovers.flatMap((hover) => hover.contents.map((content) => content.value ?? content)).join("\n");

async function costs(document, action) {
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await until(`cost hints in ${document.fileName}`, async () => {
    const found = await vscode.commands.executeCommand("vscode.executeInlayHintProvider", document.uri, whole);
    return found && found.length >= 2 && found;
  });
  const line = lineOf(document, action);
  say("hints", JSON.stringify(hints.map((hint) => [hint.position.line + 1, hint.label])));
  const hint = hints.find((hint) => hint.position.line === line);
  assert(hint, `no hint on line ${line + 1}`);
  assert.match(hint.label, /\d+(\.\d)? (ms|s|min|h)|\d+(\.\d)? [KMG]iB/);
  assert(hint.label.length < 50, `${hint.label} is long`);
  assert.strictEqual(hint.position.character, document.lineAt(line).text.length, "at the line's end");
  const hover = markdown(
    await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, new vscode.Position(line, 2)),
  );
  say("hover", JSON.stringify(hover));
  assert.match(hover, /Last run/);
  assert.match(hover, /Own task time/);
  assert.match(hover, /Matched by/);
}

async function findings(document, part) {
  const line = lineOf(document, part);
  // It is there before the log is read, and tells what the run says of it afterwards.
  await until(`a finding on ${part}`, () => on(document, line)[0]);
  const found = await until(`a measured finding on ${part}`, () =>
    on(document, line).find((it) => /\d+(\.\d)? ([KMG]iB|m?s)\b/.test(it.message)),
  );
  say("finding", JSON.stringify([found.range.start.line + 1, found.code, found.severity, found.message]));
  assert.match(String(found.code.value ?? found.code), /^[a-z]+(-[a-z]+)+$/);
  assert.match(found.message, /\n/, "help follows what is wrong");
  const hover = markdown(
    await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, found.range.start),
  );
  assert.match(hover, /\*\*Help\*\*/);
  return found;
}

async function actions(document, finding) {
  const start = new vscode.Position(finding.range.start.line, 0);
  const found = await vscode.commands.executeCommand(
    "vscode.executeCodeActionProvider",
    document.uri,
    new vscode.Range(start, start),
    vscode.CodeActionKind.QuickFix.value,
  );
  // Other extensions may add to the menu.
  const ours = found.filter((action) => /Stagelight|Suppress|unsafe/.test(action.title) || action.edit);
  say("actions", JSON.stringify(ours.map((action) => [action.title, action.isPreferred])));
  return ours;
}

exports.run = async () => {
  try {
    say("VS Code", vscode.version);
    const python = await open("orders.py");
    const finding = await findings(python, ".groupByKey(");
    await costs(python, ".takeOrdered(");

    // The last entry silences the finding by a comment, and the finding goes.
    const offered = await actions(python, finding);
    const code = finding.code.value ?? finding.code;
    const suppress = offered[offered.length - 1];
    assert.strictEqual(suppress.title, `Suppress \`${code}\` on this line`);
    assert(await vscode.workspace.applyEdit(suppress.edit));
    const comment = python.lineAt(finding.range.start.line).text;
    assert.match(comment, new RegExp(`^ +# stagelight: ignore\\[${code}\\]$`));
    await until("the finding to go", () => on(python, finding.range.start.line + 1).every((it) => it.code !== code));
    assert(!ours(python).some((it) => it.code === "unused-suppression"));

    const scala = await open("Orders.scala");
    assert.strictEqual(scala.languageId, "scala");
    const same = await findings(scala, ".groupByKey(");
    assert.strictEqual(same.code.value ?? same.code, code, "one rule, two languages");
    await costs(scala, ".takeOrdered(");

    // The fix itself: its title says that it wants a look, and the finding goes.
    const [mend] = await actions(scala, same);
    assert.match(mend.title, /^\S.* \(unsafe\)$/);
    assert.strictEqual(mend.isPreferred ?? false, false);
    assert(await vscode.workspace.applyEdit(mend.edit));
    assert(!scala.getText().includes(".groupByKey("));
    say("mended", scala.lineAt(same.range.start.line).text.trim());
    await until("the mended finding to go", () => ours(scala).every((it) => (it.code.value ?? it.code) !== code));

    // A document without a file; and a safe fix, applied.
    const content = "x = 1  # stagelight: ignore[no-such-rule]\n";
    const untitled = await vscode.workspace.openTextDocument({ language: "python", content });
    await vscode.window.showTextDocument(untitled);
    const unused = await until("a finding without a file", () => ours(untitled)[0]);
    const [fix] = await actions(untitled, unused);
    assert.strictEqual(fix.title, "Remove the suppression");
    assert.strictEqual(fix.isPreferred, true);
    assert(await vscode.workspace.applyEdit(fix.edit));
    assert.strictEqual(untitled.getText(), "x = 1\n");
    await until("no finding without a file", () => ours(untitled).length === 0);

    // What was mended has no cost of its own yet; a line above it has.
    await vscode.commands.executeCommand("stagelight.restart");
    await costs(scala, ".collect()");
    say("passed");
  } catch (error) {
    say("failed", (error && error.stack) || error);
    throw error;
  }
};
