//! What rooms are for: talking, reading what was said, invitations and bans.

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{
    Guest, brief, condition, entry, has_code, is_departure, is_error, is_from, is_own_presence,
};
use crate::world::World;

/// A room with an occupant of each server in it.
pub(crate) struct Party {
    pub(crate) room: String,
    /// The owner, at the server of the rooms.
    pub(crate) ann: Guest,
    /// At the first remote server.
    pub(crate) bo: Guest,
    /// At the second remote server.
    pub(crate) cy: Guest,
}

impl Party {
    /// Accounts whose names begin with that of the room enter it in turn; each sees those who were there.
    pub(crate) fn meet(world: &World, name: &str) -> Self {
        let room = world.room(name);
        let mut ann = world.guest(0, &format!("{name}-ann"));
        let own = ann.enters(&room, "ann");
        assert!(has_code(&own, "201"), "the room is new: {}", brief(&own));
        ann.configures(
            &room,
            &[("muc#roomconfig_persistentroom", "1"), ("muc#roomconfig_enablearchiving", "1")],
        );
        let (mut bo, mut cy) = (world.guest(1, &format!("{name}-bo")), world.guest(2, &format!("{name}-cy")));
        for (guest, nick) in [(&mut bo, "bo"), (&mut cy, "cy")] {
            guest.enters(&room, nick);
            let seen = arrives(&mut ann, &room, nick);
            assert_eq!(real(&seen), Some(guest.jid()), "the owner sees real addresses: {}", brief(&seen));
        }
        let seen = arrives(&mut bo, &room, "cy");
        assert_eq!(real(&seen), None, "others do not: {}", brief(&seen));
        Self { room, ann, bo, cy }
    }

    /// Each says something; all hear everything.
    pub(crate) fn talks(&mut self, text: &str) {
        let room = self.room.clone();
        for nick in ["ann", "bo", "cy"] {
            let words = format!("{text}, says {nick}");
            says(self.who(nick), &room, &words);
            let heard: Vec<_> =
                ["ann", "bo", "cy"].map(|who| hears(self.who(who), &room, nick, &words)).into();
            let ids: Vec<_> = heard.iter().map(stanza_id).collect();
            assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]), "one id for all: {ids:?}");
        }
    }

    fn who(&mut self, nick: &str) -> &mut Guest {
        match nick {
            "ann" => &mut self.ann,
            "bo" => &mut self.bo,
            _ => &mut self.cy,
        }
    }
}

/// Says something to a room; the text is the stanza's id too.
pub(crate) fn says(guest: &mut Guest, room: &str, text: &str) {
    guest.says(&format!("<message type='groupchat' id='{text}' to='{room}'><body>{text}</body></message>"));
}

/// Waits for what an occupant says to all.
pub(crate) fn hears(guest: &mut Guest, room: &str, nick: &str, text: &str) -> Element {
    guest.hears(&format!("{nick}: {text}"), |s| !is_error(s) && is_from(s, room, nick) && body(s) == text)
}

/// Waits until an occupant is shown as available.
pub(crate) fn arrives(guest: &mut Guest, room: &str, nick: &str) -> Element {
    guest.hears(&format!("{nick} enters"), |s| {
        s.name() == "presence" && s.attr("type").is_none() && is_from(s, room, nick)
    })
}

/// Waits until an occupant is shown as gone.
pub(crate) fn departs(guest: &mut Guest, room: &str, nick: &str) -> Element {
    guest.hears(&format!("{nick} leaves"), |s| is_departure(s, room, nick))
}

/// The answer of the room to an attempt to enter it, which it refuses.
pub(crate) fn refused(guest: &mut Guest, room: &str, nick: &str) -> Element {
    guest.says(&entry(room, nick));
    guest.hears("the refusal", |s| s.name() == "presence" && (is_error(s) || is_own_presence(s, room, nick)))
}

pub(crate) fn body(stanza: &Element) -> String {
    stanza.get_child("body", ns::CLIENT).map(Element::text).unwrap_or_default()
}

fn stanza_id(stanza: &Element) -> Option<&str> {
    stanza.get_child("stanza-id", ns::SID)?.attr("id")
}

fn item(stanza: &Element) -> Option<&Element> {
    stanza.get_child("x", ns::MUC_USER)?.get_child("item", ns::MUC_USER)
}

