//! What a restart of the service keeps, and what it does not.

use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, condition, entry, has_code, is_departure, is_from};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::service::{Service, configuration};

/// The service may take this long to end after SIGTERM.
const END: Duration = Duration::from_secs(10);

fn info(guest: &mut Guest, room: &str) -> Element {
    guest.asks("get", room, Element::bare("query", ns::DISCO_INFO))
}

fn has_feature(info: &Element, feature: &str) -> bool {
    let query = info.get_child("query", ns::DISCO_INFO);
    query.is_some_and(|q| q.children().any(|c| c.name() == "feature" && c.attr("var") == Some(feature)))
}

#[test]
fn after_a_goodbye_a_temporary_room_is_gone_at_once_and_a_persistent_one_comes_back() {
    // 45-4.2-a, 45-11.2-a, 114-16
    let host = Host::start(Kind::Ejabberd).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    let configuration =
        configuration(&host, &folder).replace("[service]\n", "[service]\non_stop = \"leave\"\n");
    let start = || Service::start_with(&host, &folder, &configuration).unwrap_or_else(|e| panic!("{e}"));
    let mut service = start();
    let (fleeting, lasting) = (format!("fleeting@{MUC}"), format!("lasting@{MUC}"));
    let (mut owner, mut visitor) = (Guest::new(&host, "owner"), Guest::new(&host, "visitor"));
    for room in [&fleeting, &lasting] {
        assert!(has_code(&owner.enters(room, "owner"), "201"), "{room} is new");
    }
    owner.configures(&fleeting, &[("muc#roomconfig_persistentroom", "0")]);
    let title = "Still here";
    owner.configures(&lasting, &[("muc#roomconfig_persistentroom", "1"), ("muc#roomconfig_roomname", title)]);
    owner.says(&format!("<message type='groupchat' to='{lasting}'><subject>Lasting</subject></message>"));
    owner.hears("the new subject", |s| subject(s).as_deref() == Some("Lasting"));
    let member = format!(
        "<query xmlns='{}'><item affiliation='member' jid='visitor@{DOMAIN}'/></query>",
        ns::MUC_ADMIN
    );
    let answer = owner.asks("set", &lasting, member.parse().expect("a query"));
    assert_eq!(answer.attr("type"), Some("result"), "a member is made");
    assert!(!has_code(&visitor.enters(&fleeting, "visitor"), "201"), "it exists");

    service.process().signal("TERM").expect("told to end");
    let mut left = vec![&fleeting, &lasting];
    while !left.is_empty() {
        let bye = owner
            .hears("the goodbyes, in any order", |s| left.iter().any(|room| is_departure(s, room, "owner")));
        assert!(has_code(&bye, "332"), "it says why");
        left.retain(|room| !is_departure(&bye, room, "owner"));
    }
    let end = service.process().wait(END).expect("it ends in time");
    assert!(end.success(), "it ends in order: {end}");
    service = start();

    let answer = info(&mut visitor, &fleeting);
    assert_eq!(condition(&answer), Some("item-not-found"), "the temporary room is gone");
    assert!(
        has_code(&visitor.enters(&fleeting, "visitor"), "201"),
        "its address is free: anybody may create it"
    );
    let answer = info(&mut visitor, &lasting);
    assert!(has_feature(&answer, "muc_persistent"), "the persistent room is there");
    let query = answer.get_child("query", ns::DISCO_INFO).expect("asked for");
    let identity = query.get_child("identity", ns::DISCO_INFO).and_then(|i| i.attr("name"));
    assert_eq!(identity, Some(title), "as it was configured");
    visitor.says(&entry(&lasting, "visitor"));
    visitor.hears("the subject", |s| subject(s).as_deref() == Some("Lasting"));
    assert_eq!(owner.lists(&lasting, "owner"), [format!("owner@{DOMAIN}")]);
    assert_eq!(owner.lists(&lasting, "member"), [format!("visitor@{DOMAIN}")]);

    // A temporary room also goes when its last occupant does, without any restart.
    visitor.leaves(&fleeting, "visitor");
    assert!(has_code(&owner.enters(&fleeting, "owner"), "201"), "free at once");
    assert_eq!(service.process().ended(), None);
}

fn subject(stanza: &Element) -> Option<String> {
    Some(stanza.get_child("subject", ns::CLIENT)?.text())
}

/// How the process makes way for the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    InPlace,
    Orderly,
    Killed,
}

#[test]
fn nobody_notices_a_restart_behind_prosody() {
    nobody_notices_a_restart(Kind::Prosody);
}

#[test]
fn nobody_notices_a_restart_behind_ejabberd() {
    nobody_notices_a_restart(Kind::Ejabberd);
}

/// Two people in a temporary room: the service is started anew in every way, and they go on talking.
fn nobody_notices_a_restart(kind: Kind) {
    let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    let mut service = Service::start(&host, &folder).unwrap_or_else(|e| panic!("{e}"));
    let room = format!("lasting@{MUC}");
    let (mut romeo, mut juliet) = (Guest::new(&host, "romeo"), Guest::new(&host, "juliet"));
    romeo.enters(&room, "romeo");
    romeo.configures(&room, &[("muc#roomconfig_persistentroom", "0")]);
    juliet.enters(&room, "juliet");
    romeo.hears("her presence", |s| is_from(s, &room, "juliet"));
    romeo.catches_up();
    for way in [Way::InPlace, Way::Orderly, Way::InPlace, Way::Killed] {
        let mut say = |number: usize| {
            romeo.says(&format!(
                "<message type='groupchat' to='{room}' id='{way:?}{number}'><body>{number}</body></message>"
            ));
        };
        match way {
            Way::InPlace => {
                (0..10).for_each(&mut say);
                service.process().signal("USR2").expect("told to make place");
                (10..60).for_each(|number| {
                    std::thread::sleep(Duration::from_millis(10));
                    say(number);
                });
            }
            Way::Orderly | Way::Killed => {
                if way == Way::Killed {
                    // What happened in the last seconds need not be known.
                    std::thread::sleep(Duration::from_secs(4));
                }
                let signal = if way == Way::Killed { "KILL" } else { "TERM" };
                service.process().signal(signal).expect("told to end");
                service.process().wait(END).expect("it ends in time");
                service = Service::start(&host, &folder).unwrap_or_else(|e| panic!("{e}"));
                (0..60).for_each(&mut say);
            }
        }
        for guest in [&mut romeo, &mut juliet] {
            let deadline = Instant::now() + Duration::from_secs(20);
            let heard = (0..60).map(|_| guest.next(deadline).expect("sixty messages and nothing else"));
            let ids: Vec<_> = heard.map(|s| (s.name().to_owned(), s.attr("id").map(str::to_owned))).collect();
            let due: Vec<_> = (0..60).map(|n| ("message".to_owned(), Some(format!("{way:?}{n}")))).collect();
            assert_eq!(ids, due, "everything once, in order, behind {kind:?}");
        }
    }
    assert_eq!(service.process().ended(), None);
}
