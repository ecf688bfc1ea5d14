//! Ad-hoc commands (XEP-0050): requests read, answers built, sessions that need no memory.
//!
//! A command here has one form at most. It runs at once if it has none, or if the form comes filled in with the first
//! request; otherwise the form goes out, under a session id that the filled-in form brings back. What is wrong with it is said
//! with the form once more. A list shows its first page at once, and goes on by `next`.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use minidom::Element;
use sha2::Sha256;

use super::build::{Build, el};
use super::form::Submitted;
use super::hex::hex;
use super::jid::Jid;
use super::ns;
use super::refusal::Refusal;
use super::retry::{asking, begun};
use crate::words::{self, Lang, Words};

pub use super::retry::{Note, Retry};

/// How long a form may lie before it comes back.
pub const SESSION: SignedDuration = SignedDuration::from_hours(1);

/// Bytes of the proof in a session id.
const PROOF_BYTES: usize = 16;

/// A request to run a command, or to go on with one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request<'a> {
    /// Which command.
    pub node: &'a str,
    /// The session that it belongs to; none at the start.
    pub session: Option<&'a str>,
    /// What is to happen.
    pub action: Action,
    /// What was filled in.
    pub x: Option<&'a Element>,
}

/// What is to happen with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// What the command itself would do next.
    Execute,
    /// It comes to its end.
    Complete,
    /// It shows what comes next.
    Next,
    /// It is given up.
    Cancel,
}

/// What a command takes, each with its FORM_TYPE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    Nothing,
    /// A form that has to be filled in.
    Form(&'static str),
    /// A form that may come with the first request. What is shown has pages.
    Pages(&'static str),
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// To see the form.
    Ask,
    /// To run, with what was filled in; nothing if the command has no form.
    Run(Submitted),
    /// To see the next page.
    Next,
    /// To see no more pages.
    End,
    /// To end the session.
    Cancel,
}

/// Where a command has come to.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It waits for this form to be filled in.
    Executing(Element),
    /// It has shown a page, and there are more.
    Page(Done),
    /// It is through.
    Completed(Done),
    /// It was given up.
    Canceled,
}

/// What a command that is through has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// A word on how it went.
    pub note: Option<Note>,
    /// What was asked for, as a form of type `result`.
    pub result: Option<Element>,
    /// Where the next page begins: after this, or before it, as the list goes. `None` if there is none.
    pub next: Option<String>,
}

impl<'a> Request<'a> {
    /// Reads `<command/>`. No command goes back: `prev` is refused.
    pub fn read(command: &'a Element) -> Result<Self, Refusal> {
        let action = match command.attr("action") {
            None | Some("" | "execute") => Action::Execute,
            Some("complete") => Action::Complete,
            Some("next") => Action::Next,
            Some("cancel") => Action::Cancel,
            Some("prev") => return Err(wrong("bad-action", &words::NO_WAY_BACK)),
            Some(_) => return Err(wrong("malformed-action", &words::NO_SUCH_ACTION)),
        };
        Ok(Self {
            node: command.attr("node").unwrap_or_default(),
            session: command.attr("sessionid").filter(|session| !session.is_empty()),
            action,
            x: command.get_child("x", ns::DATA),
        })
    }

    /// What is to be done, for a command that takes `input`. The session, if there is one, is checked.
    pub fn step(&self, input: Input, sessions: &Sessions<'_>, requester: &Jid) -> Result<Step, Refusal> {
        if let Some(session) = self.session {
            sessions.check(session, self.node, requester)?;
        } else if matches!(self.action, Action::Cancel | Action::Next) {
            return Err(wrong("bad-sessionid", &words::NO_SESSION));
        }
        let read = |x, form_type| {
            let form = Submitted::read(x, form_type).map_err(|text| wrong("bad-payload", text))?;
            Ok(Step::Run(form))
        };
        match (self.action, input, self.x) {
            (Action::Cancel, ..) => Ok(Step::Cancel),
            (Action::Complete, Input::Pages(_), _) if self.session.is_some() => Ok(Step::End),
            (_, Input::Pages(_), _) if self.session.is_some() => Ok(Step::Next),
            (Action::Next, ..) => Err(wrong("bad-action", &words::NO_OTHER_STAGE)),
            (_, Input::Form(form_type) | Input::Pages(form_type), Some(x)) => read(x, form_type),
            (_, Input::Form(_), None) if self.session.is_some() => {
                Err(wrong("bad-payload", &words::FORM_MISSING))
            }
            (_, Input::Form(_), None) => Ok(Step::Ask),
            (_, Input::Nothing, _) | (_, Input::Pages(_), None) => Ok(Step::Run(Submitted::default())),
        }
    }

