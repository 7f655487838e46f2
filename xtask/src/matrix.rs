//! Every step against every conformance case.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use conform::{Case, Claim, PATIENCE, Program, Property, Target, Verdict};

use crate::steps::{self, Step};

/// How many cases are played at once: most of them wait most of the time.
const AT_ONCE: usize = 4;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask matrix
  cargo xtask matrix --step 04 --step 05 --why")]
pub struct Args {
    /// Only this step: 4, 04, threadpool or its whole name (repeatable)
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
    /// Say also what was the cause of every failure by design
    #[arg(long)]
    why: bool,
    /// Print what the steps declare as a table in Markdown, and run nothing
    #[arg(long)]
    markdown: bool,
}

/// What a step does with a case.
enum Cell {
    /// It passes, as it should.
    Passes,
    /// It fails by design, as it declares: the cause.
    Fails(String),
    /// It does what it should not: a report.
    Wrong(String),
    /// It was not tried: the reason.
    Impossible(String),
}

pub fn run(args: Args) -> Result<()> {
    let steps = match args.step.as_slice() {
        [] => steps::all()?,
        wanted => wanted.iter().map(|name| steps::find(name)).collect::<Result<_>>()?,
    };
    if args.markdown {
        print!("{}", markdown(&steps));
        return Ok(());
    }
    check_names(&steps)?;
    let targets: Vec<_> =
        steps::build(&steps)?.into_iter().map(|path| Target::Step(Program::new(path))).collect();
    let cases = conform::cases();
    let mut columns = Vec::new();
    for (step, target) in steps.iter().zip(&targets) {
        let start = Instant::now();
        let column = play_all(&cases, target, step);
        eprintln!("{}: {}, {:.1} s", step.name, tally(&column), start.elapsed().as_secs_f32());
        columns.push(column);
    }
    print!("\n{}", table(&steps, &cases, &columns));
    let (causes, reports) = explain(&steps, &cases, &columns);
    if args.why {
        print!("\n{causes}");
    }
    print!("{reports}");
    ensure!(reports.is_empty(), "not every step does what its manifest declares (!! above)");
    Ok(())
}

/// What the steps declare, for documents: a row for each property, a column for each step.
pub fn markdown(steps: &[Step]) -> String {
    let cases = conform::cases();
    let mut text = String::from("| property | a server that has it");
    steps.iter().for_each(|step| text += &format!(" | {}", step.number()));
    text += &format!(" |\n|---|---{}|\n", "|:-:".repeat(steps.len()));
    for property in Property::ALL {
        text += &format!("| `{property}` | {}", property.does());
        for step in steps {
            let kept = |case: &Case| !declares(step, case);
            let all = cases.iter().filter(|case| case.property == property).all(kept);
            text += if all { " | ✓" } else { " | ✗" };
        }
        text += " |\n";
    }
    text
}

/// Every case, by property: what it teaches, where that is said, and who fails it by design.
pub fn cases(steps: &[Step]) -> String {
    let mut text = String::new();
    for property in Property::ALL {
        let of_it = |case: &Case| case.property == property;
        text += &format!("## {property}\n\nA server that {}. ", property.does());
        text += &format!("{} [More](README.md#{property})\n\n", property.lesson());
        text += "| case | what it teaches | said in | failed by |\n|---|---|---|---|\n";
        for case in conform::cases().into_iter().filter(of_it) {
            let said = case.rule.map_or("our protocol".into(), |rule| {
                format!("[{}]({}): {}", rule.clause, rule.url(), rule.level)
            });
            let failing = steps.iter().filter(|step| declares(step, &case)).map(Step::number);
            let failing: Vec<&str> = failing.collect();
            let lesson = case.lesson.replace('|', "\\|");
            text += &format!("| `{}` | {lesson} | {said} | {} |\n", case.name, failing.join(", "));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// A name in `fails` that no case has would silently mean nothing.
fn check_names(steps: &[Step]) -> Result<()> {
    for step in steps {
        for name in &step.fails {
            let known = conform::cases().iter().any(|case| case.name == name);
            ensure!(known, "{}: `fails` names `{name}`, but no case is called so", step.name);
        }
    }
    Ok(())
}

fn declares(step: &Step, case: &Case) -> bool {
    step.fails.iter().any(|name| name == case.name)
}

/// Plays every case against one step.
fn play_all(cases: &[Case], target: &Target, step: &Step) -> Vec<Cell> {
    let next = AtomicUsize::new(0);
    let cells = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let cell = play(case, target, declares(step, case));
                    cells.lock().expect("no thread panics while it pushes").push((case.name, cell));
                }
            });
        }
    });
    let mut cells = cells.into_inner().expect("no thread panics while it pushes");
    cells.sort_by_key(|(name, _)| cases.iter().position(|case| case.name == *name));
    cells.into_iter().map(|(_, cell)| cell).collect()
}

