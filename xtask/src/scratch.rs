//! A folder for one test, removed when the test ends.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::steps::Step;

pub struct Scratch {
    pub dir: PathBuf,
}

impl Scratch {
    /// `name` is the test's own: tests run at the same time.
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self { dir }
    }

    /// Writes a file; `path` is relative to the folder.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn append(&self, path: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.dir.join(path)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).unwrap()
    }

    /// A step's folder with a manifest and an empty test.
    pub fn step(&self, name: &str, previous: Option<&str>) -> Step {
        self.write(&format!("{name}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\n\n"));
        self.write(&format!("{name}/tests/conformance.rs"), "");
        Step {
            name: name.to_owned(),
            previous: previous.map(str::to_owned),
            idea: format!("idea of {name}"),
            waits: format!("who waits in {name}"),
            state: format!("where the state of {name} lives"),
            wrong: format!("what is wrong in {name}"),
            fails: Vec::new(),
            budget: 0,
            dir: self.dir.join(name),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind lies in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.dir);
    }
}
