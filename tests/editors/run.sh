#!/usr/bin/env bash
# Drives real editors against the real server, and a browser over the pages that the program makes; asserts on what they show and keeps
# screenshots.
#
#   tests/editors/run.sh [vscode|neovim|pages]...     default: all
#
# STAGELIGHT_BINARY          the program; default target/release/stagelight
# STAGELIGHT_EDITOR_CACHE    where setup.sh put the editors; default tests/editors/.cache
# SCREENSHOTS                folder for the pictures; default tests/editors/.cache/screenshots
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export EDITOR_CACHE=${STAGELIGHT_EDITOR_CACHE:-$here/.cache}
export SCREENSHOTS=${SCREENSHOTS:-$EDITOR_CACHE/screenshots}
binary=$(realpath "${STAGELIGHT_BINARY:-$root/target/release/stagelight}")
[ -x "$binary" ] || { echo "run: no program at $binary; build it with cargo build --release" >&2; exit 2; }
[ -f "$EDITOR_CACHE/installed" ] || "$here/setup.sh" "$EDITOR_CACHE"
mkdir -p "$SCREENSHOTS"
rm -f "$SCREENSHOTS"/*.png
work=$(mktemp -d)
server=
end() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap end EXIT

# A copy for each test: they write into it.
workspace() {
  mkdir -p "$work/$1"
  cp -r "$root/examples/orders" "$work/$1/orders"
  cp "$here/orders.ipynb" "$work/$1/orders/"
  echo "$work/$1/orders"
}

failures=0
outcome() {
  if [ "$1" -eq 0 ]; then echo "PASS $2"; else echo "FAIL $2"; failures=$((failures + 1)); fi
}

neovim() {
  mkdir -p "$work/bin"
  ln -sf "$binary" "$work/bin/stagelight"
  local folder status=0
  folder=$(workspace neovim)
  (
    cd "$work"
    export PATH="$work/bin:$PATH" FOLDER=$folder NEOVIM_CONFIGURATION=$root/editors/neovim
    export HOME=$work/home XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
    timeout 120 "$EDITOR_CACHE/neovim/bin/nvim" --clean --headless -u "$here/neovim_init.lua" -l "$here/neovim.lua"
  ) || status=$?
  outcome "$status" "neovim"
}

# The extension as its users get it, with the program in it.
extension() {
  local folder=$EDITOR_CACHE/extension
  mkdir -p "$folder/server"
  cp "$root"/editors/vscode/{package.json,package-lock.json,extension.js,README.md,.vscodeignore} "$folder/"
  cp "$binary" "$folder/server/stagelight"
  (
    cd "$folder"
    [ -d node_modules/vscode-languageclient ] || npm ci --no-audit --no-fund --loglevel=error
    npm run --silent package -- --target linux-x64
  ) >"$work/package.log" 2>&1 || { cat "$work/package.log" >&2; return 1; }
  echo "$folder"
}

vscode() {
  local entry=$EDITOR_CACHE/node_modules/code-server/out/node/entry.js
  local built port folder status
  built=$(extension) || { outcome 1 "vscode: package the extension"; return; }
  outcome 0 "vscode: package the extension"
  mkdir -p "$work/profile/User"
  cp "$here/settings.json" "$work/profile/User/settings.json"
  node "$entry" --config "$work/config.yaml" --extensions-dir "$work/extensions" --user-data-dir "$work/profile" \
    --install-extension "$built/stagelight.vsix" --force >"$work/install.log" 2>&1 ||
    { cat "$work/install.log" >&2; outcome 1 "vscode: install the extension"; return; }
  port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
  IN_HOST_LOG=$work/in_host.log node "$entry" --config "$work/config.yaml" --bind-addr "127.0.0.1:$port" --auth none \
    --disable-telemetry --disable-update-check --disable-workspace-trust \
    --extensions-dir "$work/extensions" --user-data-dir "$work/profile" >"$work/code-server.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.2
  done

  folder=$(workspace in-host)
  cp "$here/in_host.js" "$work/in_host.js"
  status=0
  node "$here/in_host.mjs" "$port" "$folder" "$built" "$work/in_host.js" || status=$?
  sed 's/^/  /' "$work/in_host.log" 2>/dev/null || true
  outcome "$status" "vscode: extension host"

  folder=$(workspace workbench)
  status=0
  timeout 240 node "$here/workbench.mjs" "$port" "$folder" "$SCREENSHOTS" || status=$?
  outcome "$status" "vscode: workbench"
  if [ "$failures" -gt 0 ]; then tail -20 "$work/code-server.log"; fi
}

pages() {
  local folder status=0
  folder=$(workspace pages)
  timeout 120 node "$here/pages.mjs" "$binary" "$folder" "$SCREENSHOTS" || status=$?
  outcome "$status" "pages"
}

[ $# -gt 0 ] || set -- neovim vscode pages
for test in "$@"; do
  case $test in
    neovim | vscode | pages) "$test" ;;
    *) echo "run: no test named $test" >&2; exit 2 ;;
  esac
done
echo "screenshots: $SCREENSHOTS"
exit $((failures > 0))
