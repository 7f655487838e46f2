//! Runs the fuzz targets: libFuzzer thinks of inputs, and the crate `oracle` judges what comes of
//! them.
//!
//! It needs no nightly compiler: the instrumentation that libFuzzer steers by is a pass of LLVM,
//! which rustc runs when told. Nor a sanitizer: those find wrong uses of memory, and there is no
//! `unsafe` to make one.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::steps;

/// Every target; each is a program in `fuzz/targets`, and has a folder in `fuzz/corpus`.
const TARGETS: [&str; 3] = ["head", "connection", "frames"];

/// Lets libFuzzer see which edges of the program an input reaches, and what it is compared with.
const INSTRUMENTED: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Longer inputs are not kept, but for those that somebody wrote.
const LONGEST_KEPT: usize = 2048;

const HOW_TO_GO_ON: &str = "\
The input is where `Test unit written to` says. Move it to the target's folder in fuzz/corpus, and
`cargo test -p oracle` shows what is wrong with it; when that is mended, it is a case.";

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Targets: head, connection, frames

Examples:
  cargo xtask fuzz --seconds 10
  cargo xtask fuzz connection --seconds 3600 --keep

An input that is answered wrongly is written to fuzz/found/. Moved to fuzz/corpus/TARGET/ it is a
case of `cargo test -p oracle`, without a fuzzer.")]
pub struct Args {
    /// Only this target (repeatable)
    #[arg(value_name = "TARGET", value_parser = TARGETS)]
    targets: Vec<String>,
    /// How long to look, for each target
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Add to fuzz/corpus the inputs that reach what none there does
    #[arg(long)]
    keep: bool,
}

pub fn run(args: Args) -> Result<()> {
    ensure!(cfg!(unix), "libFuzzer runs on Linux and macOS; `cargo test -p oracle` runs anywhere");
    let targets = match args.targets.as_slice() {
        [] => TARGETS.map(String::from).to_vec(),
        wanted => wanted.to_vec(),
    };
    let fuzz = steps::root().join("fuzz");
    let built = Built::new(&fuzz)?;
    for name in targets {
        let target = Target::new(&name, &fuzz, &built)?;
        target.look(args.seconds)?;
        if args.keep {
            target.keep()?;
        }
    }
    Ok(())
}

/// Where the programs are, and what they leave behind.
struct Built {
    /// Of everything that is built or written here.
    directory: PathBuf,
    /// Of the programs.
    programs: PathBuf,
}

impl Built {
    /// Builds all targets of the workspace in `fuzz`.
    fn new(fuzz: &Path) -> Result<Built> {
        let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
        let answer = Command::new(&compiler).arg("--version").output();
        ensure!(
            answer.is_ok_and(|answer| answer.status.success()),
            "libFuzzer is in C++, and {} does not run: install g++ or clang, or set CXX",
            compiler.display()
        );
        let host = host()?;
        let directory = steps::target()?.join("fuzz");
        eprintln!("building the targets");
        let done = Command::new(steps::cargo())
            .args(["build", "--quiet", "--release", "--locked", "--target", &host])
            .arg("--target-dir")
            .arg(&directory)
            .current_dir(fuzz)
            // Because of `--target`, this is for the targets, and not for what builds them.
            .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTED.join("\x1f"))
            .status()
            .context("running cargo build")?;
        ensure!(done.success(), "the targets cannot be built, see above");
        let programs = directory.join(host).join("release");
        Ok(Built { directory, programs })
    }
}

/// This machine, as compilers name it.
fn host() -> Result<String> {
    let output =
        Command::new(steps::cargo()).arg("-vV").output().context("asking cargo for the host")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`cargo -vV` names no host")?.to_owned())
}

/// One target, and its files.
struct Target<'a> {
    name: &'a str,
    program: PathBuf,
    /// Inputs that are kept for all.
    corpus: PathBuf,
    /// Inputs of this machine: where the last run stopped, the next goes on.
    working: PathBuf,
    /// What libFuzzer says.
    log: PathBuf,
    /// Where inputs are written that are answered wrongly: what their names begin with.
    found: PathBuf,
    dictionary: PathBuf,
}

impl Target<'_> {
    fn new<'a>(name: &'a str, fuzz: &Path, built: &Built) -> Result<Target<'a>> {
        let working = built.directory.join("corpus").join(name);
        let found = fuzz.join("found");
        for directory in [&working, &found] {
            fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        Ok(Target {
            name,
            program: built.programs.join(name),
            corpus: fuzz.join("corpus").join(name),
            working,
            log: built.directory.join(format!("{name}.log")),
            found: found.join(format!("{name}-")),
            dictionary: fuzz.join("http.dict"),
        })
    }

    /// Looks for an input that is answered wrongly.
    fn look(&self, seconds: u32) -> Result<()> {
        eprintln!("{}: looking for {seconds} s (log: {})", self.name, self.log.display());
        let mut command = Command::new(&self.program);
        command.arg(&self.working).arg(&self.corpus).arg(flag("-artifact_prefix", &self.found));
        command.arg(format!("-max_total_time={seconds}"));
        // An answer that takes ten seconds is wrong as well, and so is one that takes a gigabyte.
        command.args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
        if self.name != "frames" {
            command.arg(flag("-dict", &self.dictionary));
        }
        let said = self.run(&mut command)?;
        let number = |name: &str| {
            let mut lines = said.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.map_or("?", str::trim).to_owned()
        };
        let inputs = number("stat::number_of_executed_units");
        println!("{}: {inputs} inputs, nothing found", self.name);
        Ok(())
    }

    /// Adds to the corpus those of the working inputs that reach more than it does. How often they
    /// do is not looked at: that would keep five times as many.
    fn keep(&self) -> Result<()> {
        let count = || fs::read_dir(&self.corpus).map(Iterator::count);
        let before = count()?;
        let mut command = Command::new(&self.program);
        command
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg(format!("-max_len={LONGEST_KEPT}"));
        self.run(command.arg(&self.corpus).arg(&self.working))?;
        println!("{}: {} more inputs are kept", self.name, count()? - before);
        Ok(())
    }

    /// Runs the program; returns what it said.
    fn run(&self, command: &mut Command) -> Result<String> {
        let log = File::create(&self.log).with_context(|| self.log.display().to_string())?;
        let done = command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stderr(log).status();
        let done = done.with_context(|| format!("running {}", self.program.display()))?;
        let said = fs::read(&self.log).with_context(|| self.log.display().to_string())?;
        let said = String::from_utf8_lossy(&said).into_owned();
        if !done.success() {
            // Without the pulse, and the same bytes in three more ways.
            let noise =
                ["#", "INFO: ", "NOTE: ", "      Combine", "MS: ", "0x", "Base64: ", "stat::"];
            let tells = |line: &&str| !noise.iter().any(|start| line.starts_with(start));
            let report: Vec<&str> = said.lines().filter(tells).collect();
            bail!("{}: {done}\n{}\n{HOW_TO_GO_ON}", self.name, report.join("\n"));
        }
        Ok(said)
    }
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push("=");
    flag.push(path);
    flag
}
