-- The configuration that the repository ships, and what a user turns on beside it.
vim.opt.runtimepath:prepend(vim.env.NEOVIM_CONFIGURATION)
vim.filetype.add({ extension = { scala = 'scala', sc = 'scala' } })
vim.lsp.enable('stagelight')
vim.lsp.inlay_hint.enable(true)
vim.diagnostic.config({ virtual_text = true })
