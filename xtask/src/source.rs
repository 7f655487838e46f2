//! Rust source, seen as tokens: just enough of a lexer to tell code from comments and text.
//!
//! `diff` shows code without its comments, `tidy` looks for what code may not say. Both would be
//! fooled by a search in plain text: a `//` inside a string, a `'` that begins a lifetime, a
//! forbidden name in a sentence about it. Unfinished input never panics; it ends the last token.

use std::ops::Range;

/// What a token is, as far as `diff` and `tidy` care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier, a keyword or the digits of a number.
    Word,
    /// `'a`
    Lifetime,
    /// `"text"`, raw or not, also `c"text"`.
    Text,
    /// `'c'`
    Char,
    /// `b"bytes"` and `b'b'`, raw or not.
    Bytes,
    /// A line comment or a whole block comment, documentation included.
    Comment,
    /// Any other character, one at a time.
    Punct,
}

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Offset of the first byte.
    pub start: usize,
    /// The line of the first byte, from 1.
    pub line: usize,
}

impl Token<'_> {
    /// Is this the one character `c`, outside of any literal?
    pub fn is(&self, c: char) -> bool {
        self.kind == Kind::Punct && self.text.starts_with(c)
    }

    /// Is this the identifier or keyword `word`?
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    /// The line of the last byte, from 1.
    fn last_line(&self) -> usize {
        self.line + self.text.matches('\n').count()
    }
}

/// Every token of `source`, in order; white space is dropped.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(c) = source[at..].chars().next() {
        if c.is_whitespace() {
            line += usize::from(c == '\n');
            at += c.len_utf8();
            continue;
        }
        let (kind, length) = first_token(&source[at..], c);
        let token = Token { kind, text: &source[at..at + length], start: at, line };
        line = token.last_line();
        at += length;
        tokens.push(token);
    }
    tokens
}

/// The kind and the length in bytes of the token that `rest` begins with; `c` is its first character.
fn first_token(rest: &str, c: char) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if let Some(literal) = literal(rest) {
        return literal;
    }
    if c == '\'' {
        return quoted_or_lifetime(rest);
    }
    if is_name(c) {
        let raw = if rest.starts_with("r#") { 2 } else { 0 };
        return (Kind::Word, raw + name(&rest[raw..]));
    }
    (Kind::Punct, c.len_utf8())
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn name(rest: &str) -> usize {
    rest.find(|c| !is_name(c)).unwrap_or(rest.len())
}

/// The length of a block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// A literal in quotes, with its prefix: `b`, `c`, `r` and their combinations.
fn literal(rest: &str) -> Option<(Kind, usize)> {
    let letters = rest.find(|c| !matches!(c, 'b' | 'c' | 'r')).unwrap_or(rest.len());
    let (raw, kind) = match &rest[..letters] {
        "" | "c" => (false, Kind::Text),
        "r" | "cr" => (true, Kind::Text),
        "b" => (false, Kind::Bytes),
        "br" => (true, Kind::Bytes),
        _ => return None,
    };
    let body = &rest[letters..];
    if raw {
        // `r#name` is an identifier, `r#"` begins a string.
        let hashes = body.find(|c| c != '#').unwrap_or(body.len());
        let text = body[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = text.find(&end).map_or(text.len(), |found| found + end.len());
        return Some((kind, letters + hashes + 1 + length));
    }
    match body.chars().next()? {
        '"' => Some((kind, letters + quoted(body, '"'))),
        '\'' if kind == Kind::Bytes => Some((kind, letters + quoted(body, '\''))),
        _ => None,
    }
}

/// The length of what stands between two `quote`s, both included; a backslash hides one.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// `'c'` and `'\n'` are characters; a quote that no second one follows begins a lifetime.
fn quoted_or_lifetime(rest: &str) -> (Kind, usize) {
    let mut after = rest[1..].chars();
    match (after.next(), after.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => (Kind::Char, quoted(rest, '\'')),
        _ => (Kind::Lifetime, 1 + name(&rest[1..])),
    }
}

/// One line of code, without its comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file, from 1.
    pub number: usize,
    /// The white space before it.
    pub indent: String,
    /// The code; of a line that begins inside a literal, all of it.
    pub code: String,
}

