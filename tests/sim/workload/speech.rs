//! What people say to all, to one, and to the room: messages, subjects, invitations, requests.

use conclave::wire::muc::Role;
use conclave::wire::ns;

use super::{Stage, Workload, escape};
use crate::run::is_said;

/// What only a room may say of a message.
fn forged(room: &str) -> String {
    format!(
        "<delay xmlns='urn:xmpp:delay' from='{room}' stamp='2020-01-01T00:00:00Z'>forgery</delay>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='forgery'/>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='forgery'/>\
         <x xmlns='http://jabber.org/protocol/muc#user'><status code='100'/><item jid='forgery'/></x>"
    )
}

impl Workload {
    /// A body with a number of its own, or what was read under such a number, and what may come with it.
    fn said_aloud(&mut self, stage: &Stage<'_>) -> String {
        let (is_said, count) = (is_said(self.count), self.count);
        let mut inside = match is_said {
            true => format!("<body>so it is &amp; was #{count}</body>"),
            false => {
                format!("<displayed xmlns='{}' id='#{count}'/><store xmlns='{}'/>", ns::MARKERS, ns::HINTS)
            }
        };
        if self.random.chance(20) {
            inside.push_str("<tail xmlns='urn:example:any'>&lt;&gt;</tail>");
        }
        if self.random.chance(8) {
            inside.push_str("<no-store xmlns='urn:xmpp:hints'/>");
        }
        // Without a body that would be a new subject.
        if self.random.chance(8) && is_said {
            inside.push_str("<subject>in passing</subject>");
        }
        if self.random.chance(8) {
            inside.push_str(&forged(&escape(stage.sheet_room())));
        }
        inside
    }

    /// A message to everybody.
    pub(super) fn groupchat(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let inside = self.said_aloud(stage);
        let id = if self.random.chance(90) { format!(" id='{id}'") } else { String::new() };
        let lang = if self.random.chance(10) { " xml:lang='de'" } else { "" };
        let to = if self.random.chance(4) { stage.to("Rose") } else { stage.room.clone() };
        format!("<message xmlns='jabber:client' type='groupchat'{id}{lang} to='{to}'>{inside}</message>")
    }

    /// A message to one occupant.
    pub(super) fn private(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let inside = self.said_aloud(stage);
        let nick = self.some_nick(stage);
        let type_ = *self.random.pick(&["type='chat'", "type='chat'", "", "type='headline'", "type='novel'"]);
        let to = if self.random.chance(5) { stage.room.clone() } else { stage.to(&nick) };
        format!("<message xmlns='jabber:client' {type_} id='{id}' to='{to}'>{inside}</message>")
    }

    /// A new subject, sometimes none.
    pub(super) fn subject(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let long = "long ".repeat(20);
        let subject = match self.random.below(10) {
            0..2 => "<subject/>".to_owned(),
            2 => format!("<subject>{long}</subject>"),
            3 => "<subject>flowers</subject><subject xml:lang='de'>Blumen</subject>".to_owned(),
            _ => format!("<subject>flowers {}</subject>", self.count),
        };
        format!(
            "<message xmlns='jabber:client' type='groupchat' id='{id}' to='{}'>{subject}</message>",
            stage.room
        )
    }

    /// One or several invitations.
    pub(super) fn invite(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let count = *self.random.pick(&[1, 1, 1, 2, 3]);
        let mut invites = String::new();
        for _ in 0..count {
            let to = match self.random.below(20) {
                0 => String::new(),
                1 => format!(" to='{}'", stage.to("Rose")),
                _ => {
                    let address = self.some_address(stage);
                    format!(" to='{address}'")
                }
            };
            invites.push_str(&format!("<invite{to}><reason>come along</reason></invite>"));
        }
        format!(
            "<message xmlns='jabber:client' id='{id}' to='{}'><x xmlns='{}'>{invites}</x></message>",
            stage.room,
            ns::MUC_USER
        )
    }