fn real(stanza: &Element) -> Option<&str> {
    item(stanza)?.attr("jid")
}

/// Sets an affiliation; gives the answer.
pub(crate) fn affiliates(guest: &mut Guest, room: &str, jid: &str, affiliation: &str) -> Element {
    let item = format!(
        "<query xmlns='{}'><item jid='{jid}' affiliation='{affiliation}'><reason>It is so.</reason></item></query>",
        ns::MUC_ADMIN
    );
    guest.asks("set", room, item.parse().expect("a query"))
}

/// Whether the room says that the session is inside (XEP-0410).
pub(crate) fn is_inside(guest: &mut Guest, room: &str, nick: &str) -> bool {
    guest.asks("get", &format!("{room}/{nick}"), Element::bare("ping", ns::PING)).attr("type")
        == Some("result")
}

/// What the archive has after this id: the texts with their ids.
pub(crate) fn reads(guest: &mut Guest, room: &str, after: Option<&str>) -> Vec<(String, String)> {
    let after =
        after.map(|id| format!("<set xmlns='{}'><after>{id}</after></set>", ns::RSM)).unwrap_or_default();
    let query = format!("<query xmlns='{}' queryid='q'>{after}</query>", ns::MAM);
    guest.says(&format!("<iq type='set' id='archive' to='{room}'>{query}</iq>"));
    let mut found = Vec::new();
    let fin = guest.hears("the end of the archive", |s| {
        if let Some(result) = s.get_child("result", ns::MAM) {
            let message =
                result.get_child("forwarded", ns::FORWARD).and_then(|f| f.get_child("message", ns::CLIENT));
            let text = message.map(body).unwrap_or_default();
            found.push((text, result.attr("id").unwrap_or_default().to_owned()));
        }
        s.name() == "iq" && s.attr("id") == Some("archive")
    });
    assert_eq!(fin.attr("type"), Some("result"), "the archive of {room}: {}", brief(&fin));
    found.retain(|(text, _)| !text.is_empty());
    found
}

pub(crate) fn talk(world: &mut World) {
    // 45-7.2.2-a 45-7.2.3-a 45-7.4-a 45-7.5-a 359-1 410-1
    let mut party = Party::meet(world, "talk");
    party.talks("hello");
    let Party { room, ann, bo, cy } = &mut party;
    let info = bo.asks("get", room, Element::bare("query", ns::DISCO_INFO));
    let identity =
        info.get_child("query", ns::DISCO_INFO).and_then(|q| q.get_child("identity", ns::DISCO_INFO));
    assert_eq!(identity.and_then(|i| i.attr("category")), Some("conference"), "{}", brief(&info));
    for (guest, nick) in [(&mut *ann, "ann"), (bo, "bo"), (cy, "cy")] {
        assert!(is_inside(guest, room, nick), "{nick} is inside");
    }
    bo.says(&format!("<message type='chat' id='pm' to='{room}/cy'><body>psst</body></message>"));
    let private = cy.hears("a private message", |s| body(s) == "psst");
    assert_eq!(
        (private.attr("type"), is_from(&private, room, "bo")),
        (Some("chat"), true),
        "{}",
        brief(&private)
    );
    // A question from one remote client to another, through the room.
    bo.says(&format!("<iq type='get' id='v' to='{room}/cy'><query xmlns='{}'/></iq>", ns::VERSION));
    let question = cy.hears("a question", |s| s.name() == "iq" && s.has_child("query", ns::VERSION));
    let [from, id] = ["from", "id"].map(|name| question.attr(name).expect("a way back"));
    assert_eq!(from, format!("{room}/bo"), "no real address");
    cy.says(&format!(
        "<iq type='result' id='{id}' to='{from}'><query xmlns='{}'><name>Cy</name></query></iq>",
        ns::VERSION
    ));
    let answer = bo.hears("the answer", |s| s.name() == "iq" && s.attr("id") == Some("v"));
    assert_eq!(
        (answer.attr("type"), is_from(&answer, room, "cy")),
        (Some("result"), true),
        "{}",
        brief(&answer)
    );
    cy.leaves(room, "cy");
    for guest in [ann, bo] {
        departs(guest, room, "cy");
    }
}