/// The lines of `source` that hold code: no comments, and no lines that are blank without them.
pub fn code_lines(source: &str) -> Vec<Line> {
    let tokens = tokens(source);
    let mut code = String::with_capacity(source.len());
    let mut copied = 0;
    for comment in tokens.iter().filter(|token| token.kind == Kind::Comment) {
        code.push_str(&source[copied..comment.start]);
        copied = comment.start + comment.text.len();
        // `a/* */b` is two words; and what a comment spans keeps its line numbers.
        code.push(' ');
        code.extend(comment.text.chars().filter(|&c| c == '\n'));
    }
    code.push_str(&source[copied..]);

    // What stands inside a literal is not ours to trim: its later lines keep their beginning, all
    // but its last keep their end.
    let texts: Vec<Range<usize>> = tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Text | Kind::Bytes))
        .map(|literal| literal.line..literal.last_line())
        .filter(|lines| !lines.is_empty())
        .collect();
    let line = |(at, text): (usize, &str)| {
        let number = at + 1;
        let begins_inside = texts.iter().any(|lines| lines.contains(&at));
        let ends_inside = texts.iter().any(|lines| lines.contains(&number));
        let code = if begins_inside { text } else { text.trim_start() };
        let indent = text[..text.len() - code.len()].to_owned();
        let code = if ends_inside { code } else { code.trim_end() };
        let is_code = begins_inside || !code.is_empty();
        is_code.then(|| Line { number, indent, code: code.to_owned() })
    };
    code.lines().enumerate().filter_map(line).collect()
}

/// The tokens that are compiled into the program: no comments, and nothing that only a test build
/// sees (`#[cfg(test)]`, `#[test]`).
pub fn program<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let code = without_comments(tokens);
    let mut kept = Vec::with_capacity(code.len());
    let mut at = 0;
    while at < code.len() {
        let attribute = attribute(&code, at);
        if !is_test(attribute) {
            let length = attribute.len().max(1);
            kept.extend_from_slice(&code[at..at + length]);
            at += length;
        } else if attribute[1].is('!') {
            // `#![cfg(test)]` speaks of all it stands in.
            return kept;
        } else {
            at = item_end(&code, at);
        }
    }
    kept
}

/// The modules that are declared for tests only and kept in files of their own.
pub fn test_modules<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let code = without_comments(tokens);
    let mut modules = Vec::new();
    for at in 0..code.len() {
        if is_test(attribute(&code, at))
            && let [.., keyword, name, end] = &code[at..item_end(&code, at)]
            && keyword.is_word("mod")
            && end.is(';')
        {
            modules.push(name.text);
        }
    }
    modules
}

fn without_comments<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    tokens.iter().copied().filter(|token| token.kind != Kind::Comment).collect()
}

/// The `#[…]` or `#![…]` at `at`; empty where there is none.
fn attribute<'t, 'a>(code: &'t [Token<'a>], at: usize) -> &'t [Token<'a>] {
    match &code[at..] {
        [hash, bracket, ..] if hash.is('#') && bracket.is('[') => {
            &code[at..group_end(code, at + 1)]
        }
        [hash, bang, bracket, ..] if hash.is('#') && bang.is('!') && bracket.is('[') => {
            &code[at..group_end(code, at + 2)]
        }
        _ => &[],
    }
}

/// Does `attribute` keep what follows out of every build that is not for tests?
fn is_test(attribute: &[Token]) -> bool {
    let words: Vec<&str> =
        attribute.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text).collect();
    match words.as_slice() {
        ["cfg", "test"] => true,
        ["cfg", "all", conditions @ ..] => {
            conditions.contains(&"test") && !conditions.iter().any(|w| ["not", "any"].contains(w))
        }
        ["cfg" | "cfg_attr", ..] => false,
        // `#[test]`, `#[tokio::test]`
        [.., last] => *last == "test",
        [] => false,
    }
}

/// The index behind the bracket that closes the one at `open`.
fn group_end(code: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in code.iter().enumerate().skip(open) {
        if ['(', '[', '{'].iter().any(|&c| token.is(c)) {
            depth += 1;
        } else if [')', ']', '}'].iter().any(|&c| token.is(c)) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    code.len()
}

/// The index behind the item, field, arm or statement at `at`, which begins with an attribute.
fn item_end(code: &[Token], mut at: usize) -> usize {
    const ITEMS: [&str; 15] = [
        "fn",
        "mod",
        "struct",
        "enum",
        "union",
        "trait",
        "impl",
        "const",
        "static",
        "type",
        "use",
        "extern",
        "async",
        "unsafe",
        "macro_rules",
    ];
    while !attribute(code, at).is_empty() {
        at += attribute(code, at).len();
    }
    if code.get(at).is_some_and(|token| token.is_word("pub")) {
        at += 1;
        if code.get(at).is_some_and(|token| token.is('(')) {
            at = group_end(code, at);
        }
    }
    // In an item a comma stands between type parameters; a field or an arm ends there.
    let is_item = code.get(at).is_some_and(|token| ITEMS.contains(&token.text))
        && code.get(at + 1).is_some_and(|token| !token.is(':'));
    while at < code.len() {
        let token = &code[at];
        if token.is('{') {
            return group_end(code, at);
        } else if token.is('(') || token.is('[') {
            at = group_end(code, at);
        } else if token.is(';') || (token.is(',') && !is_item) {
            return at + 1;
        } else if token.is('}') {
            return at;
        } else {
            at += 1;
        }
    }
    at
}

/// A path that code names, with the groups of `use` taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// `["std", "net", "TcpStream"]`; a glob ends in `*`.
    pub segments: Vec<&'a str>,
    /// The line of the last segment.
    pub line: usize,
}

