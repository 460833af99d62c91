---@brief
---
--- Stagelight lints Apache Spark code (PySpark and Scala) and puts on each line what it cost in the last run.
---
--- Needs Neovim 0.11 or newer and `stagelight` on the `PATH`. Put this file into `lsp/` of a folder on the runtime path
--- (`~/.config/nvim/lsp/stagelight.lua`), then:
---
--- ```lua
--- vim.lsp.enable('stagelight')
--- vim.lsp.inlay_hint.enable(true) -- the cost at the end of each line
--- ```
---
--- To attach runs, name their event logs in `stagelight.toml`: `event-logs = ["logs/*"]`.

---@type vim.lsp.Config
return {
  cmd = { 'stagelight', 'server' },
  filetypes = { 'python', 'scala' },
  root_markers = { 'stagelight.toml', 'pyproject.toml', 'build.sbt', '.git' },
}
