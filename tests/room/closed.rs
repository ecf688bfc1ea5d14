//! What was said is out of reach by every path once it is retracted, or once somebody is kept out by a ban, a password
//! or a list of members. Each test takes the paths one after the other.

use conclave::wire::encode;

use crate::world::{ROOM, World};

const CLIENT: &str = "jabber:client";
const MAM: &str = "urn:xmpp:mam:2";
const MUC: &str = "http://jabber.org/protocol/muc";
const SECRET: &str = "the key is under the mat";

/// A room where Romeo and Mercutio are and have said something; Mercutio is a member. The subject and what was said
/// have the same words.
fn room() -> World {
    let mut w = World::with_room(&[("changesubject", "1")]);
    w.admin("owner", "<item jid='mercutio@example' affiliation='member'/>");
    for who in ["romeo", "mercutio"] {
        w.join(who);
    }
    w.say("mercutio", SECRET);
    w.send(
        "mercutio",
        &format!("<message xmlns='{CLIENT}' type='groupchat' id='s'><subject>{SECRET}</subject></message>"),
    );
    w.clear();
    w
}

fn archive(w: &mut World, who: &str) {
    iq(w, who, "set", ROOM, &format!("<query xmlns='{MAM}'/>"));
}

fn iq(w: &mut World, who: &str, type_: &str, to: &str, payload: &str) {
    w.send(who, &format!("<iq xmlns='{CLIENT}' type='{type_}' id='q' to='{to}'>{payload}</iq>"));
}

/// Everything that can be asked of a room or of those in it.
fn ask_for_everything(w: &mut World, who: &str) {
    archive(w, who);
    let requests = [
        (
            "set",
            ROOM.to_owned(),
            format!(
                "<query xmlns='{MAM}'><set xmlns='http://jabber.org/protocol/rsm'><before/></set></query>"
            ),
        ),
        ("get", ROOM.to_owned(), format!("<query xmlns='{MAM}'/>")),
        ("get", ROOM.to_owned(), format!("<metadata xmlns='{MAM}'/>")),
        ("get", ROOM.to_owned(), "<query xmlns='http://jabber.org/protocol/disco#info'/>".to_owned()),
        ("get", ROOM.to_owned(), "<query xmlns='http://jabber.org/protocol/disco#items'/>".to_owned()),
        (
            "get",
            ROOM.to_owned(),
            "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>".to_owned(),
        ),
        ("get", ROOM.to_owned(), "<vCard xmlns='vcard-temp'/>".to_owned()),
        ("get", format!("{ROOM}/mercutio"), "<vCard xmlns='vcard-temp'/>".to_owned()),
        ("get", ROOM.to_owned(), format!("<query xmlns='{MUC}#admin'><item affiliation='member'/></query>")),
        ("get", ROOM.to_owned(), format!("<query xmlns='{MUC}#owner'/>")),
        ("get", ROOM.to_owned(), "<query xmlns='jabber:iq:register'/>".to_owned()),
    ];
    for (type_, to, payload) in requests {
        iq(w, who, type_, &to, &payload);
    }
    w.send(
        who,
        &format!("<iq xmlns='{CLIENT}' type='set' id='q'><command xmlns='http://jabber.org/protocol/commands' node='conclave#retracted'><x xmlns='jabber:x:data' type='submit'/></command></iq>"),
    );
}

/// Whether anything that `who` got since the last look has the words.
fn knows(w: &mut World, who: &str) -> bool {
    w.stanzas(who).iter().any(|stanza| encode::element(stanza).contains(SECRET))
}

/// Romeo, who is shut out, tries every path. `refusal` is what he hears at the door.
fn shut_out(w: &mut World, refusal: &str) {
    w.clear();
    // Live.
    w.say("mercutio", SECRET);
    assert!(!knows(w, "romeo"), "live");
    w.send(
        "mercutio",
        &format!(
            "<message xmlns='{CLIENT}' type='chat' id='p' to='{ROOM}/romeo'><body>{SECRET}</body></message>"
        ),
    );
    assert!(!knows(w, "romeo"), "private");
    // History and subject.
    w.join("romeo");
    assert_eq!(w.got("romeo"), [format!("error romeo {refusal}")]);
    // The archive, and all else that can be asked.
    archive(w, "romeo");
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
    ask_for_everything(w, "romeo");
    assert!(!knows(w, "romeo"), "asked");
    assert!(!knows(w, "romeo@example"), "by way of the account");
}

