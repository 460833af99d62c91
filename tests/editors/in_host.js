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
  const lenses = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", document.uri);
  say("lenses", JSON.stringify(lenses.map((lens) => [lens.range.start.line + 1, lens.command.title])));
  const top = lenses.find((lens) => lens.range.start.line === 0);
  assert.match(top.command.title, /task time · .*of the last run · \d+ stages · .*shuffle/);
  const hover = markdown(
    await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, new vscode.Position(line, 2)),
  );
  say("hover", JSON.stringify(hover));
  assert.match(hover, /Last run/);
  assert.match(hover, /Own task time|\| Driver \|/);
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

// A notebook: each cell shows what it causes, also where another cell is the reason.
async function notebook() {
  const folder = vscode.workspace.workspaceFolders[0].uri;
  const opened = await vscode.workspace.openNotebookDocument(vscode.Uri.joinPath(folder, "orders.ipynb"));
  await vscode.window.showNotebookDocument(opened);
  const cells = () => opened.getCells().map((cell) => cell.document);
  const found = () => cells().map((cell) => ours(cell).map((it) => [it.range.start.line, it.code.value ?? it.code]));
  const join = cells()[3];
  const collect = () => ours(join).find((it) => (it.code.value ?? it.code) === "unbounded-collect");
  await until("a finding in a cell", () => collect() && ours(cells()[5]).length === 2);
  say("cells", JSON.stringify(found()));
  assert.deepStrictEqual(found()[0], []);
  assert.strictEqual(join.getText(collect().range), "collect");
  const hover = markdown(
    await vscode.commands.executeCommand("vscode.executeHoverProvider", join.uri, collect().range.start),
  );
  assert.match(hover, /\*\*Help\*\*/);

  // What a cell is depends on those before it: one comes in between and goes again.
  const change = async (edit) => {
    const edits = new vscode.WorkspaceEdit();
    edits.set(opened.uri, [edit]);
    assert(await vscode.workspace.applyEdit(edits));
  };
  const other = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, "orders = read_csv()", "python");
  await change(vscode.NotebookEdit.insertCells(2, [other]));
  await until("no finding behind another meaning", () => !collect());
  await change(vscode.NotebookEdit.deleteCells(new vscode.NotebookRange(2, 3)));
  await until("the finding again", collect);

  // Fixes: of one cell, and all safe ones of the notebook.
  const [first] = await actions(join, collect());
  assert(await vscode.workspace.applyEdit(first.edit));
  assert.match(join.getText(), /\.limit\(1000\)\.collect\(\)/);
  await until("the mended finding in a cell to go", () => !collect());
  const last = cells()[5];
  const all = await vscode.commands.executeCommand(
    "vscode.executeCodeActionProvider",
    last.uri,
    new vscode.Range(0, 0, 0, 0),
    "notebook.source.fixAll.stagelight",
  );
  say("all", JSON.stringify(all.map((action) => [action.title, action.kind?.value])));
  const fixAll = all.find((action) => action.title === "Apply all safe fixes of Stagelight");
  assert(await vscode.workspace.applyEdit(fixAll.edit));
  assert.match(last.getText(), /\nx = 1$/);
  await until("one finding in the last cell", () => ours(last).length === 1);
  assert(await opened.save());
  const saved = JSON.parse(fs.readFileSync(opened.uri.fsPath, "utf8"));
  assert.match(saved.cells[3].source.join(""), /limit\(1000\)/);
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

    await notebook();

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
