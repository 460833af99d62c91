//! JSON as Spark's writer prints it, stepped through byte by byte: no whitespace, no escapes, no floats. Whatever else JSON may be is
//! none here, and the caller reads the line with a JSON reader instead. What is accepted is well-formed JSON.

/// Deepest value that is stepped over.
pub(crate) const DEPTH: usize = 8;

/// Most digits of an integer, so that no sum of digits overflows.
const DIGITS: usize = 18;

/// A literal from which on a call pays to compare it.
const LONG: usize = 64;

/// A position in a line.
pub(crate) struct Scan<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

/// What a value was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// An integer, or a string of digits.
    Integer(i64),
    Other,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Where the line ends that was read to here; none where more stands in it.
    #[inline(always)]
    pub(crate) fn end_of_line(&self) -> Option<usize> {
        let mut end = self.at;
        while let Some(&byte) = self.bytes.get(end) {
            if byte == b'\n' {
                break;
            }
            if !byte.is_ascii_whitespace() {
                return None;
            }
            end += 1;
        }
        Some(end)
    }

    /// Steps over a literal, where it stands here.
    #[inline(always)]
    pub(crate) fn has(&mut self, literal: &[u8]) -> bool {
        let found = begins(self.rest(), literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Steps over a literal that has to stand here.
    #[inline(always)]
    pub(crate) fn expect(&mut self, literal: &[u8]) -> Option<()> {
        self.has(literal).then_some(())
    }

    /// An integer from 0.
    #[inline(always)]
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let start = self.at;
        let value = self.digits()?;
        (self.at - start == 1 || self.bytes[start] != b'0').then_some(value)
    }

    /// The value of the digits that stand here.
    #[inline(always)]
    pub(crate) fn digits(&mut self) -> Option<i64> {
        let Some((value, digits)) = few_digits(self.rest()) else { return self.many_digits() };
        self.at += digits;
        (digits > 0).then_some(value)
    }

    /// The same for eight of them and more, and near the end.
    #[inline(never)]
    fn many_digits(&mut self) -> Option<i64> {
        let rest = self.rest();
        let (value, digits) = match sixteen_digits(rest) {
            Some(found) => found,
            None => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if digits > DIGITS {
                    return None;
                }
                let digit = |sum: i64, byte: &u8| sum * 10 + i64::from(byte - b'0');
                (rest[..digits].iter().fold(0, digit), digits)
            }
        };
        self.at += digits;
        (digits > 0).then_some(value)
    }

    /// Steps over an integer from 0, as [`integer`](Self::integer) but for the value.
    #[inline(always)]
    pub(crate) fn skip_integer(&mut self) -> Option<()> {
        if let Some(&first) = self.rest().first_chunk()
            && let (_, digits) = eight(first)
            && digits < 8
        {
            self.at += digits;
            return (digits == 1 || digits > 1 && first[0] != b'0').then_some(());
        }
        self.integer().map(drop)
    }

    /// What stands between quotes.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b"\"")?;
        let rest = self.rest();
        let length = plain(rest)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// Steps through an object. `keys` are those to look out for, as `"key":`, in the order in which they are likely; `visit` is called
    /// behind each of them and has to step over its value.
    #[inline(always)]
    pub(crate) fn object(
        &mut self,
        keys: &[&[u8]],
        mut visit: impl FnMut(&mut Self, usize) -> Option<()>,
    ) -> Option<()> {
        self.expect(b"{")?;
        if self.has(b"}") {
            return Some(());
        }
        let mut next = 0;
        loop {
            let rest = self.rest();
            match keys[next..].iter().position(|key| begins(rest, key)) {
                Some(ahead) => {
                    next += ahead + 1;
                    self.at += keys[next - 1].len();
                    visit(self, next - 1)?;
                }
                None => {
                    let start = self.at;
                    self.string()?;
                    self.expect(b":")?;
                    // In another order, or twice.
                    if keys[..next].contains(&&self.bytes[start..self.at]) {
                        return None;
                    }
                    self.value(DEPTH)?;
                }
            }
            if !self.has(b",") {
                return self.expect(b"}");
            }
        }
    }

    /// Steps over a value.
    #[inline(always)]
    pub(crate) fn skip(&mut self) -> Option<()> {
        self.value(DEPTH).map(drop)
    }

    /// Steps over a value that is likely a number, or a string of digits.
    #[inline(always)]
    pub(crate) fn skip_number(&mut self) -> Option<()> {
        let rest = self.rest();
        let quoted = usize::from(rest.first() == Some(&b'"'));
        let digits = match few_digits(&rest[quoted..]) {
            Some((_, digits)) => digits,
            None => rest[quoted..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        };
        let end = quoted + digits;
        let is_plain = match rest.get(quoted) {
            Some(b'0') => digits == 1,
            _ => (1..=DIGITS).contains(&digits),
        };
        if is_plain && (quoted == 0 || rest.get(end) == Some(&b'"')) {
            self.at += end + quoted;
            return Some(());
        }
        self.skip()
    }

    /// What stands between two places.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// What was stepped over from `start` on.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Steps over a value and tells whether it was an integer.
    #[inline(always)]
    pub(crate) fn value(&mut self, depth: usize) -> Option<Value> {
        match self.bytes.get(self.at)? {
            b'0'..=b'9' => Some(Value::Integer(self.integer()?)),
            b'"' => {
                let start = self.at;
                self.at += 1;
                if let Some(value) = self.digits()
                    && self.has(b"\"")
                {
                    return Some(Value::Integer(value));
                }
                self.at = start;
                self.string().map(|_| Value::Other)
            }
            _ => self.rare(depth),
        }
    }

    fn rare(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match self.bytes.get(self.at)? {
            b't' => self.expect(b"true")?,
            b'f' => self.expect(b"false")?,
            b'n' => self.expect(b"null")?,
            b'{' => {
                self.at += 1;
                if !self.has(b"}") {
                    loop {
                        self.string()?;
                        self.expect(b":")?;
                        self.value(depth)?;
                        if !self.has(b",") {
                            self.expect(b"}")?;
                            break;
                        }
                    }
                }
            }
            b'[' => {
                self.at += 1;
                if !self.has(b"]") {
                    loop {
                        self.value(depth)?;
                        if !self.has(b",") {
                            self.expect(b"]")?;
                            break;
                        }
                    }
                }
            }
            _ => return None,
        }
        Some(Value::Other)
    }
}

