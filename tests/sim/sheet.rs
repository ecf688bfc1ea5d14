//! How a room really stands, in words of the standard, and what each occupant may see of it. Derived from the room's
//! own roster and state by rules that are restated here, not asked of the room.

use std::collections::BTreeMap;

use conclave::room::Room;
use conclave::room::config::{Config, Whois};
use conclave::room::nick::NickKey;
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::ns;
use minidom::Element;

use crate::cast::Cast;

/// An occupant as a viewer sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
    /// The real address, if the viewer is shown it.
    pub(crate) jid: Option<Jid>,
    /// Show, status and the rest of the presence, in short.
    pub(crate) said: String,
}

/// An occupant.
pub(crate) struct Seat {
    pub(crate) nick: String,
    pub(crate) key: NickKey,
    pub(crate) account: BareJid,
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
    /// Came into a large room and has not spoken.
    pub(crate) quiet: bool,
    /// Has said something.
    pub(crate) heard: bool,
    pub(crate) said: String,
    /// Whose presence is shown.
    pub(crate) shown: Jid,
    /// Entities.
    pub(crate) sessions: Vec<usize>,
}

/// A room at one moment.
pub(crate) struct Sheet {
    pub(crate) room: Room,
    pub(crate) seats: Vec<Seat>,
    admins: Vec<BareJid>,
}

impl Sheet {
    /// Takes down how `room` stands.
    pub(crate) fn of(room: &Room, cast: &Cast) -> Self {
        let mut sheet = Self { room: room.clone(), seats: Vec::new(), admins: cast.service.admins.clone() };
        sheet.seats = room
            .roster()
            .iter()
            .map(|occupant| {
                let shown = occupant.sessions.last().expect("an occupant has a session");
                Seat {
                    nick: occupant.nick.as_str().to_owned(),
                    key: occupant.nick.key().clone(),
                    account: occupant.account.clone(),
                    affiliation: sheet.affiliation(&occupant.account),
                    role: occupant.role,
                    quiet: occupant.quiet,
                    heard: occupant.heard,
                    said: said(shown.presence.children().iter(), shown.presence.lang()),
                    shown: shown.jid.clone(),
                    sessions: occupant
                        .sessions
                        .iter()
                        .map(|s| cast.entity(&s.jid).expect("only the cast enters"))
                        .collect(),
                }
            })
            .collect();
        sheet
    }

    /// Whether the room exists.
    pub(crate) fn exists(&self) -> bool {
        self.room.exists()
    }

