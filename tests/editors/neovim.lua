-- Real Neovim against the real server: asserts on what it shows. Ends with a non-zero exit code on the first thing amiss.
local function say(...)
  io.stdout:write(table.concat({ ... }, ' ') .. '\n')
end

local function check(condition, what)
  if not condition then
    io.stderr:write('failed: ' .. what .. '\n')
    vim.cmd('cquit 1')
  end
end

local function wait(what, probe)
  local found
  local ok = vim.wait(30000, function()
    found = probe()
    return found
  end, 20)
  check(ok, 'waited for ' .. what)
  return found
end

local function line_of(buffer, part)
  for number, text in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    if text:find(part, 1, true) then
      return number, text
    end
  end
  check(false, 'no ' .. part)
end

local function findings_on(buffer, line)
  return vim.tbl_filter(function(it)
    return it.source == 'stagelight'
  end, vim.diagnostic.get(buffer, { lnum = line - 1 }))
end

local function hints(buffer)
  return vim.lsp.inlay_hint.get({ bufnr = buffer })
end

-- Findings and costs of one file.
local function look(file)
  vim.cmd.edit(file)
  local buffer = vim.api.nvim_get_current_buf()
  local line = line_of(buffer, '.groupByKey(')
  local finding = wait('a finding', function()
    return findings_on(buffer, line)[1]
  end)
  say('finding', tostring(finding.lnum + 1), finding.code, (finding.message:gsub('\n', ' / ')))
  check(finding.code:match('^[a-z]+%-[a-z-]+$'), 'the code is a rule')
  local action = line_of(buffer, '.takeOrdered(')
  local hint = wait('a cost', function()
    for _, it in ipairs(hints(buffer)) do
      if it.inlay_hint.position.line == action - 1 then
        return it.inlay_hint
      end
    end
  end)
  say('cost', tostring(action), hint.label)
  check(hint.label:match('%d+%.?%d* m?s') or hint.label:match('iB shuffle'), 'a cost has numbers')
  local text = vim.api.nvim_buf_get_lines(buffer, action - 1, action, false)[1]
  check(hint.position.character == #text, 'a cost stands at the end of its line')
  return buffer, line, finding
end

local python, line, finding = look(vim.env.FOLDER .. '/orders.py')
local client = vim.lsp.get_clients({ bufnr = python })[1]
check(client.name == 'stagelight', 'the client is the configured one')
check(client.offset_encoding == 'utf-8', 'columns are bytes where the editor offers it')

-- The action is applied with the cursor far from what is underlined.
vim.api.nvim_win_set_cursor(0, { line, 0 })
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    return action.title == 'Suppress `' .. finding.code .. '` on this line'
  end,
})
local comment = wait('the comment', function()
  local text = vim.api.nvim_buf_get_lines(python, line - 1, line, false)[1]
  return text:find('# stagelight: ignore[' .. finding.code .. ']', 1, true) and text
end)
say('applied', vim.trim(comment))
wait('the finding to go', function()
  return #vim.tbl_filter(function(it)
    return it.code == finding.code
  end, findings_on(python, line + 1)) == 0
end)

-- What a hover would show.
local hovered
client:request('textDocument/hover', {
  textDocument = vim.lsp.util.make_text_document_params(python),
  position = { line = line_of(python, '.takeOrdered(') - 1, character = 1 },
}, function(_, result)
  hovered = result
end, python)
wait('a hover', function()
  return hovered
end)
check(hovered.contents.value:find('Own task time', 1, true), 'a hover tells the cost')

vim.cmd('silent! write! ' .. vim.fn.fnameescape(vim.env.FOLDER .. '/orders_nvim.py'))
local _, _, same = look(vim.env.FOLDER .. '/Orders.scala')
check(same.code == finding.code, 'one rule, two languages')

-- A notebook is JSON here: its findings stand in the strings, and so does what a fix changes.
vim.cmd.edit(vim.env.FOLDER .. '/orders.ipynb')
local notebook = vim.api.nvim_get_current_buf()
local collect, json = line_of(notebook, '.collect()')
local bounded = wait('a finding in a notebook', function()
  return findings_on(notebook, collect)[1]
end)
say('notebook', tostring(bounded.lnum + 1), bounded.code)
check(json:sub(bounded.col + 1, bounded.end_col) == 'collect', 'a finding covers its call')
vim.api.nvim_win_set_cursor(0, { collect, bounded.col })
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    return vim.startswith(action.title, 'Take 1000 rows')
  end,
})
wait('the fix in a notebook', function()
  local text = vim.api.nvim_buf_get_lines(notebook, collect - 1, collect, false)[1]
  return text == json:gsub('%.collect', '.limit(1000).collect')
end)
check(pcall(vim.json.decode, table.concat(vim.api.nvim_buf_get_lines(notebook, 0, -1, false), '\n')), 'it is JSON still')
-- Other JSON is left alone.
vim.cmd.edit(vim.env.FOLDER .. '/other.json')
check(#vim.lsp.get_clients({ bufnr = 0 }) == 0, 'no client for other JSON')

client:stop()
wait('the server to end', function()
  return client:is_stopped()
end)
say('passed')
vim.cmd('qall!')
