//! What came of a check, for people and for programs.

use std::fmt::Write;

use conform::{Case, Finding, Outcome, Property, Protocol, Report};
use serde_json::{Value, json};

use crate::steps::Step;

/// All that is reported.
pub struct Findings<'a> {
    /// What was checked.
    pub name: &'a str,
    /// Where its random input came from.
    pub seed: u64,
    pub report: &'a Report,
    /// Ours: who has a property first is told.
    pub steps: &'a [Step],
}

pub fn fails(outcome: &Outcome) -> bool {
    matches!(outcome.finding, Finding::Fails { .. })
}

/// The first step that does not declare to fail a case of a property.
fn first_step(property: Property, steps: &[Step]) -> Option<&str> {
    let cases = conform::cases();
    let fails = |step: &Step, case: &Case| step.fails.iter().any(|name| name == case.name);
    let has =
        |step: &&Step| !cases.iter().any(|case| case.property == property && fails(step, case));
    steps.iter().find(has).map(|step| step.name.as_str())
}

/// The properties that these cases are instances of, with them.
fn by_property<T>(items: &[T], property_of: impl Fn(&T) -> Property) -> Vec<(Property, Vec<&T>)> {
    let of = |property| items.iter().filter(|item| property_of(item) == property).collect();
    let all = Property::ALL.into_iter().map(|property| (property, of(property)));
    all.filter(|(_, items): &(_, Vec<&T>)| !items.is_empty()).collect()
}

/// Every property with its lesson, the step that first has it, and its cases.
pub fn list(cases: &[Case], steps: &[Step]) -> String {
    let mut text = String::new();
    for (property, cases) in by_property(cases, |case| case.property) {
        let first = first_step(property, steps).unwrap_or("none");
        text += &format!("{property}: a server that {} (first: {first})\n", property.does());
        text += &format!("  {}\n", property.lesson());
        for case in cases {
            text += &format!("    {:30} {}\n", case.name, case.lesson);
        }
    }
    text
}

impl Findings<'_> {
    /// Property by property, with the story of what fails: of the first case of each property, or
    /// of all where they were asked for.
    pub fn text(&self, all_stories: bool) -> String {
        let Findings { name, seed, report, .. } = self;
        let seconds = report.patience.as_secs_f32();
        let mut text = format!("{name}, seed {seed}, a reply is waited for {seconds:.0} s\n\n");
        for (property, outcomes) in by_property(&report.outcomes, |outcome| outcome.case.property) {
            text += &self.heading(property, &outcomes);
            let mut failed = outcomes.iter().filter(|outcome| fails(outcome)).peekable();
            if let Some(property) = failed.peek().map(|outcome| outcome.case.property) {
                text += &format!("    {}\n", property.lesson());
                let first = first_step(property, self.steps);
                text += &first.map_or_else(String::new, |step| {
                    format!("    The first step that has it: {step}\n")
                });
            }
            for (i, outcome) in failed.enumerate() {
                text += &story(outcome, i == 0 || all_stories);
            }
            text += &differences(&outcomes);
            text += &reasons(&outcomes);
        }
        text + &self.summary()
    }

    fn heading(&self, property: Property, outcomes: &[&Outcome]) -> String {
        let mark = match self.report.has(property) {
            Some(true) => '✓',
            Some(false) => '✗',
            None => '–',
        };
        let passed = outcomes.iter().filter(|outcome| outcome.finding == Finding::Passes).count();
        let total = outcomes.len();
        format!("{mark} {property:12}  {} ({passed} of {total})\n", property.does())
    }

    fn summary(&self) -> String {
        let has = |wanted| {
            let all = Property::ALL.into_iter().filter(|&p| self.report.has(p) == Some(wanted));
            all.map(Property::name).collect::<Vec<_>>().join(", ")
        };
        let mut text = "\n".to_owned();
        for (word, properties) in [("has", has(true)), ("lacks", has(false))] {
            if !properties.is_empty() {
                text += &format!("{word}: {properties}\n");
            }
        }
        let again = |outcome: &&Outcome| outcome.tries > 1 && !fails(outcome);
        let again = self.report.outcomes.iter().filter(again).map(|outcome| outcome.case.name);
        let again: Vec<&str> = again.collect();
        if !again.is_empty() {
            text += &format!("only at the second try: {}\n", again.join(", "));
        }
        text
    }

    /// The Test Anything Protocol, version 13.
    pub fn tap(&self) -> String {
        let outcomes = &self.report.outcomes;
        let mut text = format!("TAP version 13\n1..{}\n# seed {}\n", outcomes.len(), self.seed);
        for (i, outcome) in outcomes.iter().enumerate() {
            let (n, Case { name, property, .. }) = (i + 1, outcome.case);
            match &outcome.finding {
                Finding::Passes => text += &format!("ok {n} - {property}: {name}\n"),
                Finding::Differs(what) => {
                    let what = what.lines().next().unwrap_or_default();
                    text += &format!("not ok {n} - {property}: {name} # TODO no MUST: {what}\n");
                }
                Finding::NotTried(reason) => {
                    text += &format!("ok {n} - {property}: {name} # SKIP {reason}\n");
                }
                Finding::Fails { what, transcript, cause } => {
                    text += &format!("not ok {n} - {property}: {name}\n");
                    for line in [what, *cause].into_iter().chain(transcript.lines()) {
                        text += &format!("# {}\n", line.trim());
                    }
                }
            }
        }
        text
    }

    /// The XML that JUnit writes and most services for continuous integration read.
    pub fn junit(&self) -> String {
        let outcomes = &self.report.outcomes;
        let count = |test: fn(&Outcome) -> bool| outcomes.iter().filter(|o| test(o)).count();
        let skipped =
            count(|outcome| matches!(outcome.finding, Finding::NotTried(_) | Finding::Differs(_)));
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" \
             failures=\"{}\" skipped=\"{skipped}\">\n",
            escaped(self.name),
            outcomes.len(),
            count(fails),
        );
        for outcome in outcomes {
            let Case { name, property, .. } = outcome.case;
            let seconds = outcome.took.as_secs_f32();
            text += &format!(
                "  <testcase classname=\"{property}\" name=\"{name}\" time=\"{seconds:.3}\""
            );
            text += &match &outcome.finding {
                Finding::Passes => "/>\n".into(),
                Finding::Differs(reason) | Finding::NotTried(reason) => {
                    format!("><skipped message=\"{}\"/></testcase>\n", escaped(reason))
                }
                Finding::Fails { what, transcript, cause } => format!(
                    "><failure message=\"{}\">{}</failure></testcase>\n",
                    escaped(what),
                    escaped(&format!("{cause}\n{transcript}")),
                ),
            };
        }
        text + "</testsuite>\n"
    }

    /// For other programs.
    pub fn json(&self) -> String {
        let Findings { name, seed, report, steps } = self;
        let properties: Vec<Value> = by_property(&report.outcomes, |outcome| outcome.case.property)
            .into_iter()
            .map(|(property, _)| {
                json!({
                    "name": property.name(),
                    "has": report.has(property),
                    "lesson": property.lesson(),
                    "first_step": first_step(property, steps),
                })
            })
            .collect();
        let cases: Vec<Value> = report.outcomes.iter().map(case_value).collect();
        let all = json!({
            "schema": 1,
            "target": name,
            "seed": seed,
            "patience_seconds": report.patience.as_secs_f64(),
            "properties": properties,
            "cases": cases,
        });
        format!("{all:#}\n")
    }
}

