//! Which of a source's parts hold the log, and in which order (`RollingEventLogFilesFileReader`).

/// The parts to read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Names in reading order.
    pub(crate) parts: Vec<String>,
    /// The first part is a compacted one: finished work was dropped from it.
    pub(crate) compacted: bool,
    /// Files that should be there and are not.
    pub(crate) missing: Option<String>,
}

/// Selects and orders parts; none where no part can be a log.
pub(crate) fn layout(names: Vec<String>) -> Option<Layout> {
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|name| {
            !name.starts_with('.') && !name.ends_with(".crc") && !name.starts_with("appstatus_")
        })
        .collect();
    let mut rolled: Vec<(u64, bool, String)> = names
        .iter()
        .filter_map(|name| {
            index(name).map(|index| (index, name.ends_with(".compact"), name.clone()))
        })
        .collect();
    if !rolled.is_empty() {
        // A compacted file stands after the plain one of its index, which it replaces.
        rolled.sort();
        let compacted = rolled.iter().rposition(|(_, compacted, _)| *compacted);
        rolled.drain(..compacted.unwrap_or(0));
        let first = rolled.first().map_or(1, |(index, ..)| *index);
        let lost_front = compacted.is_none() && first > 1;
        let gap = rolled.windows(2).find(|pair| pair[1].0 > pair[0].0.saturating_add(1));
        let missing = if lost_front {
            Some(format!("the first event file is number {first}"))
        } else {
            gap.map(|pair| {
                format!("the event files between {} and {} are missing", pair[0].2, pair[1].2)
            })
        };
        let parts = rolled.into_iter().map(|(_, _, name)| name).collect();
        return Some(Layout { parts, compacted: compacted.is_some(), missing });
    }
    if names.len() > 1 && names.iter().all(|name| name.starts_with("eventlog")) {
        // Databricks delivers dated files and the live one, `eventlog`, which is the newest.
        names.sort_by_key(|name| (name == "eventlog", name.clone()));
        return Some(Layout { parts: names, ..Layout::default() });
    }
    (names.len() == 1).then(|| Layout { parts: names, ..Layout::default() })
}

/// `<n>` of `events_<n>_<application>…`.
fn index(name: &str) -> Option<u64> {
    let (digits, _) = name.strip_prefix("events_")?.split_once('_')?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Option<Layout> {
        layout(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn files_follow_in_numeric_order_from_the_last_compacted_one() {
        let found = of(&[
            "events_10_a.zstd",
            "events_9_a.zstd",
            "appstatus_a",
            ".appstatus_a.crc",
            ".events_9_a.zstd.crc",
        ])
        .unwrap();
        assert_eq!(found.parts, ["events_9_a.zstd", "events_10_a.zstd"]);
        assert_eq!(
            (found.compacted, found.missing.as_deref()),
            (false, Some("the first event file is number 9"))
        );

        let found = of(&[
            "events_1_a",
            "events_2_a.compact",
            "events_3_a",
            "events_4_a",
            "events_4_a.compact",
            "events_5_a",
        ])
        .unwrap();
        assert_eq!(
            (found.parts.as_slice(), found.compacted, found.missing),
            (&["events_4_a.compact".to_owned(), "events_5_a".to_owned()][..], true, None)
        );

        let found = of(&["events_1_a", "events_3_a"]).unwrap();
        assert_eq!(
            found.missing.as_deref(),
            Some("the event files between events_1_a and events_3_a are missing")
        );
    }

    #[test]
    fn a_single_file_may_have_any_name() {
        assert_eq!(of(&["orders.json", ".orders.json.crc"]).unwrap().parts, ["orders.json"]);
        assert_eq!(
            of(&["eventlog", "eventlog-2024-01-01--10-00"]).unwrap().parts,
            ["eventlog-2024-01-01--10-00", "eventlog"]
        );
        assert_eq!(of(&["appstatus_a.inprogress"]), None);
        assert_eq!(of(&["a", "b"]), None);
        assert_eq!(of(&[]), None);
    }
}
