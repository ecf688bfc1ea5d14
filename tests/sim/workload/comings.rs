//! Entering, leaving, and everything else that presence is for.

use conclave::wire::ns;

use super::{NICKS, Stage, Workload, escape};

/// What a client must not say of itself, and clients try.
const FORGED: &str = "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator' \
                      jid='forgery@north.example'/><status code='110'/></x>";

impl Workload {
    /// A request to enter, under a nick that the account likes, mostly with what is needed.
    pub(super) fn join(&mut self, stage: &Stage<'_>) -> String {
        let account = stage.cast.entities[stage.who].account;
        let nick = match self.random.below(20) {
            0..15 => match stage.seat() {
                Some(seat) => seat.nick.clone(),
                None => NICKS[account % 6].to_owned(),
            },
            15..17 => self.some_nick(stage),
            _ => (*self.random.pick(&NICKS)).to_owned(),
        };
        let mut inside = String::new();
        let config = stage.sheet.config();
        let right = config.password_protected && self.random.chance(85);
        if right || self.random.chance(8) {
            let password = if right { config.password.as_str() } else { "wrong" };
            inside.push_str(&format!("<password>{}</password>", escape(password)));
        }
        if self.random.chance(30) {
            inside.push_str(&self.history());
        }
        let to = if self.random.chance(2) { stage.room.clone() } else { stage.to(&nick) };
        let (id, said) = (self.id(), self.said());
        format!(
            "<presence xmlns='jabber:client' id='{id}' to='{to}'{}><x xmlns='{}'>{inside}</x>{said}</presence>",
            self.lang(),
            ns::MUC
        )
    }

    fn history(&mut self) -> String {
        let limit = *self.random.pick(&[
            "maxstanzas='2'",
            "maxstanzas='0'",
            "maxchars='0'",
            "seconds='20'",
            "since='2026-01-01T00:01:00Z'",
            "since='1970-01-01T00:00:00Z'",
            "maxstanzas='-1' seconds='never'",
            "maxstanzas='50' seconds='120'",
        ]);
        format!("<history {limit}/>")
    }

    /// Show, status, and what else clients put there; sometimes a forgery.
    fn said(&mut self) -> String {
        let mut said = String::new();
        if self.random.chance(40) {
            said.push_str(&format!("<show>{}</show>", self.random.pick(&["away", "dnd", "nonsense"])));
        }
        if self.random.chance(30) {
            said.push_str(&format!("<status>busy {}</status>", self.random.below(4)));
        }
        if self.random.chance(20) {
            said.push_str("<c xmlns='http://jabber.org/protocol/caps' ver='1'/>");
        }
        if self.random.chance(6) {
            said.push_str(FORGED);
        }
        said
    }

    fn lang(&mut self) -> &'static str {
        if self.random.chance(5) { " xml:lang='it'" } else { "" }
    }

    /// An update, or a stray presence of somebody who is not in the room.
    pub(super) fn presence(&mut self, stage: &Stage<'_>, nick: Option<&str>) -> String {
        let to = match nick {
            Some(_) if self.random.chance(5) => stage.room.clone(),
            Some(nick) => stage.to(nick),
            None => stage.to("Rose"),
        };
        let (id, said) = (self.id(), self.said());
        format!("<presence xmlns='jabber:client' id='{id}' to='{to}'{}>{said}</presence>", self.lang())
    }

    /// A change of nick, sometimes with a request to enter.
    pub(super) fn nick(&mut self, stage: &Stage<'_>) -> String {
        let nick = match self.random.below(10) {
            0..3 => self.some_nick(stage),
            3 => stage.seat().map_or_else(String::new, |seat| seat.nick.to_uppercase()),
            _ => (*self.random.pick(&NICKS)).to_owned(),
        };
        let nick = if nick.is_empty() { "Rose".to_owned() } else { nick };
        let x = if self.random.chance(20) { format!("<x xmlns='{}'/>", ns::MUC) } else { String::new() };
        let (id, said) = (self.id(), self.said());
        format!("<presence xmlns='jabber:client' id='{id}' to='{}'>{x}{said}</presence>", stage.to(&nick))
    }

    /// Leaving, said to the nick or to one that the client had before.
    pub(super) fn unavailable(&mut self, stage: &Stage<'_>) -> String {
        let nick = match stage.seat() {
            Some(seat) if self.random.chance(80) => seat.nick.clone(),
            _ => "Thorn".to_owned(),
        };
        let status = if self.random.chance(30) { "<status>good night</status>" } else { "" };
        format!(
            "<presence xmlns='jabber:client' type='unavailable' to='{}'>{status}</presence>",
            stage.to(&nick)
        )
    }

    /// A question for somebody's presence.
    pub(super) fn probe(&mut self, stage: &Stage<'_>) -> String {
        let nick = self.some_nick(stage);
        let id = self.id();
        format!("<presence xmlns='jabber:client' type='probe' id='{id}' to='{}'/>", stage.to(&nick))
    }

    /// Something that the room sent comes back: with a condition that says that nobody is there, or another.
    pub(super) fn bounce(&mut self, stage: &Stage<'_>) -> String {
        let condition = *self.random.pick(&[
            "gone",
            "recipient-unavailable",
            "service-unavailable",
            "remote-server-not-found",
            "policy-violation",
            "not-acceptable",
            "undefined-condition",
        ]);
        let nick = self.some_nick(stage);
        let (name, to) = if self.random.chance(50) {
            ("message", stage.room.clone())
        } else {
            ("presence", stage.to(&nick))
        };
        let id = self.id();
        format!(
            "<{name} xmlns='jabber:client' type='error' id='{id}' to='{to}'><error type='cancel'><{condition} xmlns='{}'/>\
             </error></{name}>",
            ns::STANZA_ERRORS
        )
    }
}
