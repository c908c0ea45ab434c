//! Text that is worth something to whoever reads it.
//!
//! Owns: that it does not get into a log by way of a message that is shown. Never does: keep it from being sent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A token, or what resumes a session. JSON has it as a string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Opening, Welcome};

    #[test]
    fn nothing_of_a_token_or_a_session_shows_in_logs() {
        let join = r#"{"type":"join","token":"worthy","name":"","sealing":{"layout":2,"suite":5},
            "media":{"microphone":true,"camera":true,"screen":true},"offer":"","sources":[]}"#;
        let resume = r#"{"type":"resume","session":"worthy","received":0}"#;
        for text in [join, resume] {
            let opening: Opening = serde_json::from_str(text).unwrap();
            assert!(!format!("{opening:?}").contains("worthy"));
            assert!(serde_json::to_string(&opening).unwrap().contains("worthy"));
        }
        let joined = r#"{"type":"joined","session":"worthy","answer":"",
            "snapshot":{"you":1,"members":[],"slots":[],"room":{"locked":false,"records":false,"recording":null}}}"#;
        let welcome: Welcome = serde_json::from_str(joined).unwrap();
        assert!(!format!("{welcome:?}").contains("worthy"));
    }
}