pub(crate) fn sync(world: &mut World) {
    // 313-1 313-2 313-12 059-2
    let mut party = Party::meet(world, "sync");
    party.talks("early");
    let Party { room, ann, bo, cy } = &mut party;
    let before = reads(cy, room, None);
    let texts: Vec<_> = before.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["early, says ann", "early, says bo", "early, says cy"]);
    cy.leaves(room, "cy");
    departs(ann, room, "cy");
    let missed: Vec<String> = (0..30).map(|number| format!("missed {number}")).collect();
    for text in &missed {
        says(bo, room, text);
        hears(ann, room, "bo", text);
    }
    cy.enters(room, "cy");
    let last = before.last().map(|(_, id)| id.as_str());
    let found: Vec<String> = reads(cy, room, last).into_iter().map(|(text, _)| text).collect();
    assert_eq!(found, missed, "all that was missed, once, in order");
}

pub(crate) fn invite(world: &mut World) {
    // 45-7.8.2-a 45-7.8.2-c 45-7.2.8-a
    let room = world.room("invite");
    let mut ann = world.guest(0, "invite-ann");
    ann.enters(&room, "ann");
    ann.configures(&room, &[("muc#roomconfig_membersonly", "1"), ("muc#roomconfig_persistentroom", "1")]);
    for town in [1, 2] {
        let (name, nick) = (format!("guest-{town}"), format!("guest {town}"));
        let invitation = format!(
            "<message id='i{town}' to='{room}'><x xmlns='{}'><invite to='{}'><reason>Cake.</reason></invite></x></message>",
            ns::MUC_USER,
            world.account(town, &name)
        );
        let mut guest = world.guest(town, &name);
        let error = refused(&mut guest, &room, &nick);
        assert_eq!(condition(&error), Some("registration-required"), "{}", brief(&error));
        // They are offline when the invitation comes; their server keeps it.
        guest.close();
        ann.says(&invitation);
        ann.catches_up();
        let door = world.towns[town].door();
        std::thread::sleep(std::time::Duration::from_secs(1));
        let mut guest = Guest::again(&door, &name, "evening");
        guest.says("<presence/>");
        let heard = guest.hears("the invitation", |s| {
            s.get_child("x", ns::MUC_USER).is_some_and(|x| x.has_child("invite", ns::MUC_USER))
        });
        assert_eq!(heard.attr("from"), Some(room.as_str()), "{}", brief(&heard));
        guest.enters(&room, &nick);
        let seen = arrives(&mut ann, &room, &nick);
        assert_eq!(item(&seen).and_then(|i| i.attr("affiliation")), Some("member"), "{}", brief(&seen));
        // And when they are online.
        guest.leaves(&room, &nick);
        ann.says(&invitation.replace("Cake", "More cake"));
        guest.hears("the second invitation", |s| {
            s.has_child("x", ns::CONFERENCE) || s.has_child("x", ns::MUC_USER)
        });
    }
}

pub(crate) fn ban(world: &mut World) {
    // 45-9.1-a 45-9.1-d 45-7.2.7-a
    let mut party = Party::meet(world, "ban");
    let Party { room, ann, bo, cy } = &mut party;
    let account = world.account(1, "ban-bo");
    let domain = world.towns[2].domain;
    for (guest, nick, target) in [(&mut *bo, "bo", account.as_str()), (cy, "cy", domain)] {
        let answer = affiliates(ann, room, target, "outcast");
        assert_eq!(answer.attr("type"), Some("result"), "{target}: {}", brief(&answer));
        for witness in [&mut *ann, &mut *guest] {
            let gone = departs(witness, room, nick);
            assert!(has_code(&gone, "301"), "{target} is banned: {}", brief(&gone));
        }
        let error = refused(guest, room, nick);
        assert_eq!(condition(&error), Some("forbidden"), "{target} stays out: {}", brief(&error));
        says(guest, room, "let me in");
        let error = guest.hears("the refusal of the message", |s| s.name() == "message" && is_error(s));
        assert_eq!(error.attr("id"), Some("let me in"));
        let answer = affiliates(ann, room, target, "none");
        assert_eq!(answer.attr("type"), Some("result"), "{target}: {}", brief(&answer));
        guest.enters(room, nick);
        arrives(ann, room, nick);
        says(guest, room, "thank you");
        hears(ann, room, nick, "thank you");
    }
}
