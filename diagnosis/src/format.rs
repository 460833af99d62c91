//! Numbers for people, in the units of Spark's own pages.

/// `1.5 s`, `340 ms`, `12 min`.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(crate) fn time(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1e3),
        60_000..3_600_000 => format!("{:.1} min", ms as f64 / 6e4),
        _ => format!("{:.1} h", ms as f64 / 3.6e6),
    }
}

/// `1.5 GiB`, as `Utils.bytesToString` has it.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_size() {
        assert_eq!(
            [time(999), time(1_500), time(90_000), time(7_200_000)],
            ["999 ms", "1.5 s", "1.5 min", "2.0 h"]
        );
        assert_eq!([bytes(1023), bytes(1536), bytes(5 << 40)], ["1023 B", "1.5 KiB", "5.0 TiB"]);
    }
}