/// Whether the bytes begin with a literal: as `starts_with`, but without a call, since most literals are short.
#[inline(always)]
pub(crate) fn begins(bytes: &[u8], literal: &[u8]) -> bool {
    if literal.len() > LONG {
        return bytes.starts_with(literal);
    }
    let Some(bytes) = bytes.get(..literal.len()) else { return false };
    // The last bytes are compared with what may have been compared before them.
    if let (Some(end), Some(other)) = (bytes.last_chunk::<32>(), literal.last_chunk::<32>()) {
        return bytes[..32] == literal[..32] && end == other;
    }
    if let (Some(end), Some(other)) = (bytes.last_chunk::<16>(), literal.last_chunk::<16>()) {
        return bytes[..16] == literal[..16] && end == other;
    }
    if let (Some(end), Some(other)) = (bytes.last_chunk::<8>(), literal.last_chunk::<8>()) {
        return bytes[..8] == literal[..8] && end == other;
    }
    bytes.iter().zip(literal).all(|(byte, other)| byte == other)
}

const ONES: u64 = u64::MAX / 255;

/// Ten to the power of its place.
const TENS: [i64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// Eight bytes with digits below ten, the first one lowest, and how many of them are digits.
#[inline(always)]
fn eight(bytes: [u8; 8]) -> (u64, usize) {
    let word = u64::from_le_bytes(bytes) ^ (ONES * b'0' as u64);
    let other = (((word & (ONES * 0x7f)) + ONES * (0x80 - 10)) | word) & (ONES << 7);
    (word, (other.trailing_zeros() / 8) as usize)
}

/// The value of eight digits.
#[inline(always)]
fn value(word: u64) -> i64 {
    // Sums of two, of four and of eight.
    let twos = (word.wrapping_mul(10).wrapping_add(word >> 8)) & (ONES / 257 * 0xff);
    let fours = (twos.wrapping_mul(100).wrapping_add(twos >> 16)) & 0x0000_ffff_0000_ffff;
    ((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff).cast_signed()
}

/// The value of the first digits of eight; zeros in front make them eight.
#[inline(always)]
fn front(word: u64, digits: usize) -> i64 {
    if digits == 0 { 0 } else { value(word << (64 - 8 * digits)) }
}

/// The value of the digits that stand here and how many they are, where fewer than eight do and it is not near the end.
#[inline(always)]
fn few_digits(bytes: &[u8]) -> Option<(i64, usize)> {
    let (word, digits) = eight(*bytes.first_chunk()?);
    if digits < 8 { Some((front(word, digits), digits)) } else { None }
}

/// The same for eight digits to fifteen.
#[inline(always)]
fn sixteen_digits(bytes: &[u8]) -> Option<(i64, usize)> {
    let (first, digits) = eight(*bytes.first_chunk()?);
    let (second, more) = eight(*bytes.get(8..)?.first_chunk()?);
    let tens = TENS.get(more).filter(|_| digits == 8)?;
    Some((value(first) * tens + front(second, more), 8 + more))
}

/// The length of a string's content up to its closing quote; none where something in it has to be unescaped or is not allowed.
#[inline(always)]
fn plain(bytes: &[u8]) -> Option<usize> {
    const HIGH: u64 = ONES << 7;
    let mut at = 0;
    // Eight bytes at once: a byte is zero where it is the one looked for.
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let quote = zero(word ^ (ONES * b'"' as u64));
        let escape = zero(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = quote | escape | control;
        if found != 0 {
            // Only the lowest of the marks is certain, and it is the first.
            let first = found & found.wrapping_neg();
            return (quote & first != 0).then(|| at + (first.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = &bytes[at..];
    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
    (rest[length] == b'"').then_some(at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_stands() {
        for length in 0..40 {
            let text: String = "aä€ z"
                .chars()
                .cycle()
                .scan(0, |bytes, next| {
                    *bytes += next.len_utf8();
                    (*bytes <= length).then_some(next)
                })
                .collect();
            let json = format!("\"{text}\",\"more\\\"\u{1}");
            assert_eq!(Scan::new(json.as_bytes()).string(), Some(text.as_bytes()));
            for bad in ['\\', '\n', '\u{0}', '\u{1f}'] {
                let json = format!("\"{text}{bad}\"");
                assert_eq!(Scan::new(json.as_bytes()).string(), None, "{json:?}");
            }
            assert_eq!(Scan::new(&json.as_bytes()[..=text.len()]).string(), None);
        }
    }

    #[test]
    fn digits_are_read_wherever_they_end() {
        let long = "123456789012345678";
        let texts = (1..=long.len()).map(|length| &long[..length]).chain(["0", "0042"]);
        for text in texts.chain(["10000000", "100000000", "0123456789"]) {
            for behind in ["", ",", "\"", "/", ":", "x", "\u{80}", "\u{ff}", ",12345678901234567"] {
                let json = format!("{text}{behind}");
                let mut scan = Scan::new(json.as_bytes());
                assert_eq!(scan.digits(), text.parse().ok(), "{json}");
                assert_eq!(scan.at, text.len(), "{json}");
                let mut scan = Scan::new(json.as_bytes());
                let is_plain = text == "0" || !text.starts_with('0');
                assert_eq!(scan.skip_integer().is_some(), is_plain, "{json}");
                assert!(!is_plain || scan.at == text.len(), "{json}");
            }
        }
        for none in ["", "x", "-1", "/234567890", ":234567890", "\u{b0}2345678"] {
            assert_eq!(Scan::new(none.as_bytes()).digits(), None, "{none}");
            assert_eq!(Scan::new(none.as_bytes()).skip_integer(), None, "{none}");
        }
        assert_eq!(Scan::new(b"1234567890123456789").digits(), None);
        assert_eq!(Scan::new(b"1234567890123456789").skip_integer(), None);
    }

    #[test]
    fn a_line_ends_at_its_newline_or_with_the_bytes() {
        for (text, end) in [("", Some(0)), (" \r\n{}", Some(2)), ("\n", Some(0)), (" x\n", None)] {
            assert_eq!(Scan::new(text.as_bytes()).end_of_line(), end, "{text:?}");
        }
    }

    #[test]
    fn a_literal_is_found_where_the_bytes_begin_with_it() {
        let text: Vec<u8> = (0..200).collect();
        for length in (0..70).chain([LONG - 1, LONG, LONG + 1]) {
            for from in 0..2 {
                let literal = &text[from..from + length];
                assert_eq!(begins(&text, literal), text.starts_with(literal), "{from} {length}");
            }
            assert!(!begins(&text[..length], &text[..=length]));
            for at in 0..length {
                let mut literal = text[..length].to_vec();
                literal[at] ^= 1;
                assert!(!begins(&text, &literal), "{at} of {length}");
            }
        }
    }

    #[test]
    fn what_is_stepped_over_is_json() {
        let values = [
            "0",
            "17",
            "\"\"",
            "\"a\"",
            "true",
            "false",
            "null",
            "[]",
            "{}",
            "[1,[2,\"x\"]]",
            "{\"a\":{\"b\":[]},\"c\":1}",
        ];
        for value in values {
            let mut scan = Scan::new(value.as_bytes());
            assert!(scan.skip().is_some() && scan.rest().is_empty(), "{value}");
            serde_json::from_str::<serde::de::IgnoredAny>(value).unwrap();
        }
        // Some of it is JSON, but not what Spark prints for the numbers that are read here.
        for value in ["", "01", "-1", "1.5", "1e3", "[1,]", "{\"a\"}", "{a:1}", "[1", " 1", "tru"] {
            let mut scan = Scan::new(value.as_bytes());
            assert!(scan.skip().is_none() || !scan.rest().is_empty(), "{value}");
        }
        assert!(Scan::new("[".repeat(100_000).as_bytes()).skip().is_none());
        assert!(Scan::new(b"9999999999999999999").integer().is_none());
        assert_eq!(Scan::new(b"\"0042\"").value(1), Some(Value::Integer(42)));
    }

    #[test]
    fn keys_that_repeat_or_come_late_are_not_accepted() {
        let keys: [&[u8]; 2] = [b"\"a\":", b"\"b\":"];
        let read = |json: &str| {
            let mut found = [None, None];
            let mut scan = Scan::new(json.as_bytes());
            scan.object(&keys, |scan, key| {
                found[key] = Some(scan.integer()?);
                Some(())
            })?;
            scan.rest().is_empty().then_some(found)
        };
        assert_eq!(read(r#"{"a":1,"x":[2],"b":3,"y":4}"#), Some([Some(1), Some(3)]));
        assert_eq!(read("{}"), Some([None, None]));
        for json in
            [r#"{"a":1,"a":2}"#, r#"{"b":1,"a":2}"#, r#"{"a":1,}"#, r#"{"a":1"#, r#"{"\u0061":1}"#]
        {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
