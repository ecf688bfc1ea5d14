//! What people do, from a seed: mostly what makes sense where they stand, now and then what does not. An action that
//! comes out says all there is to it.

mod comings;
mod faults;
mod orders;
mod settings;
mod speech;

use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;

use crate::action::Action;
use crate::cast::Cast;
use crate::random::Random;
use crate::run::Run;
use crate::sheet::{Seat, Sheet};

/// Nicks that people like, with other spellings of the same, and some that no room takes.
const NICKS: [&str; 18] = [
    "Rose",
    "Thorn",
    "Fern",
    "Moss",
    "Reed",
    "Sage",
    "rose",
    "THORN",
    "fe\u{200b}rn",
    "Mo\u{17f}s",
    "O'Neil & <co>",
    "\u{1f980} Moss",
    " ",
    "\u{200b}",
    "Ree\u{301}d",
    "R\u{43e}se",
    "M0SS",
    "a nick of more than forty bytes, which some find too long",
];

/// Invents actions.
pub(crate) struct Workload {
    random: Random,
    count: u64,
    /// What goes wrong again and again in this story.
    plagues: [usize; 2],
}

/// Where somebody is about to do something.
struct Stage<'r> {
    cast: &'r Cast,
    sheet: &'r Sheet,
    locked: bool,
    /// The room's address, sometimes in another spelling.
    room: String,
    who: usize,
    /// Whether who acts believes to be in the room.
    inside: bool,
}

impl Stage<'_> {
    fn seat(&self) -> Option<&Seat> {
        self.sheet.seat_of(self.who).filter(|_| self.inside)
    }

    fn to(&self, nick: &str) -> String {
        escape(&format!("{}/{nick}", self.room))
    }
}

impl Workload {
    /// Starts from `random`.
    pub(crate) fn new(mut random: Random) -> Self {
        let plagues = [random.below(100), random.below(100)];
        Self { random, count: 0, plagues }
    }

    /// What happens next.
    pub(crate) fn next(&mut self, run: &Run<'_>) -> Vec<Action> {
        let waiting: Vec<usize> =
            run.asked.iter().filter(|(_, q)| !q.is_empty()).map(|(who, _)| *who).collect();
        match self.random.below(1000) {
            0..80 if run.cast.calm => {}
            0..80 => {
                if let Some(action) = self.fault(run) {
                    return vec![action];
                }
            }
            80..110 => return vec![Action::Wait { seconds: *self.random.pick(&[1, 30, 61, 200, 3600]) }],
            110..190 if !waiting.is_empty() => {
                let who = *self.random.pick(&waiting);
                let by = if self.random.chance(90) { who } else { self.anybody(run.cast) };
                return vec![Action::Answer { who, by, error: self.random.chance(30) }];
            }
            _ => {}
        }
        if let Some(action) = self.relief(run) {
            return vec![action];
        }
        let place = self.random.below(run.cast.rooms.len());
        let sheet = &run.sheets[place];
        let who = self.actor(run.cast, sheet);
        let room = run.cast.rooms[place].as_str();
        let room = if self.random.chance(4) { room.to_uppercase() } else { room.to_owned() };
        let inside = run.pictures[place][who].stage == crate::picture::Stage::In;
        let stage = Stage { cast: run.cast, sheet, locked: run.ledgers[place].locked, room, who, inside };
        let stanza = match stage.seat() {
            None => self.outsider(&stage),
            Some(_) if stage.locked && self.random.chance(60) => self.settings(&stage),
            Some(seat) => self.occupant(&stage, seat),
        };
        let held = self.random.chance(8);
        let send = Action::Send { who, stanza, held };
        // The worst moment is right after something has happened.
        let crash = !run.cast.calm && self.random.chance(2);
        if crash { vec![send, Action::Crash] } else { vec![send] }
    }

    fn anybody(&mut self, cast: &Cast) -> usize {
        self.random.below(cast.entities.len())
    }

    /// Somebody; often somebody of rank who is in the room.
    fn actor(&mut self, cast: &Cast, sheet: &Sheet) -> usize {
        if self.random.chance(35) {
            let of_rank: Vec<&Seat> = sheet
                .seats
                .iter()
                .filter(|s| s.role == Role::Moderator || s.affiliation >= Affiliation::Admin)
                .collect();
            if !of_rank.is_empty() {
                let seat = of_rank[self.random.below(of_rank.len())];
                return *self.random.pick(&seat.sessions);
            }
        }
        self.random.below(cast.clients)
    }

    fn outsider(&mut self, stage: &Stage<'_>) -> String {
        match self.random.below(100) {
            0..62 => self.join(stage),
            62..68 => self.presence(stage, None),
            68..71 => self.unavailable(stage),
            71..75 => self.groupchat(stage),
            75..78 => self.private(stage),
            78..83 => self.orders(stage),
            83..85 => self.list(stage),
            85..88 => self.settings(stage),
            88..91 => self.invite(stage),
            91..93 => self.decline(stage),
            93..96 => self.request(stage),
            96..98 => self.register(stage),
            _ => self.odd(stage),
        }
    }

    fn occupant(&mut self, stage: &Stage<'_>, seat: &Seat) -> String {
        let of_rank = seat.affiliation >= Affiliation::Admin || seat.role == Role::Moderator;
        if of_rank && self.random.chance(35) {
            return match self.random.below(10) {
                0..6 => self.orders(stage),
                6..9 => self.settings(stage),
                _ => self.list(stage),
            };
        }
        match self.random.below(100) {
            0..22 => self.groupchat(stage),
            22..32 => self.presence(stage, Some(&seat.nick)),
            32..42 => self.nick(stage),
            42..48 => self.unavailable(stage),
            48..52 => self.join(stage),
            52..58 => self.private(stage),
            58..63 => self.subject(stage),
            63..68 => self.orders(stage),
            68..70 => self.list(stage),
            70..72 => self.settings(stage),
            72..82 => self.request(stage),
            82..85 => self.bounce(stage),
            85..87 => self.voice(stage),
            87..91 => self.invite(stage),
            91..92 => self.decline(stage),
            92..95 => self.probe(stage),
            95..98 => self.register(stage),
            _ => self.odd(stage),
        }
    }

    /// An id that nobody had before.
    fn id(&mut self) -> String {
        self.count += 1;
        format!("i{}", self.count)
    }

    /// Somebody's nick, or one out of the air.
    fn some_nick(&mut self, stage: &Stage<'_>) -> String {
        let seats = &stage.sheet.seats;
        if seats.is_empty() || self.random.chance(15) {
            return (*self.random.pick(&NICKS)).to_owned();
        }
        let nick = seats[self.random.below(seats.len())].nick.clone();
        if self.random.chance(10) { nick.to_uppercase() } else { nick }
    }

    /// An address as people give it: bare, full, in another spelling.
    fn some_address(&mut self, stage: &Stage<'_>) -> String {
        let bare = self.random.pick(&stage.cast.accounts).as_str().to_owned();
        match self.random.below(20) {
            0..2 => format!("{bare}/pc"),
            2 => bare.to_uppercase(),
            _ => bare,
        }
    }
}

/// Text for an attribute or an element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&apos;")
}
