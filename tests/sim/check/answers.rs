//! Every request of type get or set gets exactly one answer (45-G-e), and nothing of type error or result is answered
//! with an error (45-G-f). A request that is passed on to an occupant is answered when the occupant answers.

use std::collections::{BTreeMap, BTreeSet};

use conclave::wire::inbound::{Inbound, IqType, Kind, MessageType};
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::ns;
use minidom::Element;

use super::Check;
use crate::cast::Cast;
use crate::delivery::LOOK;
use crate::happening::{Happening, Sent};
use crate::run::Scene;

/// A request that was passed on.
struct Passed {
    asker: usize,
    /// The asker's id, and the address that was asked.
    id: String,
    asked: Jid,
    target: BareJid,
    epoch: u32,
}

/// Remembers requests by the id under which they were passed on.
#[derive(Default)]
pub(super) struct Answers {
    passed: BTreeMap<(usize, String), Passed>,
    /// Also by who is invited: an id is that of the message that invites, and may have brought several, also to one.
    invited: BTreeMap<(usize, String, BareJid), Vec<Passed>>,
    /// Who has declined something, in which room: what comes back after that is not told.
    declined: BTreeSet<(usize, BareJid)>,
}

impl Check for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let Some(cause) = &happening.cause else { return Ok(()) };
        match cause.kind {
            Kind::Iq(IqType::Get | IqType::Set) => {
                self.given_up(happening);
                self.request(scene, cause)
            }
            Kind::Iq(IqType::Result | IqType::Error) => self.answer(scene, cause),
            Kind::Message(MessageType::Error) if self.invited.contains_key(&invited_key(scene, cause)) => {
                self.returned(scene, cause)
            }
            _ => {
                self.invite(scene, cause);
                only_one(happening, cause)
            }
        }
    }
}

impl Answers {
    /// Requests that have had no answer for long are answered by the room, along with another one. What a server answers
    /// in the place of its client looks the same, and comes by itself.
    fn given_up(&mut self, happening: &Happening) {
        for sent in happening.sent.iter().filter(|s| s.condition() == Some("remote-server-timeout")) {
            self.passed.retain(|(place, _), passed| {
                *place != happening.place
                    || sent.entities != [Some(passed.asker)]
                    || sent.stanza.attr("id") != Some(passed.id.as_str())
                    || sent.stanza.attr("from") != Some(passed.asked.as_str())
            });
        }
    }

    fn request(&mut self, scene: &Scene<'_>, cause: &Inbound) -> Result<(), String> {
        let happening = scene.happening;
        let answers: Vec<&Sent> = happening.sent.iter().filter(|s| is_answer(s, cause)).collect();
        let passed: Vec<&Sent> = happening.sent.iter().filter(|s| is_request(s)).collect();
        match (&answers[..], &passed[..]) {
            ([_], []) => Ok(()),
            ([_], _) => Err("a request was answered and passed on".to_owned()),
            ([], [copy]) => {
                let nick = cause.to.resource().ok_or("a request to the room was passed on")?;
                let target = happening.before.by_nick(nick).ok_or("a request to nobody was passed on")?;
                let asker = happening.sender.ok_or("nobody asked")?;
                let seat = happening.before.seat_of(asker).ok_or("a stranger's request was passed on")?;
                let id = copy.stanza.attr("id").unwrap_or_default().to_owned();
                let (due, got) = (cause.payload(), copy.stanza.children().next());
                if copy.nick() != Some(seat.nick.as_str()) || due != got || copy.to.len() != 1 {
                    return Err("a request was passed on changed, or to more than one".to_owned());
                }
                let known = self.passed.insert(
                    (happening.place, id.clone()),
                    Passed {
                        asker,
                        id: cause.id().to_owned(),
                        asked: cause.to.clone(),
                        target: target.account.clone(),
                        epoch: scene.ledger.epoch,
                    },
                );
                if known.is_some() { Err(format!("id {id} was given twice")) } else { Ok(()) }
            }
            (answers, passed) => {
                // The room may give up an old request at the same time; nobody here asks so often.
                Err(format!(
                    "a request got {} answers and was passed on {} times",
                    answers.len(),
                    passed.len()
                ))
            }
        }
    }

    /// Notes invitations that are passed on.
    fn invite(&mut self, scene: &Scene<'_>, cause: &Inbound) {
        let happening = scene.happening;
        if !happening.mediated("decline").is_empty() && !happening.sent.is_empty() {
            self.declined.insert((happening.place, cause.from.to_bare()));
        }
        // In place of an invitation, somebody banned gets a message without one, which comes back alike.
        let invites = !happening.mediated("invite").is_empty();
        let instead = |sent: &Sent| invites && sent.x().is_some_and(|x| x.children().count() == 0);
        let mediated = |sent: &Sent| sent.x().is_some_and(|x| x.has_child("invite", ns::MUC_USER));
        for sent in happening.sent.iter().filter(|s| !s.is_error() && (mediated(s) || instead(s))) {
            let (Some(id), [to], Some(asker)) = (sent.stanza.attr("id"), &sent.to[..], happening.sender)
            else {
                continue;
            };
            let passed = Passed {
                asker,
                id: cause.id().to_owned(),
                asked: cause.to.clone(),
                target: to.to_bare(),
                epoch: scene.ledger.epoch,
            };
            self.invited.entry((happening.place, id.to_owned(), to.to_bare())).or_default().push(passed);
        }
    }

