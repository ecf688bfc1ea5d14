//! The volatile half of a room: occupants, their sessions, their last presence.

use std::ops::{Bound, Range};
use std::sync::Arc;

use imbl::HashMap;
use imbl::ordmap::{Entry, OrdMap};
use minidom::Element;

use super::confusable::{Looks, Skeleton};
use super::context::Service;
use super::held::{Held, Kind};
use super::multi_map::MultiMap;
use super::nick::{Nick, NickKey};
use super::recipients::{Group, Lists};
use crate::wire::encode::{self, Recipients};
use crate::wire::jid::{BareJid, Jid, Party};
use crate::wire::muc::Role;
use crate::wire::refusal::Refusal;
use crate::wire::{ns, stream};
use crate::words;

/// One client of an occupant.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The real full address.
    pub jid: Jid,
    /// The presence that it sent last.
    pub presence: Arc<Said>,
    /// It asked for versions of the lists of affiliations when it entered, and is told of each (XEP-0463).
    pub follows: bool,
    /// What it showed of the room's password when it entered; 0 if nothing.
    pub proof: u64,
}

/// What a client said of itself in a presence, cleaned of what only the room may say. It is kept as it is written: elements
/// take many times as much.
#[derive(Clone, Debug, Default)]
pub struct Said {
    lang: Option<Box<str>>,
    inside: Box<str>,
    /// What is held for the account, as long as this is.
    _held: Option<Arc<Held>>,
}

/// Who pays for it is no part of what was said.
impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        (&self.lang, &self.inside) == (&other.lang, &other.inside)
    }
}

impl Said {
    /// Of a stanza with this `xml:lang` and these children.
    pub fn new<'a>(lang: Option<&str>, children: impl IntoIterator<Item = &'a Element>) -> Self {
        Self { lang: lang.map(Box::from), inside: encode::inside(children).into(), _held: None }
    }

    /// The stanza's `xml:lang`.
    pub fn lang(&self) -> Option<&str> {
        self.lang.as_deref()
    }

    /// The stanza's children, to be put into another.
    pub fn inside(&self) -> Option<Element> {
        (!self.inside.is_empty()).then(|| encode::verbatim(&self.inside))
    }

    /// The stanza's children, each by itself.
    pub fn children(&self) -> Vec<Element> {
        let whole = format!("<presence xmlns='{}'>{}</presence>", ns::CLIENT, self.inside);
        // What was written can be read.
        stream::read(&whole).map_or_else(|_| Vec::new(), |whole| whole.children().cloned().collect())
    }

    /// How many bytes it is as it is kept, and on the wire.
    pub fn bytes(&self) -> usize {
        self.lang.as_ref().map_or(0, |lang| lang.len()) + self.inside.len()
    }

    /// What a session takes that said this.
    pub fn session_bytes(&self) -> usize {
        SESSION_BYTES + self.bytes()
    }

    /// The same, held for an account.
    pub fn held(self, held: Held) -> Self {
        Self { _held: Some(Arc::new(held)), ..self }
    }

    /// The same, held for an account in the place of what has so many bytes.
    ///
    /// # Errors
    /// It is larger, and the account, or its domain, has as much held as it may have.
    pub(crate) fn held_in_place_of(
        self,
        before: usize,
        account: &BareJid,
        service: &Service,
    ) -> Result<Arc<Self>, Refusal> {
        let (no_more, bytes) = (self.bytes() <= before, self.session_bytes());
        let mut held = service.held(Kind::Firm, account, USUAL_SESSION_BYTES);
        if no_more {
            held.must_be(service, bytes);
        } else if !held.resize(service, bytes) {
            return Err(Refusal::resource_constraint(&words::TOO_MUCH_HELD));
        }
        Ok(Arc::new(self.held(held)))
    }
}

/// About what a session takes beside what it said: addresses, the nick, and its places in maps.
const SESSION_BYTES: usize = 1500;

/// What the session of an honest client takes: it says a kibibyte of itself.
pub const USUAL_SESSION_BYTES: usize = SESSION_BYTES + 1024;

