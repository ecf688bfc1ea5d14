//! The same answer whatever the truth: of two rooms that differ only in a secret, nobody who may not know it can tell one
//! from the other by what is answered to anything they send.
//!
//! Each secret is tried with each stanza, from each account that may not know it. What shows by itself is named, and must
//! show. This is how the next answer that tells too much is found: add a secret, or a stanza.

use std::collections::BTreeMap;

use conclave::wire::encode;
use conclave::wire::ns;

use crate::hostile::kinds;
use crate::world::{ROOM, World, full};

const MUC: &str = "http://jabber.org/protocol/muc";

/// Something about a room.
struct Secret {
    name: &'static str,
    /// The configuration of both rooms.
    fields: &'static [(&'static str, &'static str)],
    /// Makes it true in one of them.
    make: fn(&mut World),
    /// Who may not know it.
    askers: &'static [&'static str],
    /// What shows by itself.
    inherent: &'static [Inherent],
}

/// Why a stanza tells something that cannot be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Inherent {
    /// A nick is given to one account only, so who asks for it finds whether it is taken (45-7.2.8-a, 45-7.6-e, 45-7.10-g).
    Nick,
    /// Who is let in sees who is there.
    Entering,
    /// Whether a password is the right one shows when it is tried.
    Password,
    /// A room that is not there is made by who enters or configures it.
    Making,
}

impl Inherent {
    /// Whether a stanza is one of these.
    fn is(self, xml: &str) -> bool {
        let enters = xml.starts_with("<presence") && xml.contains(&format!("<x xmlns='{MUC}'"));
        let presence = xml.starts_with("<presence") && !xml.contains(" type=");
        match self {
            Self::Nick => {
                let xml = xml.to_lowercase();
                ["juliet", "capulet"].iter().any(|nick| {
                    presence && xml.contains(&format!("{ROOM}/{nick}'"))
                        || xml.contains(&format!("<value>{nick}<"))
                })
            }
            Self::Entering => enters,
            Self::Password => enters && xml.contains("<password>p2<"),
            Self::Making => enters || xml.contains(&format!("{MUC}#owner")) && xml.contains("type='set'"),
        }
    }
}

const OUTSIDE: &[&str] = &["mallory", "banned", "nurse"];
const ALL: &[&str] = &["mallory", "banned", "nurse", "romeo"];
const STRANGERS: &[&str] = &["mallory", "banned"];

/// Romeo, a participant, and the owner are inside; the nurse is a member; somebody is banned. Juliet is who it is about.
fn scene(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    let items = [("nurse", "member"), ("romeo", "member"), ("banned", "outcast")];
    w.admin(
        "owner",
        &items.map(|(who, what)| format!("<item jid='{who}@example' affiliation='{what}'/>")).concat(),
    );
    let password = fields.iter().find(|(var, _)| *var == "roomsecret").map_or("", |(_, value)| value);
    w.join_as("romeo", "romeo", &format!("<password>{password}</password>"));
    hats(&mut w, "commands:create");
    w.say("romeo", "one");
    w.clear();
    w
}

/// Runs a command about the hat of the samples.
fn hats(w: &mut World, command: &str) {
    let samples = kinds::requests();
    let (who, xml) = samples.iter().find(|(_, xml)| xml.contains(command)).expect("a sample");
    w.send(who, xml);
}

fn admin(w: &mut World, item: &str) {
    w.admin("owner", &format!("<item {item}/>"));
}

