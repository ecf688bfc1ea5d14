//! What is said: every message reaches every client in the room once, in the order in which the room took it, as it was
//! said, from the nick of who said it. Private messages reach the one they are for.

use std::collections::BTreeMap;

use conclave::wire::build;
use conclave::wire::inbound::{Kind, MessageType};
use conclave::wire::muc::Role;
use conclave::wire::ns;
use minidom::Element;

use super::Check;
use crate::happening::{Happening, Sent};
use crate::run::{Scene, number_of};

/// Remembers the last message that each client got from each room.
#[derive(Default)]
pub(super) struct Talk {
    last: BTreeMap<(usize, usize), u64>,
}

impl Check for Talk {
    fn name(&self) -> &'static str {
        "talk"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let speech: Vec<&Sent> = happening.sent.iter().filter(|s| s.is_speech()).collect();
        if happening.entry().is_some() {
            // History and subject; the checker of entries looks at them.
            let own = |sent: &&Sent| sent.entities == [happening.sender];
            return if speech.iter().all(own) {
                Ok(())
            } else {
                Err("others got what only an entrant gets".to_owned())
            };
        }
        if !happening.is_groupchat() || happening.refused || happening.unstored {
            return match speech.first() {
                Some(_) => Err("a message to everybody, and nobody spoke".to_owned()),
                None => self.private(happening),
            };
        }
        self.reflected(scene, &happening.sent)
    }
}

impl Talk {
    fn reflected(&mut self, scene: &Scene<'_>, sent: &[Sent]) -> Result<(), String> {
        let happening = scene.happening;
        let [copy] = after_appearing(happening, sent)? else {
            return Err("a message leads to one message to everybody".to_owned());
        };
        let seat = happening.sender.and_then(|s| happening.before.seat_of(s)).ok_or("a stranger speaks")?;
        let stanza = happening.stanza().ok_or("nothing was said")?;
        // A subject is heard of those alone who may set it, also where it changes nothing.
        let needed =
            if happening.before.config().change_subject { Role::Participant } else { Role::Moderator };
        faithful(stanza, copy, seat.role >= needed)?;
        if copy.nick() != Some(seat.nick.as_str()) {
            return Err(format!("{} speaks as {:?}", seat.nick, copy.nick()));
        }
        let mut got: Vec<usize> = copy.entities.iter().flatten().copied().collect();
        let mut due: Vec<usize> =
            happening.before.seats.iter().flat_map(|s| s.sessions.iter().copied()).collect();
        got.sort_unstable();
        due.sort_unstable();
        if got != due {
            return Err(format!("clients {got:?} got the message, and {due:?} are here"));
        }
        let Some(number) = number_of(stanza) else { return Ok(()) };
        for client in got {
            let last = self.last.insert((happening.place, client), number).unwrap_or_default();
            if last >= number {
                return Err(format!("client {client} got message {number} after {last}"));
            }
        }
        Ok(())
    }

    fn private(&self, happening: &Happening) -> Result<(), String> {
        let Some(cause) = &happening.cause else { return Ok(()) };
        let to_one = matches!(cause.kind, Kind::Message(t) if t != MessageType::Error);
        let (Some(nick), true, false) = (cause.to.resource(), to_one, happening.refused) else {
            return Ok(());
        };
        let target = happening.before.by_nick(nick).ok_or("a private message to nobody was accepted")?;
        let [copy] = after_appearing(happening, &happening.sent)? else {
            return Err("a private message leads to one".to_owned());
        };
        faithful(&cause.stanza, copy, true)?;
        let sender =
            happening.sender.and_then(|s| happening.before.seat_of(s)).ok_or("a stranger whispers")?;
        if sender.role == Role::None || copy.nick() != Some(sender.nick.as_str()) {
            return Err(format!("{} whispers as {:?}", sender.nick, copy.nick()));
        }
        let due: Vec<Option<usize>> = target.sessions.iter().copied().map(Some).collect();
        if copy.entities != due || copy.x().is_none_or(|x| x.children().next().is_some()) {
            return Err("a private message went astray or is not marked as one".to_owned());
        }
        Ok(())
    }
}

/// What is sent after the presences by which somebody appears who was silent in a large room until now.
fn after_appearing<'a>(happening: &Happening, sent: &'a [Sent]) -> Result<&'a [Sent], String> {
    let (Some(was), Some(now)) = (
        happening.sender.and_then(|s| happening.before.seat_of(s)),
        happening.sender.and_then(|s| happening.after.seat_of(s)),
    ) else {
        return Ok(sent);
    };
    if now.quiet {
        return Err(format!("{} spoke and is not shown", now.nick));
    }
    let shown = sent.iter().take_while(|s| s.is_presence()).count();
    let own = sent[..shown].iter().all(|s| s.nick() == Some(was.nick.as_str()));
    if shown > 0 && !(was.quiet && own) {
        return Err(format!("presences come before what {} says", was.nick));
    }
    Ok(&sent[shown..])
}

/// Whether a copy says what was said: id, language, and every child that clients may send; the subject if it `has_subject`.
fn faithful(said: &Element, copy: &Sent, has_subject: bool) -> Result<(), String> {
    let id = said.attr("id");
    if id.is_some() && copy.stanza.attr("id") != id {
        return Err("the id of a message was lost".to_owned());
    }
    if build::lang(said) != build::lang(&copy.stanza) {
        return Err("the language of a message was lost".to_owned());
    }
    for name in ["body", "subject", "thread"] {
        let texts = |e: &Element| {
            let found = e.children().filter(|c| c.is(name, ns::CLIENT));
            found.map(|c| (build::lang(c).map(str::to_owned), c.text())).collect::<Vec<_>>()
        };
        let due = if name == "subject" && !has_subject { Vec::new() } else { texts(said) };
        if due != texts(&copy.stanza) {
            return Err(format!("the {name} was changed"));
        }
    }
    let free = |e: &Element| e.children().filter(|c| c.has_ns("urn:example:any")).count();
    if free(said) == free(&copy.stanza) { Ok(()) } else { Err("an extension was lost".to_owned()) }
}