    /// An invitation comes back: the inviter is told, once, that nobody is there; nobody else hears of it.
    fn returned(&mut self, scene: &Scene<'_>, cause: &Inbound) -> Result<(), String> {
        let key = invited_key(scene, cause);
        let mut all = self.invited.remove(&key).unwrap_or_default();
        let known = all.pop().expect("an invitation that comes back was passed on");
        let due = known.epoch == scene.ledger.was_epoch;
        let right = |sent: &&Sent| {
            sent.entities == [Some(known.asker)]
                && sent.stanza.attr("id") == Some(known.id.as_str())
                && sent.condition() == Some("item-not-found")
        };
        let errors: Vec<&Sent> = scene.happening.sent.iter().filter(|s| s.is_error()).collect();
        let told = errors.iter().filter(|s| right(s)).count();
        let declined = self.declined.contains(&(scene.happening.place, cause.from.to_bare()));
        if errors.len() != told || told > usize::from(due) || told == 0 && due && !declined {
            return Err(format!("an invitation came back, and {} errors were sent", errors.len()));
        }
        if !all.is_empty() {
            self.invited.insert(key, all);
        }
        Ok(())
    }

    fn answer(&mut self, scene: &Scene<'_>, cause: &Inbound) -> Result<(), String> {
        let happening = scene.happening;
        if cause.id().starts_with(LOOK) {
            return looked(happening, cause);
        }
        let key = key(scene, cause);
        let due = self.passed.get(&key).is_some_and(|passed| {
            passed.target == cause.from.to_bare() && passed.epoch == scene.ledger.epoch
        });
        let answered_by_right = self.passed.get(&key).is_some_and(|p| p.target == cause.from.to_bare());
        let passed = if answered_by_right { self.passed.remove(&key) } else { None };
        match (&happening.sent[..], passed.filter(|_| due)) {
            ([], None) => Ok(()),
            ([answer], Some(passed)) => {
                let inside = happening.before.seat_of(passed.asker).is_some();
                let right = answer.entities == [Some(passed.asker)]
                    && answer.stanza.attr("id") == Some(passed.id.as_str())
                    && answer.stanza.attr("from") == Some(passed.asked.as_str())
                    && if inside {
                        answer.type_() == cause.stanza.attr("type").unwrap_or_default()
                    } else {
                        // Who has left learns that it is over, and nothing of what was answered.
                        answer.condition() == Some("not-acceptable")
                    };
                if right { Ok(()) } else { Err("an answer was passed on changed or astray".to_owned()) }
            }
            (sent, passed) => {
                let due = usize::from(passed.is_some());
                Err(format!("an answer led to {} stanzas, and {due} is due", sent.len()))
            }
        }
    }
}

/// The answer to the room's own question whether somebody is there: an error makes it look again, and nothing else does.
fn looked(happening: &Happening, cause: &Inbound) -> Result<(), String> {
    let refuses = cause.kind == Kind::Iq(IqType::Error);
    let right = |sent: &Sent| sent.nick().is_none() && sent.entities == [happening.sender];
    match &happening.sent[..] {
        [] => Ok(()),
        [look] if refuses && right(look) && look.stanza.name() == "message" => Ok(()),
        sent => Err(format!("an answer to the room's own question led to {} stanzas", sent.len())),
    }
}

/// The id of a cause, in its room.
fn key(scene: &Scene<'_>, cause: &Inbound) -> (usize, String) {
    (scene.happening.place, cause.id().to_owned())
}

fn invited_key(scene: &Scene<'_>, cause: &Inbound) -> (usize, String, BareJid) {
    (scene.happening.place, cause.id().to_owned(), cause.from.to_bare())
}

/// Presence and messages get one error at most, and errors none.
fn only_one(happening: &Happening, cause: &Inbound) -> Result<(), String> {
    let errors = happening.sent.iter().filter(|s| s.is_error()).count();
    let max = usize::from(cause.may_be_answered());
    if errors > max {
        return Err(format!("{errors} errors, and {max} may be"));
    }
    let echoes = |s: &Sent| {
        s.stanza.attr("id") == cause.stanza.attr("id")
            && s.stanza.attr("from").and_then(|from| Jid::parse(from).ok()).as_ref() == Some(&cause.to)
            && s.entities == [happening.sender]
    };
    if happening.sent.iter().filter(|s| s.is_error()).all(echoes) {
        Ok(())
    } else {
        Err("an error does not say what it answers".to_owned())
    }
}

fn is_answer(sent: &Sent, cause: &Inbound) -> bool {
    sent.stanza.name() == "iq"
        && matches!(sent.type_(), "result" | "error")
        && sent.to == [cause.from.clone()]
        && sent.stanza.attr("id") == Some(cause.id())
        && sent.stanza.attr("from") == Some(cause.to.as_str())
}

fn is_request(sent: &Sent) -> bool {
    sent.stanza.name() == "iq" && matches!(sent.type_(), "get" | "set")
}

/// The same for what never reached a room.
pub(crate) fn plain(
    cast: &Cast,
    sender: usize,
    stanza: &Element,
    answer: Option<&Sent>,
) -> Result<(), String> {
    let type_ = stanza.attr("type").unwrap_or_default();
    let request = stanza.name() == "iq" && !matches!(type_, "result" | "error");
    match answer {
        Some(_) if type_ == "error" => Err("an error was answered".to_owned()),
        Some(answer) if answer.to != [cast.entities[sender].jid.clone()] => {
            Err("an answer went astray".to_owned())
        }
        Some(answer) if answer.stanza.attr("id") != stanza.attr("id") => {
            Err("an answer has another id".to_owned())
        }
        None if request => Err("a request was not answered".to_owned()),
        _ => Ok(()),
    }
}
