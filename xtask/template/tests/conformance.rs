//! Every conformance case against this step: those that its manifest says it fails by design must
//! fail for a reason that can be shown, and all others pass.

fn main() -> std::process::ExitCode {
    conform::main(env!("CARGO_BIN_EXE_{name}"), env!("CARGO_MANIFEST_DIR"))
}