    /// How the form is shown once more if what was filled in is refused; `None` if the form was not shown before: who sends it
    /// unasked has an error as the answer.
    pub fn retry(&self, form: impl FnOnce() -> Element, filled: &Submitted) -> Option<Retry> {
        let session = self.session?.to_owned();
        Some(Retry { node: self.node.to_owned(), session, form: form(), filled: filled.clone() })
    }

    /// `<command/>` for the requester, in a language.
    pub fn answer(&self, session: &str, stage: Stage, lang: Lang<'_>) -> Element {
        let command = begun(self.node, session);
        match stage {
            Stage::Executing(form) => asking(self.node, session).child(form),
            Stage::Page(done) => {
                let actions = el("actions", ns::COMMANDS).with("execute", "next");
                let actions = actions.child(el("next", ns::COMMANDS)).child(el("complete", ns::COMMANDS));
                command
                    .with("status", "executing")
                    .child(actions)
                    .child_opt(done.note.as_ref().map(|note| note.element(lang)))
                    .child_opt(done.result)
            }
            Stage::Completed(done) => command
                .with("status", "completed")
                .child_opt(done.note.as_ref().map(|note| note.element(lang)))
                .child_opt(done.result),
            Stage::Canceled => command.with("status", "canceled"),
        }
    }
}

impl Done {
    /// Well done, with a word to people.
    pub fn info(text: impl Into<Words>) -> Self {
        Self { note: Some(Note::Info(text.into())), ..Self::default() }
    }

    /// Not done, and why.
    pub fn error(text: impl Into<Words>) -> Self {
        Self { note: Some(Note::Error(text.into())), ..Self::default() }
    }

    /// Here is what was asked for.
    pub fn result(form: Element) -> Self {
        Self { result: Some(form), ..Self::default() }
    }

    /// The page of a list that goes on after what is named `last`; `None` where it is the last page.
    pub fn page(form: Element, last: Option<String>) -> Self {
        let note = last.as_ref().map(|last| Note::Info(words::MORE_AFTER.with([&**last])));
        Self { note, result: Some(form), next: last }
    }
}

/// `bad-request` with one of the conditions of XEP-0050 §4.4.
pub fn wrong(condition: &'static str, text: impl Into<Words>) -> Refusal {
    Refusal::bad_request(text).because(condition, ns::COMMANDS)
}

/// Sessions that nobody has to remember: an id says since when it is good, and proves for whom and for what.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a> {
    /// What nobody else knows.
    pub key: &'a [u8],
    /// The time.
    pub now: Timestamp,
}

