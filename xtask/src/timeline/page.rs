//! All that was drawn on one page, to look at closely. It needs no network, and no server.

use super::draw::{self, escaped};
use super::layout::{Panel, SPAN};
use crate::steps::Step;

/// The page: its pictures share one axis of time.
pub fn page(drawn: &[(&Step, Vec<Panel>)]) -> String {
    let articles: String = drawn.iter().map(|(step, panels)| article(step, panels)).collect();
    include_str!("page/page.html")
        .replace("{span}", &SPAN.to_string())
        .replace("{style}", draw::STYLE)
        .replace("{script}", include_str!("page/page.js"))
        .replace("{signs}", &draw::signs())
        .replace("{articles}", &articles)
}

fn article(step: &Step, panels: &[Panel]) -> String {
    let heading = draw::heading(step);
    let panels: String = panels.iter().map(|panel| draw::interactive(&heading, panel)).collect();
    format!(
        "<article>\n<h2>{}</h2>\n<p>Who waits: {}.<br>Still wrong: {}.</p>\n{panels}</article>\n",
        escaped(&heading),
        escaped(&step.waits),
        escaped(&step.wrong)
    )
}
