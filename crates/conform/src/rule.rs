//! Where a standard says what a case demands, and how strongly.

use std::fmt;

/// What a standard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How strongly.
    pub level: Level,
    /// Where: the number of an RFC and a section of it, `9112 §3.2`.
    pub clause: &'static str,
}

/// How strongly a standard demands something (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It MUST be, or MUST NOT. A server that does otherwise is wrong.
    Must,
    /// It SHOULD be, SHOULD NOT, or is RECOMMENDED. A server that does otherwise has a reason.
    Should,
    /// It MAY be, and our servers do so. Others need not.
    May,
    /// The standard says what it means, and our servers promise to do it. Others need not.
    Ours,
}

pub(crate) const fn must(clause: &'static str) -> Rule {
    Rule { level: Level::Must, clause }
}

pub(crate) const fn should(clause: &'static str) -> Rule {
    Rule { level: Level::Should, clause }
}

pub(crate) const fn may(clause: &'static str) -> Rule {
    Rule { level: Level::May, clause }
}

pub(crate) const fn ours(clause: &'static str) -> Rule {
    Rule { level: Level::Ours, clause }
}

impl Rule {
    /// The section, to read.
    pub fn url(&self) -> String {
        let (rfc, section) = self.parts().expect("a test has looked at every clause");
        format!("https://www.rfc-editor.org/rfc/rfc{rfc}.html#section-{section}")
    }

    /// The numbers of the RFC and of its section.
    pub(crate) fn parts(&self) -> Option<(&'static str, &'static str)> {
        let (rfc, section) = self.clause.split_once(" §")?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (is_number(rfc) && section.split('.').all(is_number)).then_some((rfc, section))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {}: {}", self.clause, self.level)
    }
}

impl Level {
    /// As the RFCs write it, or `ours`.
    pub fn word(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::May => "MAY",
            Level::Ours => "ours",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_is_a_place_in_an_rfc() {
        assert_eq!(must("9112 §3.2").to_string(), "RFC 9112 §3.2: MUST");
        assert_eq!(
            should("9110 §15.5.17").url(),
            "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.17"
        );
        for clause in ["", "9112", "9112 3.2", "9112 §", "9112 §3.", "RFC 9112 §3.2"] {
            assert_eq!(may(clause).parts(), None, "{clause}");
        }
    }
}
