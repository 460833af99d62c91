//! The measured cost at the end of each line.

use tower_lsp_server::ls_types::{InlayHint, InlayHintLabel, InlayHintTooltip, Position, Range};

use super::state::Checked;
use super::{costs, to_proto};

/// The hints of the lines in `range`.
pub(crate) fn hints(checked: &Checked, range: Range) -> Vec<InlayHint> {
    let Some(run) = costs::run(checked) else { return Vec::new() };
    let lines = costs::by_line(checked, run);
    let hints = lines.range(range.start.line..=range.end.line.max(range.start.line));
    hints
        .filter_map(|(&line, sites)| {
            let label = costs::label(run, sites)?;
            let content = checked.lines.content(&checked.text, line);
            let position = Position { line, character: checked.encoding.length(content) };
            Some(InlayHint {
                position,
                label: InlayHintLabel::String(label),
                kind: None,
                text_edits: None,
                tooltip: Some(InlayHintTooltip::MarkupContent(to_proto::markdown(costs::table(
                    run, sites,
                )))),
                padding_left: Some(true),
                padding_right: None,
                data: None,
            })
        })
        .collect()
}
