//! Lines that fit.

/// What fits on any terminal, and reads well on a wide one.
pub const WIDTH: usize = 80;

/// Prose, broken between words. The first line begins with `first`, the others with `indent`.
pub fn prose(first: &str, indent: &str, text: &str) -> String {
    let (mut lines, mut line) = (String::new(), first.to_owned());
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &format!("{line}\n");
            line = indent.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    lines + &format!("{line}\n")
}

/// Bytes as they are shown, of which none may be lost: broken anywhere, but not within an escape, and
/// between words where that is outside of quotes. The first line begins with `first`, the others with
/// `indent`.
pub fn bytes(first: &str, indent: &str, text: &str) -> String {
    let mut lines = String::new();
    let (mut start, mut from) = (first, 0);
    loop {
        let (room, rest) = (WIDTH - start.chars().count(), &text[from..]);
        let Some((end, _)) = rest.char_indices().nth(room) else {
            return lines + &format!("{start}{rest}\n");
        };
        let space = last_space(&text[..from + end]).filter(|&space| space > from);
        let to = space.unwrap_or_else(|| from + whole(rest, end));
        lines += &format!("{start}{}\n", &text[from..to]);
        (start, from) = (indent, to);
    }
}

/// Behind the last space of a text that ends outside of quotes, unless a quote comes after it.
fn last_space(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped, mut space) = (false, false, None);
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => (quoted, space) = (!quoted, None),
            ' ' if !quoted => space = Some(at + 1),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    space.filter(|_| !quoted)
}

/// The last place up to `end` that is not within `\\n` or `\\xff`.
fn whole(text: &str, end: usize) -> usize {
    let mut escapes = text.match_indices('\\').map(|(at, _)| at).peekable();
    while let Some(at) = escapes.next() {
        let length = if text[at + 1..].starts_with('x') { 4 } else { 2 };
        if at >= end {
            break;
        }
        if at + length > end {
            return at;
        }
        // The second half of an escaped backslash begins nothing.
        escapes.next_if_eq(&(at + 1));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words() {
        let text = "word ".repeat(40);
        let lines = prose("  * ", "    ", &text);
        assert!(lines.lines().all(|line| line.len() <= WIDTH && line[4..].starts_with("word")));
        assert!(lines.starts_with("  * word") && lines.contains("\n    word"));
        assert_eq!(lines.matches("word").count(), 40);
        assert_eq!(prose("  ", "", "short"), "  short\n");
    }

    #[test]
    fn words_are_broken_outside_of_quotes_only() {
        for shift in 0..WIDTH {
            let quote = format!("\"{}\\\" b\"", "a ".repeat(shift));
            let text = format!("A got {quote} from byte 60 on, and no more");
            let lines = bytes("  ", "    ", &text);
            let parts: Vec<&str> = lines
                .lines()
                .enumerate()
                .map(|(i, line)| &line[if i == 0 { 2 } else { 4 }..])
                .collect();
            assert_eq!(parts.concat(), text);
            for word in ["got", "from", "byte", "60", "on,", "more"] {
                assert!(lines.split_whitespace().any(|found| found == word), "{word}: {lines}");
            }
        }
    }

    #[test]
    fn no_byte_is_lost_and_no_escape_is_torn() {
        for (text, piece) in
            [("a".repeat(200), "a"), ("\\xff".repeat(60), "\\xff"), ("\\\\".repeat(90), "\\\\")]
        {
            for shift in 0..4 {
                let text = format!("{}{text}", "-".repeat(shift));
                let lines = bytes("first ", "> ", &text);
                let parts: Vec<&str> =
                    lines.lines().map(|line| line.split_once(' ').unwrap().1).collect();
                assert_eq!(parts.concat(), text);
                assert!(
                    parts.iter().all(|part| part.trim_start_matches('-').len() % piece.len() == 0),
                    "{lines}"
                );
                assert!(lines.lines().all(|line| line.len() <= WIDTH));
            }
        }
    }
}
