//! What came of a check, for people and for programs.

use conform::{Case, Finding, Level, Outcome, Property, Report, Story};
use serde_json::{Value, json};

use super::wrap;
use crate::steps::Step;

/// Where the properties are explained.
const EXPLAINED: &str = "crates/conform/README.md";

/// The version of what `--json` writes; `crates/conform/README.md` describes it.
const SCHEMA: u32 = 2;

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
    matches!(outcome.finding, Finding::Fails(_))
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
        text += &format!("{property}: a server that {}\n", property.does());
        text += &wrap::prose("  ", "  ", property.lesson());
        text += &wrap::prose("  ", "  ", property.mistake());
        text += &format!("  first: {first}; explained in {EXPLAINED}#{property}\n");
        for case in cases {
            text += &format!("    {} ({})\n", case.name, case.protocol.flag());
            text += &wrap::prose("      ", "      ", case.lesson);
            text += &rule(case);
            text += &case
                .mistake
                .map_or_else(String::new, |text| wrap::prose("      ", "      ", text));
            text += &depends(case);
        }
    }
    text
}

/// Where an RFC says so, and how strongly.
fn rule(case: &Case) -> String {
    let text = |rule: conform::Rule| format!("      {rule}\n      {}\n", rule.url());
    case.rule.map_or_else(String::new, text)
}

