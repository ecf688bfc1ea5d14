//! What a command answers with while it goes on: a word for people, and a form that is shown once more (XEP-0050 §4.3, §3.4).

use minidom::Element;

use super::build::{Build, el};
use super::form::{self, Submitted};
use super::ns;
use crate::words::{Lang, Words};

/// A form that is shown once more after a refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    pub(super) node: String,
    pub(super) session: String,
    pub(super) form: Element,
    pub(super) filled: Submitted,
}

impl Retry {
    /// `<command/>` that says what is wrong: also in the instructions of the form, for clients that show no note beside it.
    pub fn element(&self, wrong: &Words, lang: Lang<'_>) -> Element {
        let note = Note::Error(wrong.clone()).element(lang);
        let form = form::again(&self.form, &self.filled, &lang.words(wrong));
        asking(&self.node, &self.session).child(note).child(form)
    }
}

/// A word for people (XEP-0050 §4.3).
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// It went well.
    Info(Words),
    /// It went, but not as might be thought.
    Warn(Words),
    /// It did not go.
    Error(Words),
}

/// `<command/>` of a session.
pub(super) fn begun(node: &str, session: &str) -> Element {
    el("command", ns::COMMANDS).with("node", node).with("sessionid", session)
}

/// `<command/>` that waits for a form.
pub(super) fn asking(node: &str, session: &str) -> Element {
    let actions = el("actions", ns::COMMANDS).with("execute", "complete");
    begun(node, session).with("status", "executing").child(actions.child(el("complete", ns::COMMANDS)))
}

impl Note {
    pub(super) fn element(&self, lang: Lang<'_>) -> Element {
        let (type_, text) = match self {
            Self::Info(text) => ("info", text),
            Self::Warn(text) => ("warn", text),
            Self::Error(text) => ("error", text),
        };
        el("note", ns::COMMANDS).with("type", type_).text_node(&lang.words(text))
    }
}