fn play(case: &Case, target: &Target, declared: bool) -> Cell {
    if let Some(reason) = case.impossible_here() {
        return Cell::Impossible(reason);
    }
    let claim = if declared { Claim::Fails } else { Claim::Passes };
    match (conform::run(case, target, claim, PATIENCE), claim) {
        (Verdict::Passes, Claim::Passes) => Cell::Passes,
        (Verdict::Fails(cause), Claim::Fails) => Cell::Fails(cause.to_string()),
        (Verdict::Passes, Claim::Fails) => {
            Cell::Wrong("it passes, though the manifest says that it fails by design".into())
        }
        (Verdict::Fails(cause), Claim::Passes) => {
            Cell::Wrong(format!("{cause}, and the manifest does not say so"))
        }
        (Verdict::Broken(report), _) => Cell::Wrong(report.trim_end().into()),
    }
}

fn tally(column: &[Cell]) -> String {
    let count = |kind: fn(&Cell) -> bool| column.iter().filter(|cell| kind(cell)).count();
    let passed = count(|cell| matches!(cell, Cell::Passes));
    let failed = count(|cell| matches!(cell, Cell::Fails(_)));
    let wrong = count(|cell| matches!(cell, Cell::Wrong(_)));
    let mut text = format!("{passed} pass");
    if failed > 0 {
        text += &format!(", {failed} fail by design");
    }
    if wrong > 0 {
        text += &format!(", {wrong} are WRONG");
    }
    text
}

fn table(steps: &[Step], cases: &[Case], columns: &[Vec<Cell>]) -> String {
    let width = cases.iter().map(|case| case.name.len()).max().unwrap_or(0);
    let numbers: String = steps.iter().map(|step| format!(" {:>2}", step.number())).collect();
    let mut text = format!("  {:width$}{numbers}\n", "");
    for property in Property::ALL {
        text += &format!("{property}: a server that {}\n", property.does());
        for (row, case) in cases.iter().enumerate().filter(|(_, case)| case.property == property) {
            let marks: String = columns.iter().map(|column| mark(&column[row])).collect();
            text += &format!("  {:width$}{marks}   {}\n", case.name, case.lesson);
        }
    }
    text + "\n✓ passes   ✗ fails by design, and the cause was shown   !! neither   – not possible here\n"
}

/// Three columns wide.
fn mark(cell: &Cell) -> &'static str {
    match cell {
        Cell::Passes => "  ✓",
        Cell::Fails(_) => "  ✗",
        Cell::Wrong(_) => " !!",
        Cell::Impossible(_) => "  –",
    }
}