    /// The room's configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.room.state().record.config
    }

    /// The affiliation on record for exactly this address.
    pub(crate) fn recorded(&self, jid: &BareJid) -> Affiliation {
        self.room.state().affiliations.get(jid).map_or(Affiliation::None, |a| a.affiliation)
    }

    /// The affiliation that counts (45-9.2-e): admins of the service are owners of what exists, then the account's own,
    /// then that of its domain. A ban of the domain comes before a membership that no admin has given.
    pub(crate) fn affiliation(&self, account: &BareJid) -> Affiliation {
        self.affiliation_with(account, &BTreeMap::new())
    }

    /// The same if an admin had made some records otherwise.
    pub(crate) fn affiliation_with(
        &self,
        account: &BareJid,
        records: &BTreeMap<&BareJid, Affiliation>,
    ) -> Affiliation {
        if self.exists() && self.admins.contains(account) {
            return Affiliation::Owner;
        }
        let record = |jid: &BareJid| records.get(jid).copied().unwrap_or_else(|| self.recorded(jid));
        let domains = record(&BareJid::parse(account.domain()).expect("a domain"));
        let own_record = self.room.state().affiliations.get(account);
        let is_vetted = records.contains_key(account) || own_record.is_some_and(|own| !own.unvetted);
        match record(account) {
            Affiliation::None => domains,
            _ if domains == Affiliation::Outcast && !is_vetted => domains,
            own => own,
        }
    }

    /// Every nick that is reserved, and for which account. One that is banned, if only with its domain, keeps it from no other account.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = (&BareJid, &str)> {
        let records = self.room.state().affiliations.iter();
        let reserved = records.filter_map(|(jid, record)| Some((jid, record.nick.as_deref()?)));
        reserved.filter(|(jid, _)| self.affiliation(jid) != Affiliation::Outcast)
    }

    /// The affiliation of whoever is behind an address.
    pub(crate) fn affiliation_of(&self, jid: &Jid) -> Affiliation {
        self.affiliation(&jid.to_bare())
    }

    /// How an account stands: with the highest role that any of its clients has. Admins and owners have the powers of
    /// moderators also from outside (§8 asks for the account, not for the client).
    pub(crate) fn standing(&self, account: &BareJid) -> (Affiliation, Role) {
        let affiliation = self.affiliation(account);
        if affiliation >= Affiliation::Admin {
            return (affiliation, Role::Moderator);
        }
        let roles = self.seats.iter().filter(|s| s.account == *account).map(|s| s.role);
        (affiliation, roles.max().unwrap_or(Role::None))
    }

    /// Where a client sits.
    pub(crate) fn seat_of(&self, entity: usize) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.sessions.contains(&entity))
    }

    /// Who has a nick, in whatever spelling.
    pub(crate) fn by_nick(&self, nick: &str) -> Option<&Seat> {
        let key = NickKey::of(nick);
        self.seats.iter().find(|seat| seat.key == key)
    }

    /// Whether everybody sees real addresses.
    pub(crate) fn is_open_about_jids(&self) -> bool {
        self.config().whois == Whois::Anyone
    }

    /// Whether an occupant sees real addresses.
    pub(crate) fn sees_jids(&self, viewer: &Seat) -> bool {
        viewer.role == Role::Moderator || self.is_open_about_jids()
    }

    /// Whether the presence of an occupant is shown to the others.
    pub(crate) fn shows(&self, seat: &Seat) -> bool {
        let roles = self.config().presence_broadcast;
        !seat.quiet
            && match seat.role {
                Role::Moderator => roles.moderator,
                Role::Participant => roles.participant,
                Role::Visitor => roles.visitor,
                Role::None => false,
            }
    }

    /// Whether `asker` may know that an occupant is here.
    pub(crate) fn knows(&self, asker: &Seat, seat: &Seat) -> bool {
        seat.heard || self.shows(seat) || asker.role == Role::Moderator || asker.account == seat.account
    }

    /// What `viewer` sees of `subject`; nothing if the presence of that role is not shown.
    pub(crate) fn view(&self, viewer: &Seat, subject: &Seat) -> Option<Seen> {
        let own = viewer.key == subject.key;
        (own || self.shows(subject)).then(|| Seen {
            affiliation: subject.affiliation,
            role: subject.role,
            jid: (own || self.sees_jids(viewer)).then(|| subject.shown.clone()),
            said: subject.said.clone(),
        })
    }

    /// How many clients are in the room.
    pub(crate) fn sessions(&self) -> usize {
        self.seats.iter().map(|seat| seat.sessions.len()).sum()
    }

    /// The subject as a client shows it: the texts, nothing if there is none.
    pub(crate) fn subject(&self) -> String {
        let subject = self.room.state().record.subject.as_ref();
        let texts = subject.iter().flat_map(|s| &s.texts).map(|(lang, text)| format!("[{lang}]{text}"));
        texts.filter(|text| text != "[]").collect()
    }
}

/// What a client said in a presence, in short, without what only the room says.
pub(crate) fn said<'e>(children: impl Iterator<Item = &'e Element>, lang: Option<&str>) -> String {
    let mut words = lang.unwrap_or_default().to_owned();
    for child in children {
        if matches!(child.ns().as_str(), ns::MUC_USER | ns::OCCUPANT_ID | ns::HATS) {
            continue;
        }
        words.push_str(&format!(";{}={}", child.name(), child.text()));
    }
    words
}
