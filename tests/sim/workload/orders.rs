//! What people of rank ask for, and others try to: roles, affiliations, lists, registration.

use conclave::wire::ns;

use super::{NICKS, Stage, Workload, escape};

const ROLES: [&str; 9] = [
    "none",
    "visitor",
    "visitor",
    "participant",
    "participant",
    "moderator",
    "moderator",
    "moderator",
    "king",
];
const AFFILIATIONS: [&str; 10] =
    ["outcast", "none", "none", "member", "member", "admin", "admin", "owner", "owner", "king"];

impl Workload {
    /// A request with one or several items.
    pub(super) fn orders(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let count = *self.random.pick(&[1, 1, 1, 1, 2, 2, 3, 5]);
        let items: String = (0..count).map(|_| self.item(stage)).collect();
        format!(
            "<iq xmlns='jabber:client' type='set' id='{id}' to='{}'><query xmlns='{}'>{items}</query></iq>",
            stage.room,
            ns::MUC_ADMIN
        )
    }

    fn item(&mut self, stage: &Stage<'_>) -> String {
        let reason = match self.random.below(20) {
            0..5 => "<reason>so be it</reason>".to_owned(),
            5 => format!("<reason>{}</reason>", "because ".repeat(40)),
            _ => String::new(),
        };
        let inside = match self.random.below(100) {
            0..45 => {
                let (nick, role) = (self.some_nick(stage), *self.random.pick(&ROLES));
                format!("nick='{}' role='{role}'", escape(&nick))
            }
            45..85 => {
                let (jid, affiliation) = (self.some_address(stage), *self.random.pick(&AFFILIATIONS));
                let nick = match self.random.below(20) {
                    0..3 => format!(" nick='{}'", escape(NICKS[self.random.below(NICKS.len())])),
                    3 => " nick=''".to_owned(),
                    _ => String::new(),
                };
                format!("jid='{jid}' affiliation='{affiliation}'{nick}")
            }
            85..92 => {
                let affiliation = *self.random.pick(&["outcast", "none", "member", "member", "owner"]);
                format!(
                    "jid='{}' affiliation='{affiliation}'",
                    self.random.pick(&["north.example", "south.example"])
                )
            }
            92..97 => {
                let (nick, affiliation) = (self.some_nick(stage), *self.random.pick(&AFFILIATIONS));
                format!("nick='{}' affiliation='{affiliation}'", escape(&nick))
            }
            97 => "role='none' affiliation='none' nick='Rose'".to_owned(),
            98 => "jid='@' affiliation='member'".to_owned(),
            _ => "nick='Rose'".to_owned(),
        };
        format!("<item {inside}>{reason}</item>")
    }

    /// A question for a list.
    pub(super) fn list(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let item = *self.random.pick(&[
            "<item affiliation='outcast'/>",
            "<item affiliation='member'/>",
            "<item affiliation='admin'/>",
            "<item affiliation='owner'/>",
            "<item affiliation='none'/>",
            "<item role='moderator'/>",
            "<item role='participant'/>",
            "<item role='visitor'/>",
            "<item role='none'/>",
            "",
        ]);
        format!(
            "<iq xmlns='jabber:client' type='get' id='{id}' to='{}'><query xmlns='{}'>{item}</query></iq>",
            stage.room,
            ns::MUC_ADMIN
        )
    }

    /// Somebody registers a nick, looks what is registered, or wants to be forgotten.
    pub(super) fn register(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let (type_, inside) = match self.random.below(10) {
            0..2 => ("get", String::new()),
            2..4 => ("set", "<remove/>".to_owned()),
            4 => ("set", format!("<x xmlns='{}' type='cancel'/>", ns::DATA)),
            5 => ("set", String::new()),
            _ => {
                let own = stage.seat().map(|seat| seat.nick.clone()).filter(|_| self.random.chance(40));
                let nick = own.unwrap_or_else(|| (*self.random.pick(&NICKS)).to_owned());
                let x = format!(
                    "<x xmlns='{}' type='submit'><field var='muc#register_roomnick'><value>{}</value></field></x>",
                    ns::DATA,
                    escape(&nick)
                );
                ("set", x)
            }
        };
        format!(
            "<iq xmlns='jabber:client' type='{type_}' id='{id}' to='{}'><query xmlns='{}'>{inside}</query></iq>",
            stage.room,
            ns::REGISTER
        )
    }
}
