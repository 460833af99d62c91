//! The measured cost at the end of each line.

use tower_lsp_server::ls_types::{InlayHint, InlayHintLabel, InlayHintTooltip, Range};

use super::state::Checked;
use super::views::View;
use super::{costs, to_proto};

/// The hints of the lines in `range` of a document.
pub(crate) fn hints(checked: &Checked, view: &View, range: Range) -> Vec<InlayHint> {
    let Some(run) = costs::run(checked) else { return Vec::new() };
    let Some(shown) = checked.views.lines(view, &checked.text, range) else { return Vec::new() };
    let lines = costs::by_line(checked, run);
    let hints = lines.range(checked.lines.line(shown.start)..=checked.lines.line(shown.end));
    hints
        .filter_map(|(&line, sites)| {
            let label = costs::label(run, sites)?;
            let (_, end) = checked.lines.bounds(line);
            let position = checked.views.end_position(view, &checked.text, end);
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