fn case_value(outcome: &Outcome) -> Value {
    let Case { name, property, protocol, lesson, .. } = outcome.case;
    let protocol = match protocol {
        Protocol::Frames => "frames",
        Protocol::Http => "http",
    };
    let mut value = json!({
        "name": name,
        "property": property.name(),
        "protocol": protocol,
        "lesson": lesson,
        "tries": outcome.tries,
        "seconds": outcome.took.as_secs_f64(),
    });
    let (result, details) = match &outcome.finding {
        Finding::Passes => ("passes", json!({})),
        Finding::Differs(what) => ("differs", json!({ "what": what })),
        Finding::NotTried(reason) => ("not-tried", json!({ "reason": reason })),
        Finding::Fails { what, transcript, cause } => {
            ("fails", json!({ "what": what, "transcript": transcript, "cause": cause }))
        }
    };
    value["result"] = result.into();
    if let Value::Object(details) = details {
        details.into_iter().for_each(|(key, detail)| value[key] = detail);
    }
    value
}

/// One case that fails: what it asks, what came instead, why usually, and what led to it.
fn story(outcome: &Outcome, whole: bool) -> String {
    let Finding::Fails { what, transcript, cause } = &outcome.finding else {
        return String::new();
    };
    let Case { name, lesson, .. } = outcome.case;
    let mut text = format!("    ✗ {name}: {lesson}\n      {what}\n");
    if whole {
        text += &format!("      {cause}\n");
        for line in transcript.lines().filter(|line| !line.trim().is_empty()) {
            text += &format!("      | {}\n", line.strip_prefix("  ").unwrap_or(line));
        }
    }
    text
}

/// What is done in another way, which is allowed.
fn differences(outcomes: &[&Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let Case { name, lesson, .. } = outcome.case;
        if let Finding::Differs(what) = &outcome.finding {
            text += &format!("    ~ {name}: {lesson}\n      {what} (no MUST)\n");
        }
    }
    text
}

/// Why cases were not tried, each reason once.
fn reasons(outcomes: &[&Outcome]) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for outcome in outcomes {
        let Finding::NotTried(reason) = &outcome.finding else { continue };
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(outcome.case.name),
            None => reasons.push((reason, vec![outcome.case.name])),
        }
    }
    let mut text = String::new();
    for (reason, names) in reasons {
        // Nothing can go wrong when a string is written to.
        let _ = writeln!(text, "    – {}: {reason}", names.join(", "));
    }
    text
}

/// Fit for an attribute or a text of XML 1.0, which has no control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            c if c.is_control() && c != '\n' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
