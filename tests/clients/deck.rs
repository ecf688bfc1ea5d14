//! A room with a captain, where clients come aboard.

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, brief, is_from};
use crate::servers::host::{DOMAIN, Host, Kind};
use crate::servers::service::Service;

/// The room.
pub(crate) const ROOM: &str = "deck@muc.localhost";

/// A server, the service, and the room's owner, who has spoken and set a subject.
pub(crate) struct Deck {
    pub(crate) captain: Guest,
    _service: Service,
    pub(crate) host: Host,
}

impl Deck {
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// With these fields in the room's configuration.
    pub(crate) fn start_with(kind: Kind, fields: &[(&str, &str)]) -> Self {
        let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
        let service = Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
        let mut captain = Guest::new(&host, "captain");
        captain.enters(ROOM, "captain");
        captain.configures(ROOM, fields);
        captain.says(&format!(
            "<message type='groupchat' to='{ROOM}'><subject>Weather at sea</subject></message>"
        ));
        let mut deck = Self { captain, _service: service, host };
        deck.captain_says("It was calm yesterday");
        deck
    }

    /// The captain speaks, and it has come back to him.
    pub(crate) fn captain_says(&mut self, text: &str) {
        self.captain.says(&format!("<message type='groupchat' to='{ROOM}'><body>{text}</body></message>"));
        self.captain
            .hears("the own words", |s| is_from(s, ROOM, "captain") && s.has_child("body", ns::CLIENT));
    }

    /// The captain changes the role of an occupant.
    pub(crate) fn sets_role(&mut self, nick: &str, role: &str, reason: &str) {
        self.sets(&format!("<item nick='{nick}' role='{role}'><reason>{reason}</reason></item>"));
    }

    /// The captain changes the affiliation of an account.
    pub(crate) fn sets_affiliation(&mut self, name: &str, affiliation: &str, reason: &str) {
        let item = format!(
            "<item jid='{name}@{DOMAIN}' affiliation='{affiliation}'><reason>{reason}</reason></item>"
        );
        self.sets(&item);
    }

    fn sets(&mut self, item: &str) {
        let query = format!("<query xmlns='{}'>{item}</query>", ns::MUC_ADMIN);
        let answer = self.captain.asks("set", ROOM, query.parse().expect("a query"));
        assert_eq!(answer.attr("type"), Some("result"), "{}", brief(&answer));
    }
}

/// The text of a message.
pub(crate) fn body(stanza: &Element) -> String {
    stanza.get_child("body", ns::CLIENT).map(Element::text).unwrap_or_default()
}
