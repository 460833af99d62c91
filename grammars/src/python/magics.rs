//! Lines that are not Python's in a file that is: magics, shell commands and help requests that an interactive session saved, and a
//! dot with nothing behind it yet. They are blanked out, every other byte keeps its place.

/// Magics that run the code behind them.
const RUNNING: [&str; 6] = ["time", "timeit", "prun", "memit", "mprun", "lprun"];

/// The text with such lines blanked out; none where there are none.
pub(crate) fn masked(text: &str) -> Option<String> {
    let mut out: Option<Vec<u8>> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if let Some((from, to, instead)) = blanked(content) {
            let bytes = out.get_or_insert_with(|| text.as_bytes().to_vec());
            for (offset, byte) in bytes[start + from..start + to].iter_mut().enumerate() {
                *byte = instead.as_bytes().get(offset).copied().unwrap_or(b' ');
            }
        }
        start += line.len();
    }
    String::from_utf8(out?).ok()
}

/// The bytes of a line that are no code, with what stands in for them.
fn blanked(line: &str) -> Option<(usize, usize, &'static str)> {
    let code = line.trim_start();
    let indent = line.len() - code.len();
    let magic = |after: &str| {
        let name: &str = after.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        let rest = &after[name.len()..];
        let argument = rest.trim_start();
        let runs = RUNNING.contains(&name) && !argument.is_empty() && !argument.starts_with('-');
        let named = name.starts_with(|c: char| c.is_alphabetic());
        // `%` at the start of a line continues an expression where a blank or a bracket follows.
        named.then_some(if runs { line.len() - argument.len() } else { line.len() })
    };
    if let Some(after) = code.strip_prefix("%%") {
        return magic(after).map(|_| (indent, line.len(), "pass"));
    }
    if let Some(after) = code.strip_prefix('%') {
        return magic(after).map(|end| (indent, end, if end < line.len() { "" } else { "pass" }));
    }
    if code.starts_with('!') && !code.starts_with("!=") || code.starts_with('?') {
        return Some((indent, line.len(), if code.len() < 4 { "0" } else { "pass" }));
    }
    if code.ends_with('?') && is_path(code.trim_end_matches('?')) {
        let end = line.trim_end_matches('?').len();
        return Some((end, line.len(), ""));
    }
    // `files = !ls`, `rows = %sql select 1`.
    if let Some((target, command)) = code.split_once('=') {
        let command = command.trim_start();
        if is_path(target.trim_end())
            && (command.starts_with('!')
                || command.strip_prefix('%').is_some_and(|it| magic(it).is_some()))
        {
            return Some((line.len() - command.len(), line.len(), "0"));
        }
    }
    let bare = code.strip_suffix('.')?;
    let word = bare.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    let named = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (!code.starts_with('#') && (named || bare.ends_with([')', ']']))).then_some((
        line.len() - 1,
        line.len(),
        "",
    ))
}

fn is_path(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn only_what_is_no_code_is_blanked_and_every_byte_keeps_its_place() {
        for (line, expected) in [
            ("%time df.count()", Some("      df.count()")),
            ("    %timeit x = df.count()", Some("            x = df.count()")),
            ("%timeit -n 3 df.count()", Some("pass                   ")),
            ("%matplotlib inline", Some("pass              ")),
            ("%%time", Some("pass  ")),
            ("!ls -l", Some("pass  ")),
            ("!ls", Some("0  ")),
            ("?df", Some("0  ")),
            ("df.count?", Some("df.count ")),
            ("df??", Some("df  ")),
            ("files = !ls", Some("files = 0  ")),
            ("rows = %sql select 1", Some("rows = 0            ")),
            ("x = df.", Some("x = df ")),
            ("x = 1.", None),
            ("y = a % b", None),
            ("    % (a, b)", None),
            ("# %time df.count()", None),
            ("# a sentence.", None),
            ("x != y", None),
        ] {
            assert_eq!(masked(line).as_deref(), expected, "{line}");
        }
        assert_eq!(masked("a = 1\n%time b\nc = 2\n").as_deref(), Some("a = 1\n      b\nc = 2\n"));
    }
}
