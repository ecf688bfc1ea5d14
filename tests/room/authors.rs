//! Who learns from the archive whose messages are whose (XEP-0313).

use minidom::Element;

use crate::mam::{MAM, addresses, answer, find, paging, refused, room_with};
use crate::world::World;

const CLIENT: &str = "jabber:client";

#[test]
fn messages_of_an_account_are_found_by_those_who_may_know_it() {
    // 313-16
    let mut w = room_with(2, &[]);
    w.say("owner", "mine");
    for with in ["with=romeo@example", "with=romeo@example/pc"] {
        assert_eq!(find(&mut w, "owner", with, "").bodies(), ["1", "2"], "a moderator");
        assert_eq!(find(&mut w, "romeo", with, "").bodies(), ["1", "2"], "oneself");
        assert_eq!(refused(&mut w, "stranger", with, ""), "auth/forbidden");
    }
    assert_eq!(refused(&mut w, "romeo", "with=owner@example", ""), "auth/forbidden");
    w.configure("owner", &[("whois", "anyone")]);
    w.say("owner", "mine for all to see");
    assert_eq!(find(&mut w, "romeo", "with=owner@example", "").bodies(), ["mine for all to see"]);
}

#[test]
fn who_spoke_while_addresses_were_hidden_is_not_found_by_address_afterwards() {
    // 313-11, 313-16
    let mut w = room_with(2, &[]);
    let hidden: Vec<String> = find(&mut w, "owner", "", "").ids().iter().map(|id| (*id).to_owned()).collect();
    w.configure("owner", &[("whois", "anyone")]);
    w.join("juliet");
    w.say("romeo", "3");
    let with = "with=romeo@example";
    for who in ["juliet", "stranger"] {
        let page = find(&mut w, who, with, "");
        assert_eq!((page.bodies(), page.set("count")), (vec!["3".to_owned()], Some("1".to_owned())), "{who}");
        assert_eq!(find(&mut w, who, with, &paging("<max>0</max>")).set("count").as_deref(), Some("1"));
        let chosen = find(&mut w, who, &format!("{with} ids={}", hidden.join(",")), "");
        assert_eq!((chosen.bodies(), chosen.set("count")), (vec![], Some("0".to_owned())), "{who}");
    }
    for who in ["owner", "romeo"] {
        assert_eq!(find(&mut w, who, with, "").bodies(), ["1", "2", "3"], "{who}");
    }
    // What is retracted later stays as hidden, or as open, as it was.
    w.send("romeo", &format!(
        "<message xmlns='{CLIENT}' type='groupchat'><retract xmlns='urn:xmpp:message-retract:1' id='{}'/></message>",
        hidden[0]
    ));
    assert_eq!(find(&mut w, "juliet", with, "").bodies(), ["3"]);
    assert_eq!(addresses(&find(&mut w, "juliet", "", ""))[..2], [None, None]);
}

#[test]
fn the_archive_does_not_tell_how_its_authors_stand_now() {
    // 313-11
    let mut w = room_with(1, &[]);
    w.configure("owner", &[("whois", "anyone")]);
    w.say("romeo", "2");
    let of_stranger = |w: &mut World| find(w, "stranger", "", "").messages;
    let before = of_stranger(&mut w);
    let item = |message: &Element| message.children().find(|c| c.name() == "x").map(String::from);
    assert!(before.iter().any(|(_, message)| item(message).is_some_and(|xml| xml.contains("romeo@example"))));
    for affiliation in ["admin", "member", "none", "outcast"] {
        w.admin("owner", &format!("<item jid='romeo@example' affiliation='{affiliation}'/>"));
        assert_eq!(of_stranger(&mut w), before, "{affiliation}");
    }
}

#[test]
fn who_ceases_to_see_addresses_does_not_learn_one_from_an_answer_on_its_way() {
    // 313-16
    let mut w = room_with(1, &[]);
    w.join("juliet");
    w.admin("owner", "<item nick='juliet' role='moderator'/>");
    let asked = w.send("juliet", &format!(
        "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='{MAM}'><x xmlns='jabber:x:data' type='submit'>\
         <field var='with'><value>romeo@example</value></field></x></query></iq>"
    ));
    w.admin("owner", "<item nick='juliet' role='participant'/>");
    w.clear();
    answer(&mut w, &asked);
    assert_eq!(w.got("juliet"), ["iq:error room auth/forbidden"]);
}
