//! What each step is about. The table is generated from the steps' manifests.

mod table;

pub use table::STEPS;

/// A step, as its manifest describes it.
pub struct Step {
    /// Its package: `step-04-threadpool`.
    pub name: &'static str,
    /// The step that it grew from.
    pub previous: Option<&'static str>,
    /// Its one idea.
    pub idea: &'static str,
    /// Who waits.
    pub waits: &'static str,
    /// Where the state of a conversation lives meanwhile.
    pub state: &'static str,
    /// What is still wrong: what the next step is about.
    pub wrong: &'static str,
}

impl Step {
    /// The step of this name, if it is one.
    pub fn find(name: &str) -> Option<&'static Step> {
        STEPS.iter().find(|step| step.name == name)
    }

    /// `04` of `step-04-threadpool`.
    pub fn number(&self) -> &'static str {
        self.name.split('-').nth(1).unwrap_or("")
    }
}
