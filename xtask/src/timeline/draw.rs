//! Draws a step as SVG: for each scenario the threads, and below them the clients.

mod plot;

use std::slice;

use super::layout::{Lane, Panel, QUANTUM, Row, SPAN};
use crate::steps::Step;
use plot::Plot;

/// The colours and the type, for a picture by itself and for the page.
pub const STYLE: &str = include_str!("draw/picture.css");

/// How many pixels a quantum has.
const GRAIN: u64 = 7;
/// Where time begins: on the left are the names.
const LEFT: u64 = 124;
const PLOT: u64 = SPAN / QUANTUM * GRAIN;
const RIGHT: u64 = 16;
const WIDTH: u64 = LEFT + PLOT + RIGHT;

/// Heights of what is set one below the other.
const HEADER: u64 = 58;
const LINE: u64 = 18;
const CAPTION: u64 = 20;
const LANE_ROW: u64 = 14;
const LANE_GAP: u64 = 4;
const CLIENT_ROW: u64 = 18;
const AXIS: u64 = 20;
const PANEL_GAP: u64 = 22;
const LEGEND: u64 = 30;

/// Signs, how wide each is, and what it means.
const SIGNS: [(&str, u64, &str); 7] = [
    (r#"<rect class="works a" y="1" width="24" height="10"/>"#, 24, "works"),
    (r#"<rect class="moment a" x="1" y="1" width="2" height="10"/>"#, 4, "for a moment"),
    (r#"<rect class="waits a" y="5" width="24" height="2"/>"#, 24, "waits"),
    (r#"<line class="queued a" x2="24" y1="6" y2="6"/>"#, 24, "in a queue"),
    (r#"<g class="mark a" transform="translate(6 6)"><circle r="5"/></g>"#, 12, "asked"),
    (
        r#"<g class="mark a" transform="translate(5 6)"><path class="full" d="M0-4L4 0L0 4L-4 0z"/></g>"#,
        10,
        "answered",
    ),
    (
        r#"<g class="mark a" transform="translate(5 6)"><path d="M-4-4L4 4M-4 4L4-4"/></g>"#,
        10,
        "hung up on",
    ),
];

/// The picture of a step by itself, as a file.
pub fn picture(step: &Step, panels: &[Panel]) -> String {
    let (heading, waits) = (escaped(&heading(step)), escaped(&step.waits));
    let description = escaped(&describe(panels));
    let height = HEADER + panels.iter().map(panel_height).sum::<u64>() + LEGEND;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" aria-labelledby="title desc">
<title id="title">{heading}: who waits, and who works</title>
<desc id="desc">{description}</desc>
<style>
{STYLE}</style>
<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>
<text class="heading" x="16" y="28">{heading}</text>
<text class="mute" x="16" y="47">who waits: {waits}</text>
"#
    );
    let mut top = HEADER;
    for panel in panels {
        svg += &format!("<g transform=\"translate(0 {top})\">\n{}</g>\n", draw(panel, false));
        top += panel_height(panel);
    }
    svg + &format!("<g transform=\"translate(16 {})\">\n{}</g>\n</svg>\n", top + 8, legend())
}

/// One scenario, as a part of the page: with the exact times, for a script to lay out again.
pub fn interactive(name: &str, panel: &Panel) -> String {
    let height = panel_height(panel) - PANEL_GAP;
    let label = escaped(&format!("{name}. {}", describe(slice::from_ref(panel))));
    format!(
        r#"<svg class="timeline" role="group" tabindex="0" aria-label="{label}" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" data-left="{LEFT}" data-right="{RIGHT}">
{}</svg>
"#,
        draw(panel, true)
    )
}

/// `04 a fixed number of workers`.
pub fn heading(step: &Step) -> String {
    format!("{} {}", step.number(), step.idea)
}

/// All that the clients' rows show, in words.
fn describe(panels: &[Panel]) -> String {
    let panel = |panel: &Panel| {
        let said = panel.rows.iter().map(Row::says).filter(|says| !says.is_empty());
        [vec![panel.title.to_owned()], said.collect()].concat().join(" ")
    };
    panels.iter().map(panel).collect::<Vec<_>>().join(" ")
}

/// The signs in a row, for the foot of a picture.
fn legend() -> String {
    let mut svg = String::new();
    let mut at = 0;
    for (sign, width, meaning) in SIGNS {
        let text = format!(r#"<text x="{}" y="10">{meaning}</text>"#, width + 5);
        svg += &format!("<g transform=\"translate({at} 0)\">{sign}{text}</g>\n");
        at += width + 5 + plot::length(meaning) + 10;
    }
    svg
}

/// The signs one by one, for a page.
pub fn signs() -> String {
    let sign = |(sign, width, meaning)| {
        let svg = format!(r#"<svg class="timeline" width="{width}" height="12">{sign}</svg>"#);
        format!("<span>{svg} {meaning}</span>\n")
    };
    SIGNS.map(sign).concat()
}

/// A scenario: its title, the names on the left, and what took place.
fn draw(panel: &Panel, exact: bool) -> String {
    let mut names = String::new();
    let mut top = 0;
    for line in title_lines(panel) {
        top += LINE;
        let line = escaped(line.trim_end());
        names += &format!("<text class=\"title\" x=\"16\" y=\"{}\">{line}</text>\n", top - 4);
    }
    let start = top;
    let mut plot = Plot::new(exact);
    names += &caption(top, "server’s threads");
    top += CAPTION;
    for lane in &panel.lanes {
        let height = lane_height(lane);
        names += &name(top + height / 2, &escaped(&lane.label));
        plot.lane(lane, top - start, height);
        top += height + LANE_GAP;
    }
    names += &caption(top, "clients");
    top += CAPTION;
    for group in groups(&panel.rows) {
        let middle = top + CLIENT_ROW / 2;
        names += &name(middle, &who(group));
        plot.clients(group, middle - start);
        top += CLIENT_ROW;
    }
    let height = top - start + AXIS;
    let (axis, plot) = (axis(panel, height), plot.svg);
    format!(
        r#"{names}<svg class="plot" x="{LEFT}" y="{start}" width="{PLOT}" height="{height}">
{axis}{plot}</svg>
"#
    )
}

fn caption(top: u64, says: &str) -> String {
    format!("<text class=\"mute\" x=\"16\" y=\"{}\">{says}</text>\n", top + 15)
}

fn name(middle: u64, says: &str) -> String {
    format!("<text x=\"16\" y=\"{}\">{says}</text>\n", middle + 4)
}

/// A sentence a line: so it fits on a telephone, too.
fn title_lines(panel: &Panel) -> impl Iterator<Item = &str> {
    panel.title.split_inclusive(". ")
}

/// Clients that ask something have a row each; those who are silent one after the other share one.
fn groups(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|one, other| one.asked.is_empty() && other.asked.is_empty())
}

fn who(group: &[Row]) -> String {
    let name = |row: &Row| format!("<tspan class=\"name\">{}</tspan>", row.client);
    match group {
        [first, .., last] => format!("{}–{} {}", name(first), name(last), first.does),
        rows => rows.iter().map(|row| format!("{} {}", name(row), row.does)).collect(),
    }
}

fn panel_height(panel: &Panel) -> u64 {
    let title = title_lines(panel).count() as u64 * LINE;
    let lanes: u64 = panel.lanes.iter().map(|lane| lane_height(lane) + LANE_GAP).sum();
    let clients = groups(&panel.rows).count() as u64 * CLIENT_ROW;
    title + CAPTION + lanes + CAPTION + clients + AXIS + PANEL_GAP
}

fn lane_height(lane: &Lane) -> u64 {
    lane.rows.len() as u64 * LANE_ROW + 6
}

/// A line for every half of a second, and the time at its foot.
fn axis(panel: &Panel, height: u64) -> String {
    let mut svg = format!("<g class=\"axis\" data-height=\"{height}\">\n");
    let foot = height - AXIS;
    for time in (0..=SPAN).step_by(500_000) {
        let (at, end) = (plot::x(time), time == SPAN);
        let says = match time {
            0 => "0 s".to_owned(),
            SPAN if panel.end() > SPAN => "and goes on →".to_owned(),
            _ => (time as f64 / 1e6).to_string(),
        };
        let (anchor, x) = if end { ("end", at - 3) } else { ("start", at + 3) };
        svg += &format!(
            r#"<line x1="{at}" x2="{at}" y1="0" y2="{}"/><text x="{x}" y="{}" text-anchor="{anchor}">{says}</text>
"#,
            foot + 8,
            foot + 16
        );
    }
    svg + "</g>\n"
}

/// Text as HTML and XML take it, in an attribute, too.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