/// Romeo has asked the archive; then `change` happens, and then the archive answers.
fn in_flight(change: impl Fn(&mut World)) {
    let mut w = room();
    w.hold();
    archive(&mut w, "romeo");
    change(&mut w);
    w.clear();
    w.arrive();
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
}

#[test]
fn without_anything_that_closes_them_the_paths_are_open() {
    // Else the tests below would prove nothing.
    let mut w = room();
    w.say("mercutio", SECRET);
    assert!(knows(&mut w, "romeo"), "live");
    archive(&mut w, "romeo");
    assert!(knows(&mut w, "romeo"), "archive");
    w.join("romeo");
    assert!(knows(&mut w, "romeo"), "history");
    w.hold();
    archive(&mut w, "romeo");
    w.arrive();
    assert!(knows(&mut w, "romeo"), "in flight");
}

#[test]
fn ban_closes_every_path() {
    // 45-9.1-b, 313-7
    let mut w = room();
    let ban = |w: &mut World| w.admin("owner", "<item nick='romeo' affiliation='outcast'/>");
    ban(&mut w);
    shut_out(&mut w, "auth/forbidden");
    in_flight(ban);
}

#[test]
fn ban_by_command_closes_every_path() {
    // 45-9.1-b, 313-7
    let ban = |w: &mut World| {
        let form =
            "<x xmlns='jabber:x:data' type='submit'><field var='nick'><value>romeo</value></field></x>";
        let command = format!(
            "<command xmlns='http://jabber.org/protocol/commands' node='conclave#ban'>{form}</command>"
        );
        iq(w, "owner", "set", ROOM, &command);
    };
    let mut w = room();
    ban(&mut w);
    shut_out(&mut w, "auth/forbidden");
    in_flight(ban);
}

#[test]
fn members_only_closes_every_path_to_strangers() {
    // 45-10.2-k, 313-7
    let switch = |w: &mut World| w.configure("owner", &[("membersonly", "1")]);
    let mut w = room();
    switch(&mut w);
    shut_out(&mut w, "auth/registration-required");
    in_flight(switch);
    archive(&mut w, "mercutio");
    assert!(knows(&mut w, "mercutio"), "members are none");
}

