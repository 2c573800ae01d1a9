//! Findings as experiments keep them: in words, without the run that shows them.

use serde::{Deserialize, Serialize};

use super::{Cause, Finding};

/// A [`Finding`] to be kept in a file. It serializes as that does, without the evidence, which is in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFinding {
    pub cause: Cause,
    pub text: String,
    /// Of all workers' time, 0 to 1.
    pub share: f64,
    /// The command that tests it.
    #[serde(rename = "try")]
    pub command: String,
}

impl From<&Finding> for KeptFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            cause: finding.cause,
            text: finding.text.clone(),
            share: finding.share,
            command: finding.command(),
        }
    }
}
