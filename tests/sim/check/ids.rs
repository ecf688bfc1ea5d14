//! Occupant ids (XEP-0421): exactly one in whatever is sent for an occupant, the same for an account as long as a room
//! lives, and another one for everybody else and in every other room.

use std::collections::BTreeMap;

use conclave::room::archive::ArchiveId;
use conclave::wire::jid::BareJid;
use conclave::wire::ns;

use super::Check;
use crate::happening::{Happening, Sent};
use crate::run::Scene;

/// Remembers whose each id is, and in which life of a room.
#[derive(Default)]
pub(super) struct Ids {
    holders: BTreeMap<String, (ArchiveId, BareJid)>,
    known: BTreeMap<(ArchiveId, BareJid), String>,
}

impl Check for Ids {
    fn name(&self) -> &'static str {
        "ids"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let sheet = if happening.before.exists() { &happening.before } else { &happening.after };
        let life = &sheet.room.state().record.archive;
        for sent in happening.sent.iter().filter(|s| !s.is_error() && s.stanza.name() != "iq") {
            self.of_stanza(happening, life, sent)?;
        }
        Ok(())
    }
}

impl Ids {
    fn of_stanza(&mut self, happening: &Happening, life: &ArchiveId, sent: &Sent) -> Result<(), String> {
        let ids = sent.stanza.children().filter(|c| c.is("occupant-id", ns::OCCUPANT_ID));
        let ids: Vec<&str> = ids.filter_map(|c| c.attr("id")).collect();
        let Some(nick) = sent.nick() else {
            return if ids.is_empty() { Ok(()) } else { Err("the room has an occupant id".to_owned()) };
        };
        let here = [happening.before.by_nick(nick), happening.after.by_nick(nick)];
        let accounts: Vec<&BareJid> = here.into_iter().flatten().map(|seat| &seat.account).collect();
        if sent.is_presence() && sent.has_code("307") && sent.has_code("333") {
            // Somebody who was not in the room is told so, under whatever nick he took for his.
            return if ids.is_empty() { Ok(()) } else { Err(format!("{nick} is nobody, and has an id")) };
        }
        let [id] = ids[..] else { return Err(format!("{nick} has {} occupant ids", ids.len())) };
        let replayed = happening.entry().is_some() && !sent.is_presence();
        match accounts[..] {
            _ if replayed => match self.holders.get(id) {
                Some((of, _)) if of == life => Ok(()),
                _ => Err(format!("an old message of {nick} has the id of nobody")),
            },
            [account] => self.note(life, account, id),
            [one, other] if one == other => self.note(life, one, id),
            _ => Ok(()),
        }
    }

    fn note(&mut self, life: &ArchiveId, account: &BareJid, id: &str) -> Result<(), String> {
        let place = (life.clone(), account.clone());
        let holder = self.holders.entry(id.to_owned()).or_insert_with(|| place.clone());
        if *holder != place {
            return Err(format!("{account} has the id of {}", holder.1));
        }
        let known = self.known.entry(place).or_insert_with(|| id.to_owned());
        if known == id { Ok(()) } else { Err(format!("{account} has got another id")) }
    }
}