const SECRETS: &[Secret] = &[
    Secret {
        name: "Juliet is in a room for members",
        fields: &[("membersonly", "1"), ("allowinvites", "1")],
        make: |w| {
            admin(w, "affiliation='member' jid='juliet@example'");
            w.join("juliet");
        },
        askers: STRANGERS,
        inherent: &[],
    },
    Secret {
        name: "Juliet is in a room that is not listed",
        fields: &[("publicroom", "0")],
        make: |w| w.join("juliet"),
        askers: OUTSIDE,
        inherent: &[Inherent::Nick, Inherent::Entering],
    },
    Secret {
        name: "Juliet is in and not shown because of her role",
        fields: &[("presencebroadcast", "moderator"), ("publicroom", "0"), ("whois", "anyone")],
        make: |w| w.join("juliet"),
        askers: ALL,
        inherent: &[Inherent::Nick],
    },
    Secret {
        name: "Juliet is in and not shown because of the size of the room",
        fields: &[("x-muc#roomconfig_quietabove", "2"), ("publicroom", "0")],
        make: |w| w.join("juliet"),
        askers: ALL,
        inherent: &[Inherent::Nick],
    },
    Secret {
        name: "Juliet is in and not shown, and may not be written to",
        fields: &[("presencebroadcast", "moderator"), ("publicroom", "0"), ("allowpm", "none")],
        make: |w| w.join("juliet"),
        askers: ALL,
        inherent: &[Inherent::Nick],
    },
    Secret {
        name: "Juliet is banned",
        fields: &[("publicroom", "0")],
        make: |w| admin(w, "affiliation='outcast' jid='juliet@example'"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "Juliet is banned from a room for members",
        fields: &[("membersonly", "1"), ("allowinvites", "1")],
        make: |w| admin(w, "affiliation='outcast' jid='juliet@example'"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "Juliet's whole domain is banned from a room for members",
        fields: &[("membersonly", "1"), ("allowinvites", "1")],
        make: |w| admin(w, "affiliation='outcast' jid='elsewhere'"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "Juliet is banned from a room where addresses are shown",
        fields: &[("whois", "anyone")],
        make: |w| admin(w, "affiliation='outcast' jid='juliet@example'"),
        askers: STRANGERS,
        inherent: &[],
    },
    Secret {
        name: "Juliet is a member",
        fields: &[("membersonly", "1"), ("allowinvites", "1")],
        make: |w| admin(w, "affiliation='member' jid='juliet@example'"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "Juliet's whole domain are members",
        fields: &[("membersonly", "1"), ("allowinvites", "1")],
        make: |w| admin(w, "affiliation='member' jid='elsewhere'"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "Juliet is an admin",
        fields: &[],
        make: |w| admin(w, "affiliation='admin' jid='juliet@example'"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "Juliet is an owner of a room where addresses are shown",
        fields: &[("whois", "anyone")],
        make: |w| admin(w, "affiliation='owner' jid='juliet@example'"),
        askers: STRANGERS,
        inherent: &[Inherent::Entering],
    },
    Secret {
        name: "Juliet has reserved a nick, and is not in",
        fields: &[("publicroom", "0"), ("x-muc#roomconfig_registration", "1")],
        make: |w| admin(w, "affiliation='member' jid='juliet@example' nick='capulet'"),
        askers: ALL,
        inherent: &[Inherent::Nick],
    },
    Secret {
        name: "who has a nick is inside, and not only reserved it",
        fields: &[("publicroom", "0"), ("x-muc#roomconfig_registration", "1")],
        make: |w| {
            admin(w, "affiliation='none' jid='reserver@example'");
            w.join("juliet");
        },
        askers: OUTSIDE,
        inherent: &[Inherent::Entering],
    },
    Secret {
        name: "Juliet has been invited, and by whom",
        fields: &[("publicroom", "0")],
        make: |w| invite(w, "owner", "juliet@example"),
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "the list of a room for members is full or not, and Juliet is on it",
        fields: &[("membersonly", "1"), ("allowinvites", "1")],
        make: |w| {
            admin(w, "affiliation='none' jid='filler@example'");
            admin(w, "affiliation='member' jid='juliet@example'");
        },
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "there is a token",
        fields: &[("membersonly", "1")],
        make: |w| {
            let ask = format!("<request xmlns='{}'/>", ns::TOKEN_INVITE);
            w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='t'>{ask}</iq>"));
        },
        askers: ALL,
        inherent: &[],
    },
    Secret {
        name: "the password is another one",
        fields: &[("roomsecret", "p2")],
        make: |w| w.configure("owner", &[("roomsecret", "p3")]),
        askers: OUTSIDE,
        inherent: &[Inherent::Password],
    },
    Secret {
        name: "something was said in a room for members",
        fields: &[("membersonly", "1")],
        make: |w| {
            w.say("romeo", "two");
            let subject = "<subject>secret</subject>";
            w.send(
                "owner",
                &format!("<message xmlns='jabber:client' type='groupchat' id='s'>{subject}</message>"),
            );
        },
        askers: STRANGERS,
        inherent: &[],
    },
    Secret {
        name: "something was said behind a password",
        fields: &[("roomsecret", "p2")],
        make: |w| w.say("romeo", "two"),
        askers: STRANGERS,
        inherent: &[Inherent::Entering],
    },
    Secret {
        name: "Romeo has another role and a hat",
        fields: &[("moderatedroom", "1"), ("publicroom", "0"), ("membersonly", "1")],
        make: |w| {
            hats(w, "commands:assign");
            admin(w, "nick='romeo' role='moderator'");
        },
        askers: STRANGERS,
        inherent: &[],
    },
    Secret {
        name: "there were changes of the lists that not everybody sees",
        fields: &[("publicroom", "0")],
        make: |w| {
            for n in 0..3 {
                admin(w, &format!("affiliation='outcast' jid='u{n}@example'"));
            }
        },
        askers: ALL,
        inherent: &[],
    },
];

fn invite(w: &mut World, who: &str, to: &str) {
    let x = format!("<x xmlns='{MUC}#user'><invite to='{to}'/></x>");
    w.send(who, &format!("<message xmlns='jabber:client' id='i'>{x}</message>"));
}

/// Everything that is sent: each kind of stanza, once as it is and once about Juliet, and what is known to probe.
fn stanzas() -> Vec<String> {
    let kinds = [kinds::presences(), kinds::messages(), kinds::requests()].concat();
    let about_juliet = [
        (format!("{ROOM}/owner'"), format!("{ROOM}/juliet'")),
        (format!("{ROOM}/romeo'"), format!("{ROOM}/juliet'")),
        ("owner@example".to_owned(), "juliet@example".to_owned()),
        ("romeo@example".to_owned(), "juliet@example".to_owned()),
        ("nick='romeo'".to_owned(), "nick='juliet'".to_owned()),
        ("<value>romeo<".to_owned(), "<value>juliet<".to_owned()),
    ];
    let mut all = Vec::new();
    for (_, xml) in kinds {
        all.push(about_juliet.iter().fold(xml.clone(), |xml, (from, to)| xml.replace(from, to)));
        all.push(xml);
    }
    let user = |inside: &str| format!("<x xmlns='{MUC}#user'>{inside}</x>");
    let message = |to: &str, type_: &str, inside: &str| {
        format!("<message xmlns='jabber:client' id='x' to='{to}' type='{type_}'>{inside}</message>")
    };
    let iq = |to: &str, type_: &str, payload: &str| {
        format!("<iq xmlns='jabber:client' id='x' to='{to}' type='{type_}'>{payload}</iq>")
    };
    let names = ["juliet@example", "juliet@elsewhere", "elsewhere", "juliet@example/pc"];
    for name in names.into_iter().chain([
        ROOM,
        "r@muc.example/juliet",
        "r@muc.example/capulet",
        "r@muc.example/owner",
    ]) {
        all.push(message(ROOM, "normal", &user(&format!("<invite to='{name}'><reason>r</reason></invite>"))));
        all.push(message(
            ROOM,
            "normal",
            &user(&format!("<decline to='{name}'><reason>r</reason></decline>")),
        ));
        for affiliation in ["none", "member", "outcast", "owner"] {
            let item = format!("<item jid='{name}' affiliation='{affiliation}'/>");
            all.push(iq(ROOM, "set", &format!("<query xmlns='{MUC}#admin'>{item}</query>")));
        }
        let with = format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>\
             <field var='with'><value>{name}</value></field></x>"
        );
        all.push(iq(ROOM, "set", &format!("<query xmlns='urn:xmpp:mam:2'>{with}</query>")));
        let mention =
            format!("<body>b</body><reference xmlns='{}' type='mention' uri='xmpp:{name}'/>", ns::REFERENCE);
        all.push(message(ROOM, "groupchat", &mention));
    }
    for nick in ["juliet", "capulet", "JULIET", "nobody", "owner", "filler"] {
        let to = format!("{ROOM}/{nick}");
        for payload in [
            "<ping xmlns='urn:xmpp:ping'/>",
            "<query xmlns='http://jabber.org/protocol/disco#info'/>",
            "<query xmlns='http://jabber.org/protocol/disco#items'/>",
            "<vCard xmlns='vcard-temp'/>",
            "<query xmlns='jabber:iq:version'/>",
        ] {
            all.push(iq(&to, "get", payload));
        }
        for type_ in ["chat", "normal", "headline", "error"] {
            all.push(message(&to, type_, "<body>b</body>"));
        }
        all.push(message(
            &to,
            "chat",
            "<reactions xmlns='urn:xmpp:reactions:0' id='a'><reaction>x</reaction></reactions>",
        ));
        for type_ in ["probe", "unavailable", "subscribe", "error"] {
            all.push(format!("<presence xmlns='jabber:client' id='x' to='{to}' type='{type_}'/>"));
        }
        all.push(format!("<presence xmlns='jabber:client' id='x' to='{to}'/>"));
        let join = "<mav xmlns='urn:xmpp:muc:affiliations:1'/><password>p2</password>";
        all.push(format!(
            "<presence xmlns='jabber:client' id='x' to='{to}'><x xmlns='{MUC}'>{join}</x></presence>"
        ));
        for item in ["role='none'", "role='moderator'", "affiliation='member'", "affiliation='outcast'"] {
            let item = format!("<item nick='{nick}' {item}/>");
            all.push(iq(ROOM, "set", &format!("<query xmlns='{MUC}#admin'>{item}</query>")));
        }
    }
    for item in [
        "role='participant'",
        "role='visitor'",
        "affiliation='outcast'",
        "affiliation='admin'",
        "affiliation='member'",
    ] {
        all.push(iq(ROOM, "get", &format!("<query xmlns='{MUC}#admin'><item {item}/></query>")));
    }
    for word in ["p2", "p3", &"0".repeat(64)] {
        let x = format!("<x xmlns='{MUC}'><password>{word}x</password></x>");
        all.push(format!("<presence xmlns='jabber:client' id='x' to='{ROOM}/someone'>{x}</presence>"));
        all.push(iq(ROOM, "set", &format!("<revoke xmlns='{}'>{word}x</revoke>", ns::TOKEN_INVITE)));
    }
    // An invitation of oneself, and of another account of one's own.
    for own in ["mallory@example", "nurse@example", "romeo@example", "alt@example"] {
        all.push(message(ROOM, "normal", &user(&format!("<invite to='{own}'/>"))));
    }
    all.sort_unstable();
    all.dedup();
    all
}

const GRANTED: &str = "not refused";

/// What `asker`, or an account that they invited, gets when they send `xml`; ids are not looked at.
fn answers(w: &mut World, asker: &str, xml: &str) -> Vec<String> {
    let before = w.room.clone();
    w.clear();
    let outcome = if w.send(asker, xml).refused { "refused" } else { GRANTED };
    let mut got: Vec<String> = vec![outcome.to_owned()];
    for own in [full(asker), format!("{asker}@example"), "alt@example".to_owned()] {
        got.extend(w.stanzas(&own).iter().map(|stanza| without_ids(&encode::element(stanza))));
    }
    w.room = before;
    got
}

/// A text without what the room makes anew each time: ids, proofs, tokens, and versions of lists, which are sealed.
fn without_ids(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        if matches!(c, '0'..='9' | 'a'..='f') {
            digits.push(c);
            continue;
        }
        let is_new = match digits.len() {
            30 | 32 => true,
            64 => out.ends_with('>'),
            16 => out.ends_with('-'),
            _ => false,
        };
        out.push_str(if is_new { "ID" } else { &digits });
        digits.clear();
        out.push(c);
    }
    out
}

/// The two rooms of a secret: where it is so, and where it is not.
fn rooms(secret: &Secret) -> [World; 2] {
    [true, false].map(|is_so| {
        let mut w = scene(secret.fields);
        // Accounts that some secrets do away with: one that fills the list, one that has reserved a nick.
        if secret.name.starts_with("the list") {
            admin(&mut w, "affiliation='member' jid='filler@example'");
            w.service.limits.affiliations_max = 5;
        }
        if secret.name.starts_with("who has a nick") {
            admin(&mut w, "affiliation='member' jid='reserver@example' nick='juliet'");
        }
        if is_so {
            (secret.make)(&mut w);
        }
        w
    })
}

// 45-7.8.2-g, 45-7.5-e, 45-7.5-f, 45-17.4-c, 45-17.2-b, 45-8-a, 463-5, 410-3
#[test]
fn same_answer_whatever_the_truth() {
    let stanzas = stanzas();
    let (mut told, mut tried) = (Vec::new(), 0);
    for secret in SECRETS {
        let [mut so, mut not] = rooms(secret);
        let mut shown: BTreeMap<Inherent, usize> = secret.inherent.iter().map(|i| (*i, 0)).collect();
        for asker in secret.askers {
            for xml in &stanzas {
                tried += 1;
                let (yes, no) = (answers(&mut so, asker, xml), answers(&mut not, asker, xml));
                if yes == no {
                    continue;
                }
                // Two refusals that differ are never due to what shows by itself.
                let granted = yes[0] == GRANTED || no[0] == GRANTED;
                let may_show = |i: &&Inherent| i.is(xml) && (granted || **i == Inherent::Password);
                match secret.inherent.iter().find(may_show) {
                    Some(inherent) => *shown.entry(*inherent).or_default() += 1,
                    None => {
                        told.push(format!("{}: {asker} sends {xml}\n    {yes:?}\n    {no:?}", secret.name))
                    }
                }
            }
        }
        let idle: Vec<_> = shown.iter().filter(|(_, count)| **count == 0).collect();
        assert!(idle.is_empty(), "{}: {idle:?} does not show at all", secret.name);
    }
    assert!(tried > 10_000, "only {tried} were tried");
    let count = told.len();
    told.truncate(20);
    assert!(told.is_empty(), "{count} of {tried} tell something:\n{}", told.join("\n"));
}

// 45-17.2-c, 45-7.2.10-a, 410-3
#[test]
fn room_that_is_not_configured_is_not_there() {
    let (mut locked, mut absent) = (World::new(), World::new());
    // A language of new rooms that is not that of the service tells nothing either.
    for world in [&mut locked, &mut absent] {
        world.service.default_room.language = "de".to_owned();
    }
    locked.join("owner");
    let mut told = Vec::new();
    for xml in stanzas() {
        let (yes, no) = (answers(&mut locked, "mallory", &xml), answers(&mut absent, "mallory", &xml));
        if yes != no && !Inherent::Making.is(&xml) {
            told.push(format!("{xml}\n    {yes:?}\n    {no:?}"));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}
