//! Markdown that cannot be spoken through: names from sources and logs are hostile text.

/// `text` such that it reads the same and does nothing.
pub(crate) fn escape(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A bare address would become a link.
            ':' if rest.peek() == Some(&'/') => out.push_str("\\:"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("\\."),
            '@' => out.push_str("\\@"),
            _ => out.push(character),
        }
    }
    out
}

/// `text` as code. Fit for tables too.
pub(crate) fn code(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = clean(text);
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    // Within code nothing is escaped but by leaving it out.
    let shown = shown.replace('`', "'").replace('|', "¦");
    if shown.trim().is_empty() { String::new() } else { format!("`{}`", shown.trim()) }
}

/// A message of ours that quotes code between backticks; what stands in it may come from a source.
pub(crate) fn message(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((quoted, behind)) = after.split_once('`') else { break };
        out.push_str(&escape(before));
        out.push_str(&code(quoted));
        rest = behind;
    }
    out.push_str(&escape(rest));
    out
}

/// Without control characters, and without those that turn the direction of text.
fn clean(text: &str) -> String {
    let turns = |character: char| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars()
        .filter(|&character| !turns(character))
        .map(|character| {
            if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
                ' '
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let name = "<script>alert(1)</script> [x](command:evil) \x1b[31m ::error:: a|b `c` https://x.y www.z";
        let text = escape(name);
        assert!(!text.contains('<') && !text.contains("[x](") && !text.contains('\x1b'), "{text}");
        assert!(!text.contains("https://") && text.contains("www\\."), "{text}");
        assert!(text.contains("a\\|b \\`c\\`"), "{text}");
        let text = code(name);
        assert_eq!(text.matches('`').count(), 2, "{text}");
        assert!(!text.contains('|'), "{text}");
    }

    #[test]
    fn a_message_keeps_its_code() {
        assert_eq!(message("`collect` of *all*"), "`collect` of \\*all\\*");
        assert_eq!(message("odd ` tick <b>"), "odd \\` tick &lt;b&gt;");
    }
}
