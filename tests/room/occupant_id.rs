//! Occupant ids (XEP-0421).

use std::collections::BTreeSet;

use conclave::room::Room;
use conclave::room::history::History;
use conclave::wire::jid::BareJid;
use minidom::Element;

use crate::world::{ROOM, World};

const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";

/// The only id in a stanza.
fn id_in(stanza: &Element) -> String {
    let ids: Vec<_> = stanza.children().filter(|c| c.is("occupant-id", OCCUPANT_ID)).collect();
    assert_eq!(ids.len(), 1, "{stanza:?}");
    ids[0].attr("id").expect("an id").to_owned()
}

/// The ids in the stanzas of an occupant that came to `who`; exactly one in each.
fn ids_of(w: &mut World, who: &str, nick: &str) -> Vec<String> {
    let from = format!("{ROOM}/{nick}");
    w.stanzas(who).iter().filter(|s| s.attr("from") == Some(&from)).map(id_in).collect()
}

/// All that came to `owner` under a nick, which must be `count` stanzas with one and the same id.
fn the_id(w: &mut World, nick: &str, count: usize) -> String {
    let ids = ids_of(w, "owner", nick);
    assert_eq!(ids.len(), count, "{nick}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    ids[0].clone()
}

fn presence(w: &mut World, who: &str, nick: &str, rest: &str) {
    w.send(who, &format!("<presence xmlns='jabber:client' to='{ROOM}/{nick}' {rest}"));
}

#[test]
fn everything_that_is_sent_for_an_occupant_has_the_id() {
    // 421-2, 421-4, clients-feature-c, trap 59
    let mut w = World::with_room(&[]);
    w.join("romeo");
    let id = the_id(&mut w, "romeo", 1);
    presence(&mut w, "romeo", "romeo", "><show>away</show></presence>");
    w.say("romeo", "hello");
    w.send(
        "romeo",
        &format!("<message xmlns='jabber:client' type='chat' to='{ROOM}/owner'><body>psst</body></message>"),
    );
    w.admin("owner", "<item nick='romeo' role='visitor'/>");
    w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
    assert_eq!(the_id(&mut w, "romeo", 5), id);
    presence(&mut w, "romeo", "montague", "/>");
    let moved: Vec<_> = w.stanzas("owner").iter().map(|s| (s.attr("type").is_some(), id_in(s))).collect();
    assert_eq!(moved, [(true, id.clone()), (false, id.clone())], "the old nick goes, the new one comes");
    assert!(ids_of(&mut w, "romeo", "montague").iter().all(|own| *own == id));
    w.admin("owner", "<item nick='montague' role='none'/>");
    assert_eq!(the_id(&mut w, "montague", 1), id, "kicked");
    w.join("romeo");
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    assert_eq!(the_id(&mut w, "romeo", 2), id, "back, and gone");
    w.join("romeo");
    w.admin("owner", "<item jid='romeo@example' affiliation='outcast'/>");
    assert_eq!(the_id(&mut w, "romeo", 2), id, "banned");
}

#[test]
fn history_and_subject_and_archive_tell_who_spoke() {
    // 421-2
    let mut w = World::with_room(&[("changesubject", "1")]);
    w.join("romeo");
    let id = the_id(&mut w, "romeo", 1);
    w.say("romeo", "hello");
    w.send("romeo", "<message xmlns='jabber:client' type='groupchat'><subject>Love</subject></message>");
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    w.join("juliet");
    assert_eq!(ids_of(&mut w, "juliet", "romeo"), [id.clone(), id.clone()]);
    w.send("juliet", "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    let got = w.stanzas("juliet");
    let kept = |result: &Element| {
        let forwarded = result.get_child("forwarded", "urn:xmpp:forward:0")?.clone();
        Some(id_in(forwarded.get_child("message", "jabber:client")?))
    };
    let found: Vec<_> = got.iter().filter_map(|s| kept(s.get_child("result", "urn:xmpp:mam:2")?)).collect();
    assert_eq!(found, [id.clone(), id]);
}

#[test]
fn end_of_a_room_and_of_the_service_are_told_with_the_id() {
    // 421-2
    for end in ["destroy", "stop"] {
        let mut w = World::with_room(&[]);
        w.join("romeo");
        let id = the_id(&mut w, "romeo", 1);
        w.clear();
        match end {
            "destroy" => w.owner("owner", "<destroy/>"),
            _ => drop(w.event(&conclave::room::event::Event::Stop { goodbye: true })),
        }
        assert_eq!(ids_of(&mut w, "romeo", "romeo"), [id], "{end}");
    }
}

#[test]
fn id_is_one_for_each_account_and_room_and_outlives_a_restart() {
    // 421-4, 421-5, 421-6, 421-7, trap 59
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.join("romeo");
    w.join_as("romeo/phone", "Montague", "");
    w.join("juliet");
    let ids_by_nick = |w: &mut World| {
        let got = w.stanzas("owner");
        let of = |nick: &str| {
            let from = format!("{ROOM}/{nick}");
            got.iter().find(|s| s.attr("from") == Some(&from)).map(id_in).expect("a presence")
        };
        [of("romeo"), of("Montague"), of("juliet")]
    };
    let [romeo, phone, juliet] = ids_by_nick(&mut w);
    assert_eq!(romeo, phone);
    assert_ne!(romeo, juliet);
    assert!(romeo.len() <= 128 && !romeo.contains("romeo"));
    // The same room, loaded again.
    let state = w.room.state().clone();
    assert!(state.record.secret.len() * 4 >= 256);
    w.room = Room::stored(BareJid::parse(ROOM).expect("a jid"), state, History::default()).into();
    w.join("owner");
    w.join("juliet");
    w.join_as("romeo/phone", "Montague", "");
    w.join("romeo");
    assert_eq!(ids_by_nick(&mut w), [romeo.clone(), phone, juliet]);
    // Other rooms, also of the same name.
    let mut other = World::with_room(&[]);
    other.owner("owner", "<destroy/>");
    other.join("romeo");
    let ids: BTreeSet<_> = ids_of(&mut other, "romeo", "romeo").into_iter().chain([romeo]).collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn forged_ids_are_replaced() {
    // 421-3, clients-feature-c, trap 59
    let forged = format!("<occupant-id xmlns='{OCCUPANT_ID}' id='forged'/>").repeat(3);
    let mut w = World::with_room(&[]);
    w.join("romeo");
    let id = the_id(&mut w, "romeo", 1);
    presence(&mut w, "romeo", "romeo", &format!(">{forged}</presence>"));
    w.send(
        "romeo",
        &format!("<message xmlns='jabber:client' type='groupchat'><body>x</body>{forged}</message>"),
    );
    w.send(
        "romeo",
        &format!(
            "<message xmlns='jabber:client' type='chat' to='{ROOM}/owner'><body>x</body>{forged}</message>"
        ),
    );
    assert_eq!(the_id(&mut w, "romeo", 3), id);
}

#[test]
fn room_offers_ids() {
    // 421-1, clients-feature-c
    let mut w = World::with_room(&[]);
    w.send("owner", "<iq xmlns='jabber:client' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    let info = w.stanzas("owner").pop().expect("an answer");
    let query = info.children().next().expect("a query");
    assert!(query.children().any(|c| c.attr("var") == Some(OCCUPANT_ID)));
}
