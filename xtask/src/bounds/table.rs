//! The results, as people read them.

use load::units::bytes;

use super::input::Input;
use super::{Cost, SPARE, Subject, THREAD};
use crate::bench::table::short;
use crate::reliability;

/// One result.
pub fn line(name: &str, input: &Input, cost: Cost) -> String {
    let Cost { grown, allowed, kernel, taken } = cost;
    let all = if taken == 0 {
        String::new()
    } else {
        format!("; it took all that {taken} clients sent who never read")
    };
    format!(
        "  {}  {:<16} {:<18} {:>9} of {} allowed; in the kernel's buffers {}{all}",
        if cost.holds() { "holds" } else { "FAILS" },
        input.name,
        short(name),
        bytes(grown),
        bytes(allowed),
        bytes(kernel),
    )
}

/// All of them: a row for each input, a column for each server.
pub fn markdown(subjects: &[Subject], rows: &[(Input, Vec<Cost>)], connections: usize) -> String {
    let names: Vec<&str> = subjects
        .iter()
        .map(|one| short(&one.contender.name).split('-').next().unwrap_or_default())
        .collect();
    let mut text = format!(
        "What {connections} clients send, how much of each that it serves at once a server may keep, \
         and by how much its resident memory grew, in MiB; in brackets, by how much the kernel's \
         buffers for TCP grew, both ends', and of whoever else was there. Besides, {} are allowed in \
         all, and {} for each thread.\n\n| input | each | {} |\n|---|--:|{}\n",
        bytes(SPARE),
        bytes(THREAD),
        names.join(" | "),
        "--:|".repeat(names.len())
    );
    for (input, costs) in rows {
        text += &format!("| {} | {} |", input.is, bytes(input.bound()));
        for cost in costs {
            let mark = if cost.holds() { "" } else { " **too much**" };
            text += &format!(" {:.1} ({:.0}){mark} |", mib(cost.grown), mib(cost.kernel));
        }
        text.push('\n');
    }
    text + "\nMeasured on " + &reliability::here() + "."
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::super::input::INPUTS;
    use super::*;
    use crate::bench::contender::Contender;

    #[test]
    fn what_is_too_much_is_marked() {
        let steps = ["step-01-one", "step-02-two"]
            .map(|name| Subject { contender: Contender::step(name, "x".into()), served: 1 });
        let good = Cost { grown: 1 << 20, allowed: 1 << 20, kernel: 5 << 20, taken: 0 };
        let bad = Cost { grown: (1 << 20) + 1, ..good };
        assert!(good.holds() && !Cost { taken: 1, ..good }.holds());
        let text = markdown(&steps, &[(INPUTS[0], vec![good, bad])], 64);
        assert!(text.contains("| input | each | 01 | 02 |\n|---|--:|--:|--:|\n"), "{text}");
        assert!(text.contains("| 112 KiB | 1.0 (5) | 1.0 (5) **too much** |\n"), "{text}");
        assert!(line("step-01-one", &INPUTS[0], good).contains("holds  number"));
        assert!(line("step-01-one", &INPUTS[0], bad).contains("FAILS  number"));
    }
}
