//! Numbers with units for people: bytes as Spark's UI writes them, durations, counts.

/// A size in Spark UI's binary units with one decimal below ten: `512 B`, `41 KiB`, `3.1 GiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1 << 10 {
        return format!("{bytes} B");
    }
    // A number that would be shown as 1024 of a unit is shown as one of the next.
    let mut divisor: u128 = 1 << 10;
    let mut unit = 0;
    while unit + 1 < UNITS.len() && rounded(bytes, divisor) >= 1 << 10 {
        divisor <<= 10;
        unit += 1;
    }
    format!("{} {}", scaled(bytes, divisor), UNITS[unit])
}

/// A duration: `0 ms`, `340 ms`, `8.2 s`, `31 s`, `2 min 5 s`, `3 h 20 min`.
#[must_use]
pub fn duration_ms(milliseconds: u64) -> String {
    if milliseconds < 1_000 {
        return format!("{milliseconds} ms");
    }
    let seconds = rounded(milliseconds, 1_000);
    if seconds < 60 {
        return format!("{} s", scaled(milliseconds, 1_000));
    }
    let (large, large_unit, small, small_unit) = if seconds < 3_600 {
        (seconds / 60, "min", seconds % 60, "s")
    } else {
        let minutes = rounded(milliseconds, 60_000);
        (minutes / 60, "h", minutes % 60, "min")
    };
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// A count: `12`, `4,310`, `2.1 million`, `3 billion`.
#[must_use]
pub fn count(count: u64) -> String {
    if rounded(count, 1_000) < 1_000 {
        return match count {
            0..1_000 => count.to_string(),
            _ => format!("{},{:03}", count / 1_000, count % 1_000),
        };
    }
    if rounded(count, 1_000_000) < 1_000 {
        return format!("{} million", scaled(count, 1_000_000));
    }
    format!("{} billion", scaled(count, 1_000_000_000))
}

/// A count and its noun, in the plural where it is not one.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

fn rounded(number: u64, divisor: u128) -> u64 {
    // The quotient of a 64-bit number is one.
    u64::try_from((u128::from(number) + divisor / 2) / divisor).unwrap_or(u64::MAX)
}

/// One decimal below ten, unless it is zero; integers above.
fn scaled(number: u64, divisor: u128) -> String {
    let tenths = (u128::from(number) * 10 + divisor / 2) / divisor;
    if tenths < 100 && !tenths.is_multiple_of(10) {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        rounded(number, divisor).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, counted, duration_ms};

    #[test]
    fn bytes_have_binary_units() {
        let cases = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (41 * 1_024, "41 KiB"),
            (1_536, "1.5 KiB"),
            ((1 << 20) - 1, "1 MiB"),
            (3_328_599_654, "3.1 GiB"),
            (118 << 30, "118 GiB"),
            (u64::MAX, "16 EiB"),
        ];
        for (number, text) in cases {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (8_200, "8.2 s"),
            (9_960, "10 s"),
            (31_400, "31 s"),
            (59_700, "1 min"),
            (125_000, "2 min 5 s"),
            (3_600_000, "1 h"),
            (3_599_900, "1 h"),
            (12_000_000, "3 h 20 min"),
        ];
        for (number, text) in cases {
            assert_eq!(duration_ms(number), text);
        }
    }

    #[test]
    fn counts_are_short() {
        let cases = [
            (0, "0"),
            (12, "12"),
            (4_310, "4,310"),
            (999_499, "999,499"),
            (999_600, "1 million"),
            (2_100_000, "2.1 million"),
            (3_000_000_000, "3 billion"),
        ];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(2_000, "row"), "2,000 rows");
    }
}
