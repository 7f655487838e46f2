//! Every page of the site, as HTML. They need no script and nothing from anywhere else: one
//! request brings all there is to see, so that it is clear who waits for it.

use std::fmt;

use http_lite::{Response, Status};

use crate::error::reason;
use crate::game::{Game, HIGHEST, Id, LOWEST};
use crate::steps::{STEPS, Step};

/// What the game is called.
const GAME: &str = "Guess the number";

/// The first page: what this step is about, and what there is. `host` is whom the client asked.
pub fn index(name: &str, host: &str) -> String {
    let (kicker, title, facts) = match Step::find(name) {
        Some(step) => (
            format!("Who Waits? · step {} of {}", step.number(), STEPS.len()),
            sentence(step.idea),
            facts(step),
        ),
        None => ("Who Waits?".to_owned(), "One of several servers".to_owned(), String::new()),
    };
    let main = format!(
        include_str!("pages/index.html"),
        kicker = kicker,
        title = Escaped(&title),
        name = Escaped(name),
        facts = facts,
        host = Escaped(host),
    );
    page(&title, &main)
}

fn facts(step: &Step) -> String {
    let previous = match step.previous {
        Some(previous) => format!("<code>{}</code>", Escaped(previous)),
        None => "nothing: it is the first".to_owned(),
    };
    format!(
        include_str!("pages/facts.html"),
        waits = code(step.waits),
        state = code(step.state),
        wrong = code(step.wrong),
        previous = previous,
    )
}

/// Where a guessing game is started.
pub fn entrance() -> String {
    let main = format!(include_str!("pages/entrance.html"), lowest = LOWEST, highest = HIGHEST);
    page(GAME, &main)
}

/// A guessing game, with what the player is told now. That is in the title as well, which a screen
/// reader reads out when the page has come.
pub fn game(id: Id, game: &Game, said: &str) -> String {
    let said = sentence(said);
    let (from, to) = (game.from, game.to);
    let tries = if game.tries == 1 { "1 try".to_owned() } else { format!("{} tries", game.tries) };
    let known = match game.tries {
        0 => format!("It is from {from} to {to}."),
        _ if game.won => format!("You needed {tries}."),
        _ => format!("It is from {from} to {to}, after {tries}."),
    };
    let then = if game.won {
        include_str!("pages/won.html").to_owned()
    } else {
        format!(include_str!("pages/guess.html"), id = id, lowest = LOWEST, highest = HIGHEST)
    };
    let share = |numbers: u64| numbers * 100 / (HIGHEST - LOWEST + 1);
    let main = format!(
        include_str!("pages/game.html"),
        game = GAME,
        said = Escaped(&said),
        known = known,
        left = share(from - LOWEST),
        width = share(to + 1 - from),
        then = then,
        id = id,
    );
    page(&format!("{said} · {GAME}"), &main)
}

/// A page that says what is wrong.
pub fn error(status: Status, detail: &str) -> Response {
    let title = reason(status);
    let main = format!(
        include_str!("pages/error.html"),
        code = status.code(),
        title = title,
        detail = Escaped(&sentence(detail)),
    );
    response(status, page(title, &main))
}

/// A response with this page. The policy allows what the pages need: their own style, and forms
/// that lead back here. Whatever else got into a page, no browser would run it or load it.
pub fn response(status: Status, page: String) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    Response::html(status, page)
        .with("Content-Security-Policy", POLICY)
        .with("X-Content-Type-Options", "nosniff")
}

/// A whole page around its main part, which is HTML already.
fn page(title: &str, main: &str) -> String {
    format!(
        include_str!("pages/layout.html"),
        title = Escaped(title),
        style = include_str!("pages/style.css"),
        main = main,
    )
}

/// The text with a capital letter at its start.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The text as HTML, with what stands between backticks as code.
fn code(text: &str) -> String {
    let mut html = String::new();
    for (at, part) in text.split('`').enumerate() {
        let part = Escaped(part);
        html += &if at % 2 == 0 { part.to_string() } else { format!("<code>{part}</code>") };
    }
    html
}

/// A text as HTML shows it, also within a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['&', '<', '>', '"', '\'']) {
            let (text, special) = match part.char_indices().next_back() {
                Some((at, '&')) => (&part[..at], "&amp;"),
                Some((at, '<')) => (&part[..at], "&lt;"),
                Some((at, '>')) => (&part[..at], "&gt;"),
                Some((at, '"')) => (&part[..at], "&quot;"),
                Some((at, '\'')) => (&part[..at], "&#39;"),
                _ => (part, ""),
            };
            f.write_str(text)?;
            f.write_str(special)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_would_read_is_escaped() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("<script>", "&lt;script&gt;"),
            ("a & b", "a &amp; b"),
            ("\"'&&", "&quot;&#39;&amp;&amp;"),
            ("é < 語", "é &lt; 語"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }

    #[test]
    fn a_name_that_is_no_step_has_a_page_and_is_escaped() {
        let page = index("<i>my own</i>", "<i>");
        assert!(page.contains("<code>&lt;i&gt;my own&lt;/i&gt;</code>"), "{page}");
        assert!(page.contains(" http://&lt;i&gt;/echo</code>"), "{page}");
        assert!(!page.contains("<i>"), "{page}");
    }

    #[test]
    fn backticks_mark_code() {
        assert_eq!(code("a `Session` & more"), "a <code>Session</code> &amp; more");
        assert_eq!(code("`<b>`"), "<code>&lt;b&gt;</code>");
    }

    #[test]
    fn every_step_is_explained() {
        for step in STEPS {
            let page = index(step.name, "localhost");
            for fact in [step.waits, step.state, step.wrong] {
                let fact = code(fact);
                assert!(page.contains(&fact), "{}: {fact}", step.name);
            }
        }
    }
}