#[test]
fn password_closes_every_path_to_those_outside() {
    // 45-7.2.6-a, 313-7
    let leave = |w: &mut World| {
        w.send("romeo", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/romeo'/>"));
        w.configure("owner", &[("passwordprotectedroom", "1"), ("roomsecret", "x")]);
    };
    let mut w = room();
    leave(&mut w);
    shut_out(&mut w, "auth/not-authorized");
    in_flight(leave);
}

/// A moderator, or the author, retracts what was said; Romeo looks for it.
fn retracted(retract: impl Fn(&mut World, &str)) {
    let mut w = World::with_room(&[]);
    for who in ["romeo", "mercutio"] {
        w.join(who);
    }
    w.say("mercutio", SECRET);
    let said = w.stanzas("owner").pop().expect("heard");
    let id =
        said.get_child("stanza-id", "urn:xmpp:sid:0").and_then(|s| s.attr("id")).expect("an id").to_owned();
    w.hold();
    archive(&mut w, "romeo");
    iq(
        &mut w,
        "romeo",
        "set",
        ROOM,
        &format!(
            "<query xmlns='{MAM}'><x xmlns='jabber:x:data' type='submit'><field var='ids'><value>{id}</value></field></x></query>"
        ),
    );
    w.clear();
    retract(&mut w, &id);
    assert!(w.got("romeo").iter().any(|line| line.contains("<retract>")), "everybody is told");
    w.arrive();
    let found = w.stanzas("romeo");
    assert!(found.iter().filter(|stanza| encode::element(stanza).contains("<retracted")).count() >= 2);
    assert!(found.iter().all(|stanza| !encode::element(stanza).contains(SECRET)), "in flight");
    ask_for_everything(&mut w, "romeo");
    w.join("romeo");
    w.join("newcomer");
    for who in ["romeo", "newcomer"] {
        assert!(!knows(&mut w, who), "{who}");
    }
}

#[test]
fn ban_closes_the_vcard_of_the_room() {
    // 45-9.1-b
    let mut w = room();
    iq(&mut w, "owner", "set", ROOM, &format!("<vCard xmlns='vcard-temp'><DESC>{SECRET}</DESC></vCard>"));
    let look = |w: &mut World| {
        w.clear();
        iq(w, "romeo", "get", ROOM, "<vCard xmlns='vcard-temp'/>");
    };
    look(&mut w);
    assert!(knows(&mut w, "romeo"), "open until then");
    w.admin("owner", "<item nick='romeo' affiliation='outcast'/>");
    look(&mut w);
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
}

#[test]
fn ban_and_a_lost_membership_close_the_path_by_mentions() {
    // 45-9.1-b
    for lost in ["outcast", "none"] {
        let mut w = World::with_room(&[("forwardmentions", "1")]);
        w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
        let mention = |w: &mut World| {
            w.clear();
            let reference =
                "<reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:romeo@example'/>";
            w.send("owner", &format!("<message xmlns='{CLIENT}' type='groupchat' id='m'><body>{SECRET}</body>{reference}</message>"));
        };
        mention(&mut w);
        assert!(knows(&mut w, "romeo@example"), "open until then");
        w.admin("owner", &format!("<item jid='romeo@example' affiliation='{lost}'/>"));
        mention(&mut w);
        assert!(!knows(&mut w, "romeo@example"), "{lost}");
    }
}

#[test]
fn search_finds_nothing_of_what_was_said() {
    let mut w = room();
    w.configure("owner", &[("publicroom", "1")]);
    let found = |w: &World| w.room.listing().expect("it is listed");
    assert!(found(&w).open && !format!("{:?}", found(&w)).contains(SECRET));
    w.configure("owner", &[("membersonly", "1")]);
    assert!(!found(&w).open, "it says that it is closed");
    w.configure("owner", &[("publicroom", "0")]);
    assert_eq!(w.room.listing(), None);
}

#[test]
fn retraction_by_a_moderator_closes_every_path() {
    // 425-5, trap 73
    retracted(|w, id| {
        iq(
            w,
            "owner",
            "set",
            ROOM,
            &format!(
                "<moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>"
            ),
        );
    });
}

#[test]
fn retraction_by_the_author_closes_every_path() {
    // 424-3 424-4
    retracted(|w, id| {
        w.send(
            "mercutio",
            &format!("<message xmlns='{CLIENT}' type='groupchat' id='r'><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"),
        );
    });
}

#[test]
fn answer_for_a_room_that_is_gone_does_not_come_from_the_next_one_of_its_name() {
    // 313-7, trap 73
    let mut w = room();
    w.hold();
    archive(&mut w, "owner");
    w.owner("owner", "<destroy/>");
    w.join("romeo");
    w.configure("romeo", &[]);
    w.clear();
    w.arrive();
    let got = w.stanzas("owner");
    assert_eq!(got.len(), 1, "the new archive is empty: {got:?}");
    assert_eq!(got[0].attr("type"), Some("result"));
}

#[test]
fn moderator_who_is_none_any_more_does_not_moderate_by_an_answer_on_its_way() {
    // 425-3
    let mut w = room();
    w.admin("owner", "<item nick='romeo' role='moderator'/>");
    w.hold();
    let form = "<x xmlns='jabber:x:data' type='submit'><field var='nick'><value>mercutio</value></field></x>";
    let command = format!(
        "<command xmlns='http://jabber.org/protocol/commands' node='conclave#retract-recent'>{form}</command>"
    );
    iq(&mut w, "romeo", "set", ROOM, &command);
    w.admin("owner", "<item nick='romeo' role='participant'/>");
    w.clear();
    w.arrive();
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
    assert!(w.silent());
}
