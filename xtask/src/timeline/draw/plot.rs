//! The part of a picture in which a place is a time.

use super::super::layout::{Bar, Kind, Lane, QUANTUM, Row, SPAN, quantised, seconds};
use super::super::scenario::{Asked, End};
use super::{GRAIN, LANE_ROW, PLOT, escaped};

pub struct Plot {
    pub svg: String,
    /// Give the exact times, too, and nothing is too short to be there.
    exact: bool,
    /// Where what is drawn takes place: ` on worker 1`.
    place: String,
}

impl Plot {
    pub fn new(exact: bool) -> Plot {
        Plot { svg: String::new(), exact, place: String::new() }
    }

    /// What a thread did.
    pub fn lane(&mut self, lane: &Lane, top: u64, height: u64) {
        self.place = format!(" on {}", lane.label);
        self.svg += &format!(
            "<rect class=\"band\" y=\"{top}\" width=\"100%\" height=\"{height}\" rx=\"3\"/>\n"
        );
        for (row, i) in lane.rows.iter().zip(0..) {
            self.lane_row(row, top + 3 + i * LANE_ROW + LANE_ROW / 2);
        }
        self.place.clear();
    }

    /// What it did for one client.
    fn lane_row(&mut self, row: &[Bar], y: u64) {
        if let Some(first) = row.first() {
            self.word("letter", first.from, -3, y, first.client);
        }
        // What is thin first, so that moments lie on top of it.
        let (thick, thin): (Vec<&Bar>, Vec<&Bar>) =
            row.iter().partition(|bar| bar.kind == Kind::Works);
        for bar in thin {
            match bar.kind {
                Kind::Queued => self.dashes(bar, y),
                _ => self.block("waits", bar, 2, y),
            }
        }
        for bar in thick {
            if bar.is_moment() {
                self.block("moment", bar, 10, y);
            } else {
                self.block("works", bar, 10, y);
                self.inside("in", (bar.from, bar.to), y, &format!("works for {}", bar.client));
            }
        }
    }

    /// How it was for clients that share a row.
    pub fn clients(&mut self, group: &[Row], middle: u64) {
        let top = middle - 3 * (group.len() as u64 - 1) / 2;
        for (row, i) in group.iter().zip(0..) {
            let y = top + 3 * i;
            self.block("stay", &during(row, "is there", row.came, row.left), 1, y);
            for asked in &row.asked {
                self.asked(row, asked, y);
            }
        }
    }

    fn asked(&mut self, row: &Row, asked: &Asked, y: u64) {
        let (at, end) = (asked.at, asked.end.at());
        let (says, sign, word) = match asked.end {
            End::Answered(_) => {
                ("asks and is answered", r#"<path class="full" d="M0-4L4 0L0 4L-4 0z"/>"#, "")
            }
            End::HungUp(_) => {
                ("asks and is hung up on", r#"<path d="M-4-4L4 4M-4 4L4-4"/>"#, "hung up")
            }
            End::GaveUp(_) => ("asks and gives up", r#"<path d="M-4 0L4 0"/>"#, "no answer"),
        };
        self.block("asks", &during(row, says, at, end), 12, y);
        self.inside("wait", (at, end), y, &seconds(quantised(end) - quantised(at)));
        self.mark(row.client, at, y, r#"<circle r="5.5"/>"#);
        self.mark(row.client, end, y, sign);
        self.word("word", end, 9, y, word);
    }

    /// A bar that is so high.
    fn block(&mut self, class: &str, bar: &Bar, height: u64, y: u64) {
        let (left, right) = (x(bar.from), x(bar.to));
        // A moment has a width of its own.
        let width = if class == "moment" { 2 } else { right - left };
        if self.is_in(left) && (width > 0 || self.exact) {
            self.svg += &format!(
                r#"<rect class="{class} {}" x="{left}" y="{}" width="{width}" height="{height}"{}"#,
                colour(bar.client),
                y - height / 2,
                self.about(bar, "rect")
            );
        }
    }

    fn dashes(&mut self, bar: &Bar, y: u64) {
        let (left, right) = (x(bar.from), x(bar.to));
        self.svg += &format!(
            r#"<line class="queued {}" x1="{left}" x2="{right}" y1="{y}" y2="{y}"{}"#,
            colour(bar.client),
            self.about(bar, "line")
        );
    }

    /// The rest of an element: what it shows, in words.
    fn about(&self, bar: &Bar, element: &str) -> String {
        let says = escaped(&format!("{}{}: {}", bar.client, self.place, bar.says.join(", ")));
        if self.exact {
            format!("{} data-says=\"{says}\"/>\n", self.stretch(bar.from, bar.to))
        } else {
            format!("><title>{says}</title></{element}>\n")
        }
    }

    /// A sign at a moment.
    fn mark(&mut self, client: &str, at: u64, y: u64, sign: &str) {
        if self.is_in(x(at)) {
            self.svg +=
                &format!("<g class=\"mark {}\"{}>{sign}</g>\n", colour(client), self.moment(at, y));
        }
    }

    /// A word at a moment: behind it, or before it if the offset is negative.
    fn word(&mut self, class: &str, at: u64, offset: i64, y: u64, says: &str) {
        if !says.is_empty() && self.is_in(x(at)) {
            let anchor = if offset < 0 { "end" } else { "start" };
            self.svg += &format!(
                "<text class=\"{class}\" x=\"{offset}\" y=\"4\" text-anchor=\"{anchor}\"{}>{says}</text>\n",
                self.moment(at, y)
            );
        }
    }

    /// Words in the middle of a stretch, if they find room there.
    fn inside(&mut self, class: &str, (from, to): (u64, u64), y: u64, says: &str) {
        let (left, right) = (x(from), x(to));
        if right - left >= length(says) || self.exact {
            self.svg += &format!(
                "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\"{}>{says}</text>\n",
                (left + right) / 2,
                y + 4,
                self.stretch(from, to)
            );
        }
    }

    /// Whether a place is in the picture. (The page can move it there.)
    fn is_in(&self, x: u64) -> bool {
        x < PLOT || self.exact
    }

    /// For the page's script: from when to when something lasts.
    fn stretch(&self, from: u64, to: u64) -> String {
        if self.exact { format!(" data-from=\"{from}\" data-to=\"{to}\"") } else { String::new() }
    }

    /// Where something at a moment is; and, for the page's script, when.
    fn moment(&self, at: u64, y: u64) -> String {
        let place = format!(" transform=\"translate({} {y})\"", x(at));
        if self.exact { format!("{place} data-at=\"{at}\" data-y=\"{y}\"") } else { place }
    }
}

/// Where a time is.
pub fn x(time: u64) -> u64 {
    time.min(SPAN) / QUANTUM * GRAIN
}

/// How long words are, at most and on average.
pub fn length(words: &str) -> u64 {
    7 * words.chars().count() as u64
}

/// Something that lasts, for a client.
fn during(row: &Row, says: &str, from: u64, to: u64) -> Bar {
    Bar { client: row.client, kind: Kind::Waits, from, to, says: vec![says.into()] }
}

/// The class of a client's colour. The silent ones have one together.
fn colour(client: &str) -> &'static str {
    match client {
        "A" => "a",
        "B" => "b",
        "C" => "c",
        _ => "s",
    }
}
