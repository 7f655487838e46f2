//! The inputs that are kept.

use std::fs;
use std::path::Path;

/// Each input of a fuzz target, with its name: what people thought of has one that says what it
/// is, and what libFuzzer thought of has a number.
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&directory).expect("the corpus is in the repository");
    let mut inputs: Vec<_> = files
        .map(|file| {
            let file = file.expect("the corpus can be listed");
            let name = file.file_name().to_string_lossy().into_owned();
            (name, fs::read(file.path()).expect("the corpus can be read"))
        })
        .collect();
    inputs.sort();
    assert!(inputs.len() > 10, "{} is nearly empty", directory.display());
    inputs
}
