//! Leaving, being removed, and asking whether one is still in.

use minidom::Element;

use super::*;
use crate::world::{ROOM, World};

#[test]
fn presence_about_oneself_says_so_however_one_goes() {
    // clients-code-c, clients-code-b, 45-7.14-b
    type Story = (&'static str, fn(&mut World), &'static [&'static str]);
    let stories: &[Story] = &[
        ("leaves", |w| leave(w, "romeo"), &["110"]),
        ("is kicked", |w| w.admin("owner", "<item nick='romeo' role='none'/>"), &["307", "110"]),
        (
            "is banned",
            |w| w.admin("owner", "<item jid='romeo@example' affiliation='outcast'/>"),
            &["301", "110"],
        ),
        (
            "is no member any more",
            |w| {
                w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
                w.configure("owner", &[("membersonly", "1")]);
                w.clear();
                w.admin("owner", "<item jid='romeo@example' affiliation='none'/>");
            },
            &["321", "110"],
        ),
        ("is no member", |w| w.configure("owner", &[("membersonly", "1")]), &["322", "110"]),
        (
            "meets the end of the service",
            |w| drop(w.event(&conclave::room::event::Event::Stop { goodbye: true })),
            &["332", "110"],
        ),
        ("meets the end of the room", |w| w.owner("owner", "<destroy/>"), &["110"]),
        (
            "is gone",
            |w| {
                w.error("romeo", "m", "item-not-found");
                let look = w.stanzas("romeo").remove(0);
                w.error("romeo", look.attr("id").expect("an id"), "item-not-found");
            },
            &["333", "110"],
        ),
    ];
    for (story, happens, expected) in stories {
        let mut w = open();
        w.join("romeo");
        w.clear();
        happens(&mut w);
        let gone: Vec<Element> =
            w.stanzas("romeo").into_iter().filter(|s| s.attr("type") == Some("unavailable")).collect();
        assert_eq!(gone.len(), 1, "{story}");
        assert_eq!(codes(&gone[0]), *expected, "{story}");
        // A kick is somebody's doing: what is not has another code.
        let item =
            gone[0].get_child("x", MUC_USER).and_then(|x| x.get_child("item", MUC_USER)).expect("an item");
        assert_eq!(
            item.has_child("actor", MUC_USER),
            matches!(expected[0], "307" | "301" | "321"),
            "{story}"
        );
    }
}

#[test]
fn lost_delivery_is_never_a_kick() {
    // clients-code-a
    let mut w = open();
    w.join("romeo");
    w.clear();
    w.comes_back("romeo", "service-unavailable");
    for who in ["romeo", "owner"] {
        let gone = &w.stanzas(who)[0];
        assert!(codes(gone).contains(&"333") && !codes(gone).contains(&"307"), "{who}");
    }
}

#[test]
fn change_of_nick_names_the_new_one_which_follows() {
    // clients-code-e
    let mut w = open();
    w.join("romeo");
    w.clear();
    w.send("romeo", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/montague'/>"));
    for who in ["romeo", "owner"] {
        let got = w.stanzas(who);
        assert!(codes(&got[0]).contains(&"303"));
        let item =
            got[0].get_child("x", MUC_USER).and_then(|x| x.get_child("item", MUC_USER)).expect("an item");
        assert_eq!(item.attr("nick"), Some("montague"));
        assert_eq!((got[1].attr("type"), got[1].attr("from")), (None, Some("r@muc.example/montague")));
    }
}

#[test]
fn ping_to_oneself_says_in_or_out_and_nothing_else() {
    // clients NEW-14, clients-ping-a
    let ping = |w: &mut World, who: &str, nick: &str| {
        w.clear();
        w.send(
            who,
            &format!(
                "<iq xmlns='{CLIENT}' type='get' id='p' to='{ROOM}/{nick}'><ping xmlns='urn:xmpp:ping'/></iq>"
            ),
        );
        let answer = w.stanzas(who).pop().expect("an answer");
        if answer.attr("type") == Some("result") { "result".to_owned() } else { error(&answer) }
    };
    let out = "cancel/not-acceptable";
    let mut w = World::new();
    assert_eq!(ping(&mut w, "romeo", "romeo"), out, "no room");
    w.join("owner");
    assert_eq!(ping(&mut w, "romeo", "romeo"), out, "a locked room");
    assert_eq!(ping(&mut w, "owner", "owner"), "result");
    w.configure("owner", &[]);
    assert_eq!(ping(&mut w, "romeo", "owner"), out, "under the nick of another");
    w.join("romeo");
    assert_eq!(ping(&mut w, "romeo", "romeo"), "result");
    assert_eq!(ping(&mut w, "romeo/phone", "romeo"), out, "another client");
    for item in ["<item nick='romeo' role='none'/>", "<item jid='romeo@example' affiliation='outcast'/>"] {
        w.admin("owner", item);
        assert_eq!(ping(&mut w, "romeo", "romeo"), out, "after {item}");
    }
}