/// Somebody in the room under one nick, with one or several sessions of one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Occupant {
    /// The nick.
    pub nick: Nick,
    /// The account.
    pub account: BareJid,
    /// What the room tells of the account to those who may not know it (XEP-0421).
    pub id: Arc<str>,
    /// The role.
    pub role: Role,
    /// Not shown to the others yet: the room is large, and he has not spoken.
    pub quiet: bool,
    /// Said something, to all or to one: that they are here is no secret, whoever is shown.
    pub heard: bool,
    /// The sessions; the last one spoke last, and its presence is the one that others were shown.
    pub sessions: Vec<Session>,
}

impl Occupant {
    /// The session whose presence others were shown last.
    pub fn shown(&self) -> &Session {
        self.sessions.last().expect("an occupant has a session")
    }

    /// What its sessions take is held for the account from now on.
    pub fn hold(&mut self, service: &Service) {
        for session in &mut self.sessions {
            let mut held = service.held(Kind::Firm, &self.account, USUAL_SESSION_BYTES);
            held.must_be(service, session.presence.session_bytes());
            session.presence = Arc::new(Said::clone(&session.presence).held(held));
        }
    }

    /// Whether this session follows the versions of the lists of affiliations.
    pub fn follows(&self, jid: &Jid) -> bool {
        self.sessions.iter().any(|s| &s.jid == jid && s.follows)
    }

    /// Whether `jid` is one of the sessions.
    pub fn has_session(&self, jid: &Jid) -> bool {
        self.sessions.iter().any(|s| &s.jid == jid)
    }
}

/// Everybody in the room. A copy costs next to nothing, however many there are, and is made for each event: it shares all
/// but what changes.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    occupants: OrdMap<NickKey, Arc<Occupant>>,
    sessions: HashMap<Jid, NickKey>,
    nicks: MultiMap<BareJid, NickKey>,
    looks: Looks,
    /// Recipients, in lists that are made when first asked for.
    lists: Arc<Lists>,
}

impl Roster {
    /// How many occupants (nicks) there are.
    pub fn len(&self) -> usize {
        self.occupants.len()
    }

    /// Whether nobody is in the room.
    pub fn is_empty(&self) -> bool {
        self.occupants.is_empty()
    }

