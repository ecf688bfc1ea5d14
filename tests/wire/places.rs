//! Nobody takes the places for rooms that others need.

use super::peer::Peer;
use super::server::{DOMAIN, Server};
use super::words::{OWNER, error, join};

/// An owner's form with these fields.
fn form(fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"
    )
}

/// What somebody is told who makes a room by its form.
fn make(peer: &mut Peer, who: &str, room: &str, lasting: bool) -> String {
    let form = form(&[("muc#roomconfig_persistentroom", if lasting { "1" } else { "0" })]);
    let answer = peer.ask(who, &format!("{room}@{DOMAIN}"), "set", &form);
    if answer.attr("type") == Some("result") { String::new() } else { error(&answer) }
}

// 45-10.1.1-a
#[test]
fn an_account_has_so_many_rooms_that_stay_and_gets_a_place_back_for_one_that_ends() {
    let mut server = Server::start_with("[limits]\naccount_rooms_max = 2\ndomain_rooms_max = 3");
    let mut peer = server.accept();
    let (one, two, other) = ("one@far.example/x", "two@far.example/x", "other@else.example/x");
    let refused = "cancel/resource-constraint";
    assert_eq!([1, 2, 3].map(|n| make(&mut peer, one, &format!("r{n}"), true)), ["", "", refused]);
    // A room that goes with its last occupant is no matter, until it is to stay.
    peer.join(&format!("t@{DOMAIN}"), "n", one);
    assert_eq!(make(&mut peer, one, "t", false), "");
    assert_eq!(make(&mut peer, one, "t", true), refused);
    assert_eq!(make(&mut peer, one, "t", false), "", "it is as it was");
    // So it is after a restart, for the account and for its domain.
    drop(peer);
    server.kill();
    server.start_again();
    let mut peer = server.accept();
    assert_eq!(make(&mut peer, one, "r4", true), refused);
    assert_eq!([5, 6].map(|n| make(&mut peer, two, &format!("r{n}"), true)), ["", refused]);
    assert_eq!(make(&mut peer, other, "r7", true), "");
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>";
    let answer = peer.ask(one, &format!("r1@{DOMAIN}"), "set", destroy);
    assert_eq!(answer.attr("type"), Some("result"));
    assert_eq!([8, 9].map(|n| make(&mut peer, one, &format!("r{n}"), true)), ["", refused]);
    // The domain that the service belongs to may have more.
    let own = (0..8).map(|n| make(&mut peer, &format!("a{n}@example/x"), &format!("own{n}"), true));
    assert_eq!(own.collect::<Vec<_>>(), [""; 8]);
}

// 45-G-e
#[test]
fn while_one_domain_takes_all_the_places_it_can_others_make_rooms_and_owners_enter_theirs() {
    let mut server = Server::start_with("[limits]\nrooms_max = 200\naccount_stanzas_per_second = 0");
    let mut peer = server.accept();
    assert_eq!(make(&mut peer, OWNER, "stored", true), "");
    drop(peer);
    server.kill();
    server.start_again();
    let mut peer = server.accept();
    for n in 0..400 {
        peer.send(join(&format!("p{n}@{DOMAIN}"), "n", &format!("m{}@far.example/x", n / 2)));
    }
    peer.fence(DOMAIN);
    let entered = peer.join(&format!("stored@{DOMAIN}"), "Owner", OWNER);
    assert_eq!(super::words::codes(&entered[0]), [110]);
    assert_eq!(make(&mut peer, "calm@else.example/x", "calm", true), "");
}

// 45-G-e, clients NEW-9
#[test]
fn some_accounts_of_one_domain_do_not_take_all_the_rooms_that_may_wait() {
    let server = Server::start_with("[limits]\naccount_stanzas_per_second = 0");
    let mut peer = server.accept();
    let mut made = 0;
    for account in 0..21 {
        for n in 0..50 {
            let who = format!("a{account}@far.example/x");
            made += usize::from(make(&mut peer, &who, &format!("r{account}.{n}"), false).is_empty());
        }
    }
    assert_eq!(made, 21 * 20);
    assert_eq!(make(&mut peer, "calm@far.example/x", "calm", false), "");
}