    /// An invitation is turned down.
    pub(super) fn decline(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let nick = self.some_nick(stage);
        let to = match self.random.below(10) {
            0..4 => stage.to(&nick),
            4..6 => stage.room.clone(),
            _ => self.some_address(stage),
        };
        format!(
            "<message xmlns='jabber:client' id='{id}' to='{}'><x xmlns='{}'><decline to='{to}'><reason>no time</reason>\
             </decline></x></message>",
            stage.room,
            ns::MUC_USER
        )
    }

    /// A visitor asks for a voice; whoever keeps order answers such a request, and others try to.
    pub(super) fn voice(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let field = |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
        let mut fields = field("FORM_TYPE", ns::MUC_REQUEST) + &field("muc#role", "participant");
        let asks = stage.seat().is_some_and(|seat| seat.role < Role::Moderator) && self.random.chance(80);
        if !asks {
            let visitors: Vec<_> = stage.sheet.seats.iter().filter(|s| s.role == Role::Visitor).collect();
            let nick = match visitors.first() {
                Some(visitor) => visitor.nick.clone(),
                None => self.some_nick(stage),
            };
            fields.push_str(&field("muc#roomnick", &escape(&nick)));
            let allow = *self.random.pick(&["1", "true", "0", "perhaps"]);
            fields.push_str(&field("muc#request_allow", allow));
        }
        format!(
            "<message xmlns='jabber:client' id='{id}' to='{}'><x xmlns='{}' type='submit'>{fields}</x></message>",
            stage.room,
            ns::DATA
        )
    }

    /// An IQ to an occupant, to oneself, to the room or to the service.
    pub(super) fn request(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let to = match (self.random.below(10), stage.seat()) {
            (0..3, Some(seat)) => stage.to(&seat.nick),
            (0..2, None) => stage.to("Moss"),
            (3, _) => stage.room.clone(),
            (4, _) => stage.cast.service.domain.as_str().to_owned(),
            _ => {
                let nick = self.some_nick(stage);
                stage.to(&nick)
            }
        };
        let payload = *self.random.pick(&[
            "<ping xmlns='urn:xmpp:ping'/>",
            "<ping xmlns='urn:xmpp:ping'/>",
            "<vCard xmlns='vcard-temp'/>",
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>",
            "<query xmlns='http://jabber.org/protocol/disco#info'/>",
            "<query xmlns='http://jabber.org/protocol/disco#items'/>",
            "<query xmlns='jabber:iq:version'/>",
            "<unique xmlns='http://jabber.org/protocol/muc#unique'/>",
            "<what xmlns='urn:example:any'>&amp;</what>",
            "",
        ]);
        let type_ = if self.random.chance(85) { "get" } else { "set" };
        format!("<iq xmlns='jabber:client' type='{type_}' id='{id}' to='{to}'>{payload}</iq>")
    }

    /// What no client should send.
    pub(super) fn odd(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let room = &stage.room;
        match self.random.below(9) {
            0 => format!("<presence xmlns='jabber:client' type='subscribe' to='{room}'/>"),
            1 => {
                format!("<presence xmlns='jabber:client' type='novel' id='{id}' to='{}'/>", stage.to("Rose"))
            }
            2 => {
                format!("<iq xmlns='jabber:client' type='get' to='{room}'><ping xmlns='urn:xmpp:ping'/></iq>")
            }
            3 => format!("<iq xmlns='jabber:client' type='result' id='{id}' to='{}'/>", stage.to("Rose")),
            4 => format!("<iq xmlns='jabber:client' type='error' id='{id}' to='{room}'/>"),
            5 => {
                format!("<message xmlns='jabber:client' id='{id}' to='{room}'><body>hello?</body></message>")
            }
            6 => format!("<message xmlns='jabber:client' type='groupchat' id='{id}' to='{room}'/>"),
            7 => format!("<presence xmlns='jabber:client' type='unavailable' to='{room}'/>"),
            _ => format!(
                "<message xmlns='jabber:client' type='error' id='{id}' to='{room}'><body>x</body></message>"
            ),
        }
    }
}

impl Stage<'_> {
    /// The room's address as it is.
    fn sheet_room(&self) -> &str {
        self.cast
            .rooms
            .iter()
            .map(|r| r.as_str())
            .find(|r| *r == self.room.to_lowercase())
            .unwrap_or_default()
    }
}
