//! What `cargo xtask soak` and `cargo xtask bounds` must catch: servers that serve well, and are
//! broken in one way that only time, or a client without end, shows. And one that is not broken.
//!
//! The servers are step 03, and what a variable says is wrong with it.

mod fragile;

use std::env;
use std::path::Path;
use std::process::Command;

use fragile::Flaw;
use libtest_mimic::{Completion, Failed, Trial};

pub use fragile::{FLAW, serve};

pub fn trials() -> Vec<Trial> {
    let soak = |name: &str, flaw, says| {
        Trial::ignorable_test(name, move || {
            judge(&["soak", "--protocol", "frames", "--minutes", "0.03"], "frames", flaw, says)
        })
    };
    let bounds = |name: &str, input, flaw, says| {
        Trial::ignorable_test(name, move || {
            let protocol = if input == "unread-responses" { "http" } else { "frames" };
            judge(&["bounds", "--input", input, "--connections", "1"], protocol, flaw, says)
        })
    };
    let keeps_all = |name, input, says| bounds(name, input, Flaw::KeepsAll, Some(says));
    vec![
        soak("a_sound_server_stands_a_soak", Flaw::None, None),
        soak("memory_that_is_lost_is_seen", Flaw::LosesMemory, Some("FAILS  memory is level")),
        soak(
            "descriptors_that_are_lost_are_seen",
            Flaw::LosesDescriptors,
            Some("FAILS  descriptors are given back"),
        ),
        soak(
            "a_request_forgotten_at_a_stop_is_seen",
            Flaw::ForgetsAtStop,
            Some("FAILS  every request is answered"),
        ),
        soak("a_wrong_answer_is_seen", Flaw::Wrong, Some("FAILS  every request is answered")),
        bounds("a_sound_server_keeps_no_number", "number", Flaw::None, None),
        bounds("a_sound_server_keeps_no_answers", "unread-frames", Flaw::None, None),
        keeps_all("a_number_kept_without_bound_is_seen", "number", "FAILS  number"),
        keeps_all("a_frame_kept_without_bound_is_seen", "frame", "FAILS  frame"),
        keeps_all("noise_kept_without_bound_is_seen", "noise", "FAILS  noise"),
        bounds(
            "answers_kept_without_bound_are_seen",
            "unread-frames",
            Flaw::KeepsAnswers,
            Some("FAILS  unread-frames"),
        ),
        bounds(
            "responses_kept_without_bound_are_seen",
            "unread-responses",
            Flaw::KeepsAnswers,
            Some("FAILS  unread-responses"),
        ),
        bounds("a_sound_server_keeps_no_responses", "unread-responses", Flaw::None, None),
        Trial::ignorable_test("a_server_of_another_protocol_shows_nothing", || {
            let says = "it does not answer as a server of http does";
            judge(&["bounds", "--input", "field"], "frames", Flaw::None, Some(says))
        }),
    ]
}

/// Runs a command of ours against a server of this protocol with this flaw: it must succeed, or fail and
/// say this.
fn judge(
    command: &[&str],
    protocol: &str,
    flaw: Flaw,
    says: Option<&str>,
) -> Result<Completion, Failed> {
    if !cfg!(target_os = "linux") {
        return Ok(Completion::ignored_with("what a server occupies is read on Linux only"));
    }
    let this = env::current_exe()?;
    let (flaw, this) = (flaw.name(), quoted(&this));
    let server = format!("{FLAW}={flaw} {this} --addr 127.0.0.1:{{port}} --protocol {protocol}");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(command)
        .args(["--cmd", &server])
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let (is_right, expected) = match says {
        None => (output.status.success(), "success"),
        Some(says) => (!output.status.success() && text.contains(says), says),
    };
    if is_right {
        Ok(Completion::Completed)
    } else {
        Err(format!("{}; expected: {expected}\n{text}", output.status).into())
    }
}

/// As one word for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
