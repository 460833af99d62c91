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
--- Notebooks (`.ipynb`) are opened as their JSON; findings, fixes and costs stand in its strings.
---
--- To attach runs, name their event logs in `stagelight.toml`: `event-logs = ["logs/*"]`.

local markers = { 'stagelight.toml', 'pyproject.toml', 'build.sbt', '.git' }

---@type vim.lsp.Config
return {
  cmd = { 'stagelight', 'server' },
  filetypes = { 'python', 'scala', 'json' },
  -- To Neovim a notebook is JSON. Of other JSON there is nothing to say.
  root_dir = function(buffer, on_dir)
    local name = vim.api.nvim_buf_get_name(buffer)
    if vim.bo[buffer].filetype ~= 'json' or vim.endswith(name, '.ipynb') then
      on_dir(vim.fs.root(buffer, markers))
    end
  end,
}
