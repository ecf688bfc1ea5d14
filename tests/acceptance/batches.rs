//! Many accounts at once: who changes them gets an answer and no more, and reads the list page by page.

use std::time::{Duration, Instant};

use conclave::wire::build::{Build, el};
use conclave::wire::ns;

use crate::servers::guest::Guest;
use crate::servers::host::{Host, Kind, MUC};
use crate::servers::service::Service;

const COMMANDS: &str = "http://jabber.org/protocol/commands";

/// A page of the list of bans: the status, how many rows, and the session.
fn page(owner: &mut Guest, room: &str, action: &str, session: Option<&str>) -> (String, usize, String) {
    let command = el("command", COMMANDS).with("node", "conclave#bans").with("action", action);
    let answer = owner.asks("set", room, command.with_opt("sessionid", session));
    let command = answer.get_child("command", COMMANDS).expect("a command");
    let x = command.get_child("x", ns::DATA).expect("a list");
    let text = |name| command.attr(name).expect("always there").to_owned();
    (text("status"), x.children().filter(|c| c.name() == "item").count(), text("sessionid"))
}

fn a_batch_is_answered_once_and_read_page_by_page(kind: Kind) {
    let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
    let _service = Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
    let room = format!("batches@{MUC}");
    let mut owner = Guest::new(&host, "owner");
    owner.enters(&room, "owner");
    owner.configures(&room, &[]);
    owner.catches_up();
    while owner.next(Instant::now()).is_some() {}

    let grants: String =
        (0..400).map(|n| format!("<item affiliation='member' jid='m{n}@far.example'/>")).collect();
    owner.says(&format!(
        "<iq xmlns='jabber:client' type='set' id='batch' to='{room}'><query xmlns='{}'>{grants}</query></iq>",
        ns::MUC_ADMIN
    ));
    let deadline = Instant::now() + Duration::from_secs(20);
    let first = owner.next(deadline).expect("an answer");
    assert_eq!((first.name(), first.attr("id"), first.attr("type")), ("iq", Some("batch"), Some("result")));
    assert_eq!(owner.lists(&room, "member").len(), 400);
    let more = owner.next(Instant::now());
    assert!(more.is_none(), "nothing but the answer: {more:?}");

    let bans = (0..250).map(|n| {
        el("item", ns::MUC_ADMIN).with("affiliation", "outcast").with("jid", &format!("b{n:03}@far.example"))
    });
    let answer = owner.asks("set", &room, bans.fold(el("query", ns::MUC_ADMIN), Build::child));
    assert_eq!(answer.attr("type"), Some("result"));
    let (status, rows, session) = page(&mut owner, &room, "execute", None);
    assert_eq!((&*status, rows), ("executing", 200));
    let (status, rows, _) = page(&mut owner, &room, "next", Some(&session));
    assert_eq!((&*status, rows), ("completed", 50));
}

#[test]
fn a_batch_is_answered_once_and_read_page_by_page_behind_prosody() {
    // 45-9.3-a, 45-9.2-b, 45-10.3-f, 050-2
    a_batch_is_answered_once_and_read_page_by_page(Kind::Prosody);
}

#[test]
fn a_batch_is_answered_once_and_read_page_by_page_behind_ejabberd() {
    // 45-9.3-a, 45-9.2-b, 45-10.3-f, 050-2
    a_batch_is_answered_once_and_read_page_by_page(Kind::Ejabberd);
}