/// What a verdict depends on that another run may find different.
fn depends(case: &Case) -> String {
    let text = |what: &str| wrap::prose("      ", "      ", &format!("Depends on {what}."));
    case.depends_on().map_or_else(String::new, text)
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
            if failed.peek().is_some() {
                text += &wrap::prose("    ", "    ", property.lesson());
                let first = first_step(property, self.steps).unwrap_or("none of ours");
                text += &format!("    How: {first}; why: {EXPLAINED}#{property}\n");
            }
            for (i, outcome) in failed.enumerate() {
                text += &story(outcome, i == 0 || all_stories);
            }
            for outcome in &outcomes {
                text += &difference(outcome, all_stories);
            }
            text += &reasons(&outcomes);
        }
        text += &self.summary();
        if !all_stories && self.report.outcomes.iter().any(fails) {
            text += "--case NAME shows every byte\n";
        }
        text
    }

    fn heading(&self, property: Property, outcomes: &[&Outcome]) -> String {
        let mark = match self.report.has(property) {
            Some(true) => '✓',
            Some(false) => '✗',
            None if self.report.differs_mostly(property) => '~',
            None => '–',
        };
        let text = format!("{} ({})", property.does(), tally(outcomes));
        wrap::prose(&format!("{mark} {property:12}  "), &" ".repeat(16), &text)
    }

    fn summary(&self) -> String {
        let has = |wanted| {
            let all = Property::ALL.into_iter().filter(|&p| self.report.has(p) == Some(wanted));
            all.map(Property::name).collect::<Vec<_>>().join(", ")
        };
        let names = |test: fn(&Outcome) -> bool| {
            let of_them = self.report.outcomes.iter().filter(|outcome| test(outcome));
            of_them.map(|outcome| outcome.case.name).collect::<Vec<_>>().join(", ")
        };
        let again = |outcome: &Outcome| outcome.tries > 1 && outcome.finding == Finding::Passes;
        let differs = |outcome: &Outcome| matches!(outcome.finding, Finding::Differs(_));
        let mut text = "\n".to_owned();
        for (word, items) in [
            ("has", has(true)),
            ("lacks", has(false)),
            ("right only at the second try (is the machine busy?)", names(again)),
            ("~ differs where no RFC says MUST, which is no failure", names(differs)),
        ] {
            if !items.is_empty() {
                text += &wrap::prose("", "  ", &format!("{word}: {items}"));
            }
        }
        text
    }

    /// The Test Anything Protocol, version 13, with a block of YAML for each case.
    pub fn tap(&self) -> String {
        let outcomes = &self.report.outcomes;
        let mut text = format!("TAP version 13\n1..{}\n# seed {}\n", outcomes.len(), self.seed);
        for (i, outcome) in outcomes.iter().enumerate() {
            let (n, Case { name, property, .. }) = (i + 1, outcome.case);
            let (ok, directive) = match &outcome.finding {
                Finding::Passes => ("ok", String::new()),
                Finding::Fails(_) => ("not ok", String::new()),
                Finding::Differs(_) => ("not ok", " # TODO no MUST".into()),
                Finding::NotTried(reason) => ("ok", format!(" # SKIP {reason}")),
            };
            text += &format!("{ok} {n} - {property}: {name}{directive}\n  ---\n");
            // JSON is YAML.
            if let Value::Object(facts) = case_value(outcome) {
                for (key, value) in facts {
                    text += &format!("  {key}: {value}\n");
                }
            }
            text += "  ...\n";
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
                "  <testcase classname=\"{property}\" name=\"{name}\" time=\"{seconds:.3}\">\n{}",
                junit_properties(&outcome.case)
            );
            text += &match &outcome.finding {
                Finding::Passes => String::new(),
                Finding::Differs(Story { what: reason, .. }) | Finding::NotTried(reason) => {
                    format!("    <skipped message=\"{}\"/>\n", escaped(reason))
                }
                Finding::Fails(Story { what, transcript, cause }) => format!(
                    "    <failure message=\"{}\">{}</failure>\n",
                    escaped(what),
                    escaped(&format!("{cause}\n{transcript}")),
                ),
            };
            text += "  </testcase>\n";
        }
        text + "</testsuite>\n"
    }

    /// For other programs.
    pub fn json(&self) -> String {
        let Findings { name, seed, report, steps } = self;
        let properties: Vec<Value> = by_property(&report.outcomes, |outcome| outcome.case.property)
            .into_iter()
            .map(|(property, outcomes)| {
                json!({
                    "name": property.name(),
                    "has": report.has(property),
                    "tally": tally(&outcomes),
                    "lesson": property.lesson(),
                    "mistake": property.mistake(),
                    "first_step": first_step(property, steps),
                    "explained": format!("{EXPLAINED}#{property}"),
                })
            })
            .collect();
        let cases: Vec<Value> = report.outcomes.iter().map(case_value).collect();
        let all = json!({
            "schema": SCHEMA,
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
    let Case { name, property, protocol, lesson, rule, .. } = outcome.case;
    let rule = rule.map(
        |rule| json!({ "level": rule.level.word(), "clause": rule.clause, "url": rule.url() }),
    );
    let mut value = json!({
        "name": name,
        "property": property.name(),
        "protocol": protocol.flag(),
        "lesson": lesson,
        "mistake": outcome.case.usual_mistake(),
        "rule": rule,
        "depends_on": outcome.case.depends_on(),
        "tries": outcome.tries,
        "seconds": outcome.took.as_secs_f64(),
    });
    let story = |Story { what, transcript, cause }: &Story| json!({ "what": what, "transcript": transcript, "cause": cause });
    let (result, details) = match &outcome.finding {
        Finding::Passes => ("passes", json!({})),
        Finding::Differs(differs) => ("differs", story(differs)),
        Finding::NotTried(reason) => ("not-tried", json!({ "reason": reason })),
        Finding::Fails(fails) => ("fails", story(fails)),
    };
    value["result"] = result.into();
    if let Value::Object(details) = details {
        details.into_iter().for_each(|(key, detail)| value[key] = detail);
    }
    value
}

fn junit_properties(case: &Case) -> String {
    let mut facts = vec![
        ("protocol", case.protocol.flag().to_owned()),
        ("lesson", case.lesson.to_owned()),
        ("mistake", case.usual_mistake().to_owned()),
    ];
    if let Some(rule) = case.rule {
        facts.push(("rule", rule.to_string()));
        facts.push(("url", rule.url()));
    }
    let mut text = "    <properties>\n".to_owned();
    for (name, value) in facts {
        let value = escaped(&value);
        text += &format!("      <property name=\"{name}\" value=\"{value}\"/>\n");
    }
    text + "    </properties>\n"
}

/// How many of these pass, of each level, and how many could not be tried.
fn tally(outcomes: &[&Outcome]) -> String {
    let levels = [
        (Some(Level::Must), "MUST "),
        (Some(Level::Should), "SHOULD "),
        (Some(Level::May), "MAY "),
        (Some(Level::Ours), "ours "),
        (None, ""),
    ];
    let is_tried = |outcome: &&&Outcome| !matches!(outcome.finding, Finding::NotTried(_));
    let mut parts = Vec::new();
    for (level, word) in levels {
        let of_level = |outcome: &&&Outcome| outcome.case.level() == level;
        let tried: Vec<_> = outcomes.iter().filter(is_tried).filter(of_level).collect();
        let passed = tried.iter().filter(|outcome| outcome.finding == Finding::Passes).count();
        if !tried.is_empty() {
            parts.push(format!("{word}{passed} of {}", tried.len()));
        }
    }
    let not_tried = outcomes.len() - outcomes.iter().filter(is_tried).count();
    if not_tried > 0 {
        parts.push(format!("{not_tried} not tried"));
    }
    parts.join(", ")
}

/// One case that fails: what it asks, what came instead, why usually, and what led to it.
fn story(outcome: &Outcome, whole: bool) -> String {
    let Finding::Fails(Story { what, transcript, cause }) = &outcome.finding else {
        return String::new();
    };
    let Case { name, lesson, .. } = outcome.case;
    let mut text = wrap::prose("    ✗ ", "      ", &format!("{name}: {lesson}"));
    text += &rule(&outcome.case);
    text += &came(what);
    if whole {
        text += &wrap::prose("      ", "      ", cause);
        text += &depends(&outcome.case);
        text += &conversation(transcript);
    }
    text
}

/// What is done in another way, which is allowed.
fn difference(outcome: &Outcome, whole: bool) -> String {
    let Finding::Differs(Story { what, transcript, .. }) = &outcome.finding else {
        return String::new();
    };
    let Case { name, lesson, .. } = outcome.case;
    let mut text = wrap::prose("    ~ ", "      ", &format!("{name}: {lesson}"));
    text += &rule(&outcome.case);
    text += &came(what);
    if whole {
        text += &conversation(transcript);
    }
    text
}

/// What came instead; where the server has ended, its last words are in the lines below.
fn came(what: &str) -> String {
    what.lines().map(|line| wrap::bytes("      ", "        ", line)).collect()
}

/// Who did what, and when.
fn conversation(transcript: &str) -> String {
    let lines = transcript.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| wrap::bytes("      |", "      |             ", &line[1..])).collect()
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
    let line = |(reason, names): (&str, Vec<&str>)| {
        wrap::prose("    – ", "      ", &format!("{}: {reason}", names.join(", ")))
    };
    reasons.into_iter().map(line).collect()
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
