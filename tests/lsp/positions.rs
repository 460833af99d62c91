//! Columns in both encodings: characters outside the basic plane count one, two or four.

use serde_json::json;

use super::client::{Client, Start, offset, position};

const URI: &str = "file:///nowhere/job.py";

fn session(utf8: bool) -> Client {
    let encodings: &[&str] = if utf8 { &["utf-8", "utf-16"] } else { &["utf-16"] };
    Start::encodings(encodings).start()
}

#[test]
fn diagnostics_move_with_edits_among_astral_characters() {
    for utf8 in [false, true] {
        let width = |characters: u64| characters * if utf8 { 4 } else { 2 };
        let mut client = session(utf8);
        let mut text = "s = \"😀𝛼\"  # stagelight: ignore[no-such] 🧯\nt = 1\n".to_owned();
        client.open(URI, "python", &text);
        let expected = |text: &str| {
            let start = text.find("# stagelight").unwrap();
            let end = start + text[start..].find('\n').unwrap();
            json!({"start": position(text, start, utf8), "end": position(text, end, utf8)})
        };
        let range = client.diagnostics(URI, 1)[0]["range"].clone();
        assert_eq!(range, expected(&text));
        assert_eq!(range["start"]["character"], 8 + width(2));
        // In terms of the text before each: into a string, between two halves of nothing, over a line's end, the whole text.
        let edits = [
            ("😀", "😀👩‍🚀", 1),
            ("s = ", "", 1),
            ("𝛼\"", "\"", 1),
            ("t = 1", "u = '🎭'\nv = 2", 1),
            ("\"😀", "x = (\n    1,\n)\ny = \"😀ß", 1),
        ];
        for (number, (from, to, _)) in edits.iter().enumerate() {
            let start = text.find(from).unwrap();
            let end = start + from.len();
            let change = json!([{"text": to, "range": {
                "start": position(&text, start, utf8), "end": position(&text, end, utf8)}}]);
            text.replace_range(start..end, to);
            let version = number as i64 + 2;
            client.change(URI, version, change);
            let diagnostics = client.diagnostics(URI, version);
            assert_eq!(diagnostics.len(), 1, "{text}");
            assert_eq!(diagnostics[0]["range"], expected(&text), "{text}");
        }
        assert!(client.shut_down().success());
    }
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit.max(1) as u64) as usize
    }
}

#[test]
fn edited_in_pieces_is_as_opened_at_once() {
    const PIECES: [&str; 12] = [
        "x = 1\n",
        "# stagelight: ignore[a]\n",
        "😀",
        "\r\n",
        "\n",
        "    ",
        "df.collect()\n",
        "\"\"\"",
        "ß",
        "  # stagelight: ignore[b, c] 🎭\n",
        "\r",
        "\u{2028}\u{c}",
    ];
    for utf8 in [false, true] {
        let mut numbers = Numbers(if utf8 { 7 } else { 11 });
        let mut client = session(utf8);
        let mut text = "import pyspark\n".to_owned();
        client.open(URI, "python", &text);
        let mut version = 1;
        for _ in 0..60 {
            version += 1;
            let mut changes = Vec::new();
            // Now and then many at once, which the server treats differently.
            let count = if version % 20 == 0 { 12 } else { 1 + numbers.below(3) };
            for _ in 0..count {
                let boundaries: Vec<usize> = text
                    .char_indices()
                    .map(|(at, _)| at)
                    .chain([text.len()])
                    // No editor addresses the middle of a line's end.
                    .filter(|&at| !(text[..at].ends_with('\r') && text[at..].starts_with('\n')))
                    .collect();
                let from = numbers.below(boundaries.len());
                let to = (from + numbers.below(6)).min(boundaries.len() - 1);
                let piece = PIECES[numbers.below(PIECES.len())];
                let range = json!({"start": at(&text, boundaries[from], utf8), "end": at(&text, boundaries[to], utf8)});
                changes.push(json!({"range": range, "text": piece}));
                text.replace_range(boundaries[from]..boundaries[to], piece);
            }
            client.change(URI, version, json!(changes));
        }
        let edited = client.diagnostics(URI, version);
        client.open("file:///nowhere/fresh.py", "python", &text);
        let fresh = client.diagnostics("file:///nowhere/fresh.py", 1);
        assert_eq!(json!(edited), json!(fresh), "{text:?}");
        assert!(client.shut_down().success());
    }
}

/// The position of a byte where `\r`, `\n` and both together end a line.
fn at(text: &str, byte: usize, utf8: bool) -> serde_json::Value {
    let mut plain = text[..byte].replace("\r\n", "\n").replace('\r', "\n");
    let end = plain.len();
    plain.push('\n');
    position(&plain, end, utf8)
}

#[test]
fn actions_and_hovers_understand_the_encoding() {
    for utf8 in [false, true] {
        let mut client = session(utf8);
        let text = "s = \"😀😀😀\"  # stagelight: ignore[no-such]\n";
        client.open(URI, "python", text);
        let at = position(text, text.find("stagelight").unwrap(), utf8);
        assert_eq!(offset(text, &at, utf8), text.find("stagelight").unwrap());
        let column = at["character"].as_u64().unwrap() as u32;
        assert_ne!(client.hover(URI, 0, column), serde_json::Value::Null);
        assert_eq!(client.hover(URI, 0, column - 5), serde_json::Value::Null);
        let actions = client.actions(URI, 0, 0, None);
        let edited = super::client::applied(text, &actions[0], URI, utf8);
        assert_eq!(edited, "s = \"😀😀😀\"\n");
        assert!(client.shut_down().success());
    }
}