    /// All occupants, in the order of their nick keys.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Occupant>> {
        self.occupants.values()
    }

    /// The occupant of a nick.
    pub fn by_nick(&self, key: &NickKey) -> Option<&Arc<Occupant>> {
        self.occupants.get(key)
    }

    /// The occupant that a session belongs to.
    pub fn by_session(&self, jid: &Jid) -> Option<&Arc<Occupant>> {
        self.occupants.get(self.sessions.get(jid)?)
    }

    /// The occupants of an account, or of all accounts of a domain, in either spelling of the domain, in the order of their
    /// nick keys.
    pub fn of(&self, party: &Party) -> Vec<Arc<Occupant>> {
        match party {
            Party::Account(account) => {
                let mut found = self.by_account(account.as_bare());
                found.extend(account.as_bare().respelled().iter().flat_map(|other| self.by_account(other)));
                found
            }
            Party::Domain(_) => {
                self.occupants.values().filter(|o| party.covers(&o.account)).cloned().collect()
            }
        }
    }

    /// The occupants of exactly this address, in the order of their nick keys.
    pub fn by_account(&self, account: &BareJid) -> Vec<Arc<Occupant>> {
        self.of_account(account).cloned().collect()
    }

    /// The same, one by one.
    pub fn of_account(&self, account: &BareJid) -> impl Iterator<Item = &Arc<Occupant>> {
        self.nicks.of(account).iter().filter_map(|key| self.by_nick(key))
    }

    /// How many sessions an account has in the room.
    pub fn sessions_of(&self, account: &BareJid) -> usize {
        self.of_account(account).map(|o| o.sessions.len()).sum()
    }

    /// Whether a nick that looks so can be taken for that of somebody here other than `account`.
    pub fn is_like_anothers(&self, look: Skeleton, account: &BareJid) -> bool {
        self.looks.is_like_anothers(look, account)
    }

    /// Whether everybody who is here is found by account and look, and nobody else.
    pub(super) fn is_indexed(&self) -> bool {
        let is_found = |o: &Arc<Occupant>| {
            self.nicks.of(&o.account).contains(o.nick.key()) && self.looks.has(o.nick.look(), &o.account)
        };
        self.nicks.len() == self.len()
            && self.looks.len() == self.len()
            && self.occupants.values().all(is_found)
    }

    /// Every session of every occupant.
    pub fn everyone(&self) -> Arc<[Jid]> {
        self.sessions_in(Group::EVERYONE)
    }

    /// The sessions of a group. Those of an occupant lie together.
    pub fn sessions_in(&self, group: Group) -> Arc<[Jid]> {
        let sessions = self.iter().flat_map(|o| o.sessions.iter().map(|s| (&s.jid, o.role, s.follows)));
        self.lists.of(group, sessions).clone()
    }

    /// Every session, those of the author of a message last: the copy that tells him that it was heard leaves when those of
    /// all others have left, so a link that breaks in between breaks no promise.
    pub fn everyone_and_last(&self, author: &Occupant) -> Recipients {
        let everyone = self.everyone();
        let count = everyone.len();
        let last = self.range_of(&everyone, author.nick.key()).end;
        Recipients::Many { first: if last < count { last } else { 0 }, jids: everyone, count }
    }

    /// The sessions of a group but those of the occupant of a nick.
    pub fn others_in(&self, group: Group, nick: &NickKey) -> Recipients {
        self.without(self.sessions_in(group), nick)
    }

    /// The sessions of a group but this one.
    pub fn all_in_but(&self, group: Group, session: &Jid) -> Recipients {
        let list = self.sessions_in(group);
        let own = self.sessions.get(session).map_or(0..0, |nick| self.range_of(&list, nick));
        let place = own.clone().find(|at| &list[*at] == session);
        Recipients::all_but(list, place.map_or(0..0, |at| at..at + 1))
    }

    /// The occupant after a nick, in the order of nick keys; the first one after none.
    pub(crate) fn next_after(&self, nick: Option<&NickKey>) -> Option<&Arc<Occupant>> {
        let after: (Bound<&NickKey>, Bound<&NickKey>) =
            (nick.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        self.occupants.range::<_, NickKey>(after).next().map(|(_, occupant)| occupant)
    }

    /// A list of sessions that are here, in the order of nick keys, but for those of the occupant of a nick.
    pub(crate) fn without(&self, list: Arc<[Jid]>, nick: &NickKey) -> Recipients {
        let own = self.range_of(&list, nick);
        Recipients::all_but(list, own)
    }

    /// Where the sessions of a nick lie in a list of sessions that are here.
    fn range_of(&self, list: &[Jid], nick: &NickKey) -> Range<usize> {
        let is_before = |jid: &Jid| self.sessions.get(jid).is_some_and(|key| key < nick);
        let first = list.partition_point(is_before);
        let is_own = |jid: &&Jid| self.sessions.get(*jid) == Some(nick);
        first..first + list[first..].iter().take_while(is_own).count()
    }

    /// Somebody enters; if the same account has the nick already, only the sessions come to it. The last of them
    /// becomes the one shown.
    pub fn enter(&mut self, newcomer: Occupant) {
        for session in &newcomer.sessions {
            self.sessions.insert(session.jid.clone(), newcomer.nick.key().clone());
        }
        match self.occupants.entry(newcomer.nick.key().clone()) {
            Entry::Vacant(free) => {
                self.nicks.add(newcomer.account.clone(), newcomer.nick.key().clone());
                self.looks.add(newcomer.nick.look(), &newcomer.account);
                free.insert(Arc::new(newcomer));
            }
            Entry::Occupied(mut there) => {
                let there = Arc::make_mut(there.get_mut());
                // Whoever was shown under another nick is shown under this one.
                there.quiet &= newcomer.quiet;
                there.heard |= newcomer.heard;
                there.sessions.extend(newcomer.sessions);
            }
        }
        self.lists = Arc::default();
    }

    /// Puts an occupant in as it is shared, whose nick and sessions no occupant has.
    pub(crate) fn put(&mut self, occupant: Arc<Occupant>) {
        let key = occupant.nick.key();
        for session in &occupant.sessions {
            self.sessions.insert(session.jid.clone(), key.clone());
        }
        self.nicks.add(occupant.account.clone(), key.clone());
        self.looks.add(occupant.nick.look(), &occupant.account);
        self.occupants.insert(key.clone(), occupant);
        self.lists = Arc::default();
    }

    /// Notes what a session sent last and makes it the one shown.
    pub fn update(&mut self, jid: &Jid, presence: Arc<Said>) {
        let Some(occupant) = self.sessions.get(jid).and_then(|key| self.occupants.get_mut(key)) else {
            return;
        };
        let occupant = Arc::make_mut(occupant);
        let place = occupant.sessions.iter().position(|s| &s.jid == jid).expect("the session leads here");
        let session = occupant.sessions.remove(place);
        occupant.sessions.push(Session { presence, ..session });
    }

    /// Notes whether a session follows the versions of the lists, and what it shows of the room's password.
    pub fn follow(&mut self, jid: &Jid, follows: bool, proof: Option<u64>) {
        let Some(occupant) = self.sessions.get(jid).and_then(|key| self.occupants.get_mut(key)) else {
            return;
        };
        let is_news =
            |s: &Session| &s.jid == jid && (s.follows, s.proof) != (follows, proof.unwrap_or(s.proof));
        if occupant.sessions.iter().any(is_news) {
            let sessions = &mut Arc::make_mut(occupant).sessions;
            sessions.iter_mut().filter(|s| &s.jid == jid).for_each(|s| {
                s.follows = follows;
                s.proof = proof.unwrap_or(s.proof);
            });
            self.lists = Arc::new(self.lists.of_the_same_sessions());
        }
    }

    /// Takes a session out; its occupant goes with the last one. Returns the occupant as it was before.
    pub fn leave(&mut self, jid: &Jid) -> Option<Arc<Occupant>> {
        let key = self.sessions.remove(jid)?;
        let occupant = self.occupants.get_mut(&key)?;
        let before = occupant.clone();
        if occupant.sessions.len() == 1 {
            return self.remove(&key);
        }
        Arc::make_mut(occupant).sessions.retain(|s| &s.jid != jid);
        self.lists = Arc::default();
        Some(before)
    }

    /// Takes an occupant out with all sessions.
    pub fn remove(&mut self, key: &NickKey) -> Option<Arc<Occupant>> {
        let occupant = self.occupants.remove(key)?;
        for session in &occupant.sessions {
            self.sessions.remove(&session.jid);
        }
        self.nicks.remove(&occupant.account, key);
        self.looks.remove(occupant.nick.look(), &occupant.account);
        self.lists = Arc::default();
        Some(occupant)
    }

    /// Changes a role. Moderators are always shown.
    pub fn set_role(&mut self, key: &NickKey, role: Role) {
        if let Some(occupant) = self.occupants.get_mut(key) {
            let occupant = Arc::make_mut(occupant);
            occupant.role = role;
            occupant.quiet &= role < Role::Moderator;
            self.lists = Arc::new(self.lists.of_the_same_sessions());
        }
    }

    /// Notes that the occupant has said something.
    pub fn hear(&mut self, key: &NickKey) {
        if let Some(occupant) = self.occupants.get_mut(key) {
            Arc::make_mut(occupant).heard = true;
        }
    }

    /// Notes that the occupant is shown from now on.
    pub fn unhush(&mut self, key: &NickKey) {
        if let Some(occupant) = self.occupants.get_mut(key) {
            Arc::make_mut(occupant).quiet = false;
        }
    }
}