impl Sessions<'_> {
    /// The id of a new session. `nonce` is an id that was not given out before, without a hyphen in it.
    pub fn open(&self, node: &str, requester: &Jid, nonce: &str) -> String {
        let start = format!("{:x}-{nonce}", self.now.as_second());
        let proof = self.proof(&start, node, requester).finalize().into_bytes();
        format!("{start}-{}", hex(&proof[..PROOF_BYTES]))
    }

    /// Whether a session id was given to this requester for this command, and is still good.
    pub fn check(&self, session: &str, node: &str, requester: &Jid) -> Result<(), Refusal> {
        let known = || {
            let (start, proof) = session.rsplit_once('-')?;
            let proof = bytes(proof).filter(|proof| proof.len() == PROOF_BYTES)?;
            self.proof(start, node, requester).verify_truncated_left(&proof).ok()?;
            let seconds = i64::from_str_radix(start.split_once('-')?.0, 16).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        let opened = known().ok_or_else(|| wrong("bad-sessionid", &words::NO_SUCH_SESSION))?;
        if self.now.duration_since(opened) > SESSION {
            let refusal = Refusal::not_allowed(&words::SESSION_EXPIRED);
            return Err(refusal.because("session-expired", ns::COMMANDS));
        }
        Ok(())
    }

    fn proof(&self, start: &str, node: &str, requester: &Jid) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key).expect("a key may have any length");
        for part in ["command", start, node, requester.as_str()] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Input = Input::Form("t");

    const KEY: &[u8] = b"secret";

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().expect("a date")
    }

    fn jid(text: &str) -> Jid {
        Jid::parse(text).expect("an address")
    }

    fn step(attributes: &str, inside: &str, input: Input) -> Result<Step, Refusal> {
        let xml = format!("<command xmlns='{}' node='n' {attributes}>{inside}</command>", ns::COMMANDS);
        let element: Element = xml.parse().expect("test xml");
        let sessions = Sessions { key: KEY, now: now() };
        Request::read(&element)?.step(input, &sessions, &jid("a@b/c"))
    }

    fn condition(outcome: Result<Step, Refusal>) -> String {
        outcome.expect_err("a refusal").application.expect("a condition of its own").name().to_owned()
    }

    #[test]
    fn a_form_is_asked_for_and_then_taken() {
        // 050-2
        let form = "<x xmlns='jabber:x:data' type='submit'/>";
        let session = Sessions { key: KEY, now: now() }.open("n", &jid("a@b/c"), "0");
        let session = format!("sessionid='{session}'");
        assert_eq!(step("", "", FORM), Ok(Step::Ask));
        assert_eq!(step(&session, form, FORM), Ok(Step::Run(Submitted::default())));
        assert_eq!(step("action='complete'", form, FORM), Ok(Step::Run(Submitted::default())));
        assert_eq!(step("action='execute'", "", Input::Nothing), Ok(Step::Run(Submitted::default())));
        let canceled = "<x xmlns='jabber:x:data' type='cancel'/>";
        assert_eq!(step(&session, canceled, FORM), Ok(Step::Run(Submitted::default())));
        assert_eq!(step(&format!("{session} action='cancel'"), "", FORM), Ok(Step::Cancel));
    }

    #[test]
    fn a_list_is_shown_at_once_and_goes_on_until_no_more_is_wanted() {
        // 050-2
        let session = Sessions { key: KEY, now: now() }.open("n", &jid("a@b/c"), "0");
        let go_on = |action: &str| step(&format!("sessionid='{session}' {action}"), "", Input::Pages("t"));
        assert_eq!(step("", "", Input::Pages("t")), Ok(Step::Run(Submitted::default())));
        assert_eq!(go_on(""), Ok(Step::Next));
        assert_eq!(go_on("action='next'"), Ok(Step::Next));
        assert_eq!(go_on("action='complete'"), Ok(Step::End));
        assert_eq!(go_on("action='cancel'"), Ok(Step::Cancel));
    }

    #[test]
    fn each_fault_has_its_condition() {
        // 050-3
        let session = Sessions { key: KEY, now: now() }.open("n", &jid("a@b/c"), "0");
        let other_type =
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>u</value></field></x>";
        assert_eq!(condition(step(&format!("sessionid='{session}' action='next'"), "", FORM)), "bad-action");
        assert_eq!(condition(step("action='next'", "", FORM)), "bad-sessionid");
        assert_eq!(condition(step("action='prev'", "", FORM)), "bad-action");
        assert_eq!(condition(step("action='dance'", "", Input::Nothing)), "malformed-action");
        assert_eq!(condition(step("sessionid='1-2-3'", "", Input::Nothing)), "bad-sessionid");
        assert_eq!(condition(step("action='cancel'", "", Input::Nothing)), "bad-sessionid");
        assert_eq!(condition(step(&format!("sessionid='{session}'"), "", FORM)), "bad-payload");
        assert_eq!(condition(step("", other_type, FORM)), "bad-payload");
    }

    #[test]
    fn a_session_is_good_for_one_requester_and_one_command_and_an_hour() {
        // 050-2, 050-3
        let sessions = Sessions { key: KEY, now: now() };
        let session = sessions.open("n", &jid("a@b/c"), "0");
        assert_ne!(session, sessions.open("n", &jid("a@b/c"), "1"));
        assert_eq!(sessions.check(&session, "n", &jid("a@b/c")), Ok(()));
        assert!(sessions.check(&session, "n", &jid("a@b/d")).is_err());
        assert!(sessions.check(&session, "m", &jid("a@b/c")).is_err());
        assert!(Sessions { key: b"other", ..sessions }.check(&session, "n", &jid("a@b/c")).is_err());
        assert!(sessions.check(&session[1..], "n", &jid("a@b/c")).is_err());
        let late = Sessions { now: now() + SESSION + SignedDuration::from_secs(1), ..sessions };
        let refusal = late.check(&session, "n", &jid("a@b/c")).expect_err("too late");
        assert_eq!(refusal.application, Some(Box::new(el("session-expired", ns::COMMANDS))));
    }
}