impl Path<'_> {
    /// `std::net::TcpStream`
    pub fn text(&self) -> String {
        self.segments.join("::")
    }
}

/// Every path in `code`, which holds no comments. A lone name is a path as well.
pub fn paths<'a>(code: &[Token<'a>]) -> Vec<Path<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        at = if code[at].kind == Kind::Word { path(code, at, &[], &mut found) } else { at + 1 };
    }
    found
}

/// Takes the path at `at`, which `prefix` stands before, and returns the index behind it.
fn path<'a>(
    code: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    found: &mut Vec<Path<'a>>,
) -> usize {
    let mut segments = prefix.to_vec();
    let mut line = code.get(at).map_or(0, |token| token.line);
    while let Some(token) = code.get(at) {
        if token.is('{') && !segments.is_empty() {
            let end = group_end(code, at);
            let mut member = at + 1;
            while member + 1 < end {
                member = path(code, member, &segments, found);
                // Past `as name` to the next member.
                while member < end && !code[member].is(',') {
                    member += 1;
                }
                member += 1;
            }
            return end;
        }
        if token.kind != Kind::Word && !token.is('*') {
            break;
        }
        segments.push(token.text);
        line = token.line;
        at += 1;
        match &code[at..] {
            [one, two, next, ..]
                if one.is(':')
                    && two.is(':')
                    && (next.kind == Kind::Word || next.is('{') || next.is('*')) =>
            {
                at += 2;
            }
            _ => break,
        }
    }
    if segments.len() > prefix.len() {
        found.push(Path { segments, line });
        at
    } else {
        at + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<(Kind, &str)> {
        tokens(source).iter().map(|token| (token.kind, token.text)).collect()
    }

    fn code(source: &str) -> Vec<String> {
        code_lines(source).into_iter().map(|line| line.indent + &line.code).collect()
    }

    fn path_texts(source: &str) -> Vec<String> {
        paths(&program(&tokens(source))).iter().map(Path::text).collect()
    }

    /// This file has every kind of token.
    const ITSELF: &str = include_str!("source.rs");

    #[test]
    fn tokens_leave_out_nothing_but_white_space() {
        let mut at = 0;
        for token in tokens(ITSELF) {
            assert!(
                ITSELF[at..token.start].trim().is_empty(),
                "lost: {}",
                &ITSELF[at..token.start]
            );
            assert_eq!(token.line, 1 + ITSELF[..token.start].matches('\n').count());
            assert!(ITSELF[token.start..].starts_with(token.text));
            at = token.start + token.text.len();
        }
        assert!(ITSELF[at..].trim().is_empty());
    }

    #[test]
    fn source_that_breaks_off_anywhere_is_no_problem() {
        let source = r###"
            #![allow(a)] /* b /* c */ */ // d
            #[cfg(all(test, e))] pub(crate) fn f<'g, H>(i: &'g H) -> u8 { b'\'' + b"\"\\"[0] }
            use j::{k::{self, l as m}, n::*}; const O: &str = r#"//"p"#; '\u{71}' 'é' r#type
            #[test] #[q] mod r { "s
            t" } struct U { #[cfg(test)] v: W<X, Y>, z: c"" }"###;
        for (end, _) in source.char_indices() {
            let tokens = tokens(&source[..end]);
            let kept = program(&tokens);
            assert!(kept.len() <= tokens.len());
            assert!(paths(&kept).len() <= kept.len());
            assert!(test_modules(&tokens).len() <= 1);
            assert!(code_lines(&source[..end]).len() <= 1 + end);
        }
    }

    #[test]
    fn text_hides_comments_and_comments_hide_text() {
        assert_eq!(code(r#"let url = "http://a"; // "why""#), [r#"let url = "http://a";"#]);
        assert_eq!(code("a /* \" // */ b"), ["a   b"]);
        assert_eq!(code("a/*x*/b"), ["a b"]);
        assert_eq!(code(r#"f("\"//"); g()"#), [r#"f("\"//"); g()"#]);
        assert_eq!(code(r##"f(r#""//"#); // c"##), [r##"f(r#""//"#);"##]);
        assert_eq!(
            code("let c = '\"'; // c\nlet d = '\\''; // d"),
            ["let c = '\"';", "let d = '\\'';"]
        );
        assert_eq!(code("b'\"' // x\nb'\\'' // y"), ["b'\"'", "b'\\''"]);
    }

    #[test]
    fn comments_and_blank_lines_are_no_code() {
        let source = "//! head\n\n/// doc\nfn a() { // why\n\n    b(); /* one\n two */ c();\n}\n";
        assert_eq!(code(source), ["fn a() {", "    b();", " c();", "}"]);
        let numbers: Vec<usize> = code_lines(source).iter().map(|line| line.number).collect();
        assert_eq!(numbers, [4, 6, 7, 8]);
    }

    #[test]
    fn block_comments_nest() {
        assert_eq!(code("/* a /* b */ c */ d"), ["  d"]);
        assert_eq!(kinds("/* never ends"), [(Kind::Comment, "/* never ends")]);
    }

    #[test]
    fn blank_lines_and_comment_marks_inside_text_stay() {
        let source = "let s = \"one\n\n  // two\n\"; // gone\nend();";
        assert_eq!(code(source), ["let s = \"one", "", "  // two", "\";", "end();"]);
    }

    #[test]
    fn a_quote_begins_a_character_or_a_lifetime() {
        assert_eq!(
            kinds("&'a str"),
            [(Kind::Punct, "&"), (Kind::Lifetime, "'a"), (Kind::Word, "str")]
        );
        assert_eq!(kinds("'a'"), [(Kind::Char, "'a'")]);
        assert_eq!(kinds(r"'\u{1F600}'"), [(Kind::Char, r"'\u{1F600}'")]);
        assert_eq!(kinds("'é'"), [(Kind::Char, "'é'")]);
        let generic = kinds("<'a, 'b>");
        assert_eq!((generic[1], generic[3]), ((Kind::Lifetime, "'a"), (Kind::Lifetime, "'b")));
    }

    #[test]
    fn prefixes_belong_to_their_literals() {
        assert_eq!(kinds("b\"x\""), [(Kind::Bytes, "b\"x\"")]);
        assert_eq!(kinds("br#\"x\"#"), [(Kind::Bytes, "br#\"x\"#")]);
        assert_eq!(kinds("c\"x\""), [(Kind::Text, "c\"x\"")]);
        assert_eq!(kinds("r#type"), [(Kind::Word, "r#type")]);
        assert_eq!(kinds("bar"), [(Kind::Word, "bar")]);
        assert_eq!(kinds("r"), [(Kind::Word, "r")]);
    }

    #[test]
    fn what_only_tests_see_is_not_the_program() {
        let left = |source: &str| {
            let words: Vec<String> =
                program(&tokens(source)).iter().map(|token| token.text.to_owned()).collect();
            words.join(" ")
        };
        assert_eq!(left("a(); #[cfg(test)] mod tests { b(); } c();"), "a ( ) ; c ( ) ;");
        assert_eq!(left("#[test] #[ignore] fn f<A, B>() { b() } c();"), "c ( ) ;");
        assert_eq!(left("#[cfg(all(test, unix))] use a::{b, c}; d"), "; d");
        assert_eq!(left("struct S { #[cfg(test)] seen: u8, kept: u8 }"), "struct S { kept : u8 }");
        assert_eq!(left("struct S { #[cfg(test)] pub a: X<u8>, b: u8 }"), "struct S { b : u8 }");
        assert_eq!(left("#[cfg(not(test))] fn f() {}"), "# [ cfg ( not ( test ) ) ] fn f ( ) { }");
        assert_eq!(left("a(); #![cfg(test)] b();"), "a ( ) ;");
        assert_eq!(left("#[cfg(feature = \"test\")] a"), "# [ cfg ( feature = \"test\" ) ] a");
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_named() {
        let source = "#[cfg(test)]\nmod tests;\nmod pool;\n#[cfg(test)] mod inline { }";
        assert_eq!(test_modules(&tokens(source)), ["tests"]);
    }

    #[test]
    fn groups_of_use_are_taken_apart() {
        assert_eq!(
            path_texts("use std::{fs, net::{self, TcpStream as S}, io::*};"),
            ["use", "std::fs", "std::net::self", "std::net::TcpStream", "std::io::*"]
        );
        assert_eq!(
            path_texts("::std::net::TcpStream::connect(a)").first().unwrap(),
            "std::net::TcpStream::connect"
        );
        assert_eq!(
            path_texts("Vec::<std::net::IpAddr>::new()"),
            ["Vec", "std::net::IpAddr", "new"]
        );
        assert_eq!(path_texts("// std::net\n\"std::fs\""), [""; 0]);
    }
}
