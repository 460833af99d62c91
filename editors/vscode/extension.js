"use strict";
// Starts the language server and hands the editor's documents to it; everything else happens in the server.

const fs = require("fs");
const path = require("path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.LogOutputChannel | vscode.OutputChannel | undefined} */
let output;

// The program to run: the user's own choice, else the one that comes with the extension, else the one on the PATH.
function serverCommand(context) {
  // The setting has machine scope: a workspace must not choose what is run. `inspect` keeps that so even where an
  // editor ignores scopes.
  const setting = vscode.workspace.getConfiguration("stagelight").inspect("server.path");
  const chosen = ((setting && setting.globalValue) || "").trim();
  if (chosen !== "") return chosen;
  const name = process.platform === "win32" ? "stagelight.exe" : "stagelight";
  const bundled = path.join(context.extensionPath, "server", name);
  return fs.existsSync(bundled) ? bundled : name;
}

function newClient(context) {
  const command = serverCommand(context);
  output.appendLine(`server: ${command}`);
  // No `transport`: it would add an argument, and pipes are what there is without. The folder of the extension is a place where no workspace can lie in wait for a name to be looked up.
  const server = {
    command,
    args: ["server"],
    options: { cwd: context.extensionPath },
  };
  // Cells of notebooks are documents of their own. The server asks for the notebooks themselves.
  const schemes = ["file", "untitled", "vscode-notebook-cell"];
  const languages = ["python", "scala"];
  return new LanguageClient(
    "stagelight",
    "Stagelight",
    { run: server, debug: server },
    {
      documentSelector: schemes.flatMap((scheme) => languages.map((language) => ({ scheme, language }))),
      outputChannel: output,
      initializationOptions: { trusted: vscode.workspace.isTrusted },
    },
  );
}

async function start(context) {
  client = newClient(context);
  try {
    await client.start();
  } catch (error) {
    output.appendLine(String(error));
    const choice = await vscode.window.showErrorMessage(
      `Stagelight did not start: ${error instanceof Error ? error.message : error}`,
      "Show Logs",
      "Open Settings",
    );
    if (choice === "Show Logs") output.show();
    if (choice === "Open Settings") {
      await vscode.commands.executeCommand("workbench.action.openSettings", "stagelight.server.path");
    }
  }
}

async function stop() {
  const stopping = client;
  client = undefined;
  if (stopping && stopping.needsStop()) await stopping.stop();
}

async function restart(context) {
  try {
    await stop();
  } catch (error) {
    // A server that died can't be stopped; a new one is what was asked for.
    output.appendLine(String(error));
  }
  await start(context);
}

exports.activate = async (context) => {
  output = vscode.window.createOutputChannel("Stagelight");
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("stagelight.restart", () => restart(context)),
    vscode.commands.registerCommand("stagelight.showLogs", () => output.show()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => restart(context)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("stagelight.server.path")) return restart(context);
    }),
  );
  await start(context);
};

exports.deactivate = () => stop();