/// The causes of the failures by design, and the reports of what is wrong.
fn explain(steps: &[Step], cases: &[Case], columns: &[Vec<Cell>]) -> (String, String) {
    let (mut causes, mut reports) = (String::new(), String::new());
    for (step, column) in steps.iter().zip(columns) {
        for (case, cell) in cases.iter().zip(column) {
            let (name, case) = (&step.name, case.name);
            match cell {
                Cell::Passes => {}
                Cell::Fails(cause) => causes += &format!("{name}, {case}: {cause}\n"),
                Cell::Impossible(reason) => causes += &format!("{name}, {case}: {reason}\n"),
                Cell::Wrong(report) => reports += &format!("\n!! {name}, {case}: {report}\n"),
            }
        }
    }
    (causes, reports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn step(scratch: &Scratch, name: &str, fails: &[&str]) -> Step {
        let mut step = scratch.step(name, None);
        step.fails = fails.iter().map(ToString::to_string).collect();
        step
    }

    #[test]
    fn a_property_is_kept_when_no_case_of_it_fails() {
        let scratch = Scratch::new("matrix-markdown");
        let steps = [
            step(&scratch, "step-01-one", &["echo", "computes"]),
            step(&scratch, "step-02-two", &[]),
        ];
        let text = markdown(&steps);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..2],
            ["| property | a server that has it | 01 | 02 |", "|---|---|:-:|:-:|"]
        );
        assert_eq!(lines.len(), 2 + Property::ALL.len());
        for (line, property) in lines[2..].iter().zip(Property::ALL) {
            let kept = !matches!(property, Property::Speaks | Property::Compute);
            let first = if kept { "✓" } else { "✗" };
            assert_eq!(*line, format!("| `{property}` | {} | {first} | ✓ |", property.does()));
        }
    }

    #[test]
    fn every_case_is_listed_with_those_who_fail_it() {
        let scratch = Scratch::new("matrix-cases");
        let steps =
            [step(&scratch, "step-01-one", &["echo"]), step(&scratch, "step-02-two", &["echo"])];
        let text = cases(&steps);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), conform::cases().len());
        let echo =
            "| `echo` | A frame comes back with 1 added to each byte. | our protocol | 01, 02 |";
        assert!(rows.contains(&echo), "{text}");
        let host = rows.iter().find(|row| row.contains("rfc9112.html#section-3.2): MUST |"));
        assert!(host.is_some_and(|row| row.ends_with(" |  |")), "nobody fails it: {host:?}");
    }

    #[test]
    fn a_name_that_no_case_has_is_refused() {
        let scratch = Scratch::new("matrix-names");
        assert!(check_names(&[step(&scratch, "step-01-one", &["echo"])]).is_ok());
        let error = check_names(&[step(&scratch, "step-01-one", &["ecko"])]).unwrap_err();
        assert!(error.to_string().contains("step-01-one: `fails` names `ecko`"), "{error}");
    }

    #[test]
    fn every_cell_has_its_place() {
        let scratch = Scratch::new("matrix-table");
        let steps = [step(&scratch, "step-01-one", &[]), step(&scratch, "step-02-two", &[])];
        let cases = conform::cases();
        let column = |cell: fn(usize) -> Cell| (0..cases.len()).map(cell).collect::<Vec<_>>();
        let columns =
            [
                column(|row| if row == 0 { Cell::Wrong("!".into()) } else { Cell::Passes }),
                column(|row| {
                    if row == 1 { Cell::Fails("?".into()) } else { Cell::Impossible("no".into()) }
                }),
            ];
        let text = table(&steps, &cases, &columns);
        let row = |name: &str| {
            let row = text.lines().find(|line| line.split_whitespace().next() == Some(name));
            row.unwrap().split_whitespace().skip(1).take(2).collect::<Vec<_>>()
        };
        assert_eq!(row(cases[0].name), ["!!", "–"]);
        assert_eq!(row(cases[1].name), ["✓", "✗"]);
        assert_eq!(row(cases[2].name), ["✓", "–"]);
        let (causes, reports) = explain(&steps, &cases, &columns);
        assert_eq!(reports, format!("\n!! step-01-one, {}: !\n", cases[0].name));
        assert!(causes.starts_with(&format!("step-02-two, {}: no\n", cases[0].name)), "{causes}");
    }
}
