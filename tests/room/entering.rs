//! Creating and joining (XEP-0045 §7.2, §10.1).

use conclave::room::nick::Nicks;

use crate::world::{ROOM, World};

const HALLO: &str = "<history xmlns='http://jabber.org/protocol/muc'/>";

#[test]
fn creator_of_a_room_is_its_owner_and_gets_201_and_110() {
    // 45-10.1.1-b, 45-10.1.1-c, 45-7.2.11-a, 45-7.2.2-d, 45-7.2.15-d, 45-7.2.15-e, 45-7.2.1-a
    let mut w = World::new();
    w.join("romeo");
    assert_eq!(
        w.got("romeo"),
        ["available romeo 201 [owner moderator jid=romeo@example/pc] 110", "message:groupchat room subject=",]
    );
}

#[test]
fn locked_room_does_not_exist_for_others() {
    // 45-7.2.10-a, 45-17.2-c, 45-10-b
    let mut w = World::new();
    w.join("romeo");
    w.clear();
    w.join("juliet");
    assert_eq!(w.got("juliet"), ["error juliet cancel/item-not-found"]);
    w.say("juliet", "hi");
    assert_eq!(w.got("juliet"), ["message:error room cancel/item-not-found"]);
    assert_eq!(w.got("romeo"), [""; 0]);
}

#[test]
fn second_client_of_the_creator_may_enter_the_locked_room() {
    // trap 28
    let mut w = World::new();
    w.join("romeo");
    w.join("romeo/phone");
    assert_eq!(w.got("romeo/phone")[0], "available romeo [owner moderator jid=romeo@example/phone] 110");
}

#[test]
fn empty_form_makes_an_instant_room() {
    // 45-10.1.1-g, 45-10.1.2-a, trap 2
    let mut w = World::new();
    w.join("romeo");
    w.clear();
    w.configure("romeo", &[]);
    assert_eq!(w.got("romeo"), ["iq:result room"]);
    w.join("juliet");
    assert_eq!(w.got("juliet").len(), 3);
}

#[test]
fn joiner_gets_others_self_history_and_subject_in_this_order() {
    // 45-7.1-a, 45-7.2.2-a, 45-7.2.2-c, 45-7.2.2-e, 45-7.2.2-i, 45-7.2.13-b, 45-7.2.13-f, 45-7.2.15-a, 45-7.2.16-a
    // trap 5, trap 7
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.say("romeo", "first");
    w.clear();
    w.join("juliet");
    // 45-7.2.4-a: the real address is for moderators only.
    assert_eq!(w.got("owner"), ["available juliet [none participant jid=juliet@example/pc]"]);
    assert_eq!(w.got("romeo"), ["available juliet [none participant]"]);
    w.say("romeo", "live");
    assert_eq!(
        w.got("juliet"),
        [
            "available owner [owner moderator]",
            "available romeo [none participant]",
            "available juliet [none participant jid=juliet@example/pc] 110",
            "message:groupchat romeo body=first <delay>",
            "message:groupchat room subject=",
            "message:groupchat romeo body=live",
        ]
    );
}

#[test]
fn own_presence_answers_the_id_of_the_join() {
    // 45-7.2.2-h
    let mut w = World::with_room(&[]);
    w.join("romeo");
    assert_eq!(w.stanzas("romeo")[1].attr("id"), Some("j"));
}

#[test]
fn nonanonymous_room_tells_so_and_shows_addresses_to_all() {
    // 45-7.2.3-a, 45-7.2.3-b, 45-14.5-a
    let mut w = World::with_room(&[("whois", "anyone")]);
    w.join("romeo");
    assert_eq!(
        w.got("romeo")[..2],
        [
            "available owner [owner moderator jid=owner@example/pc]",
            "available romeo 100 [none participant jid=romeo@example/pc] 110",
        ]
    );
    w.join("juliet");
    assert_eq!(w.got("romeo"), ["available juliet [none participant jid=juliet@example/pc]"]);
}

#[test]
fn publicly_logged_room_tells_so() {
    // 45-7.2.12-a, 45-7.2.12-b, 45-14.3-a
    let mut w = World::with_room(&[("enablelogging", "1")]);
    w.join("romeo");
    assert_eq!(w.got("romeo")[1], "available romeo 170 [none participant jid=romeo@example/pc] 110");
}

#[test]
fn join_without_a_nick_is_malformed() {
    // 45-7.2.1-b
    let mut w = World::with_room(&[]);
    w.send("romeo", "<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    assert_eq!(w.got("romeo"), ["error room modify/jid-malformed"]);
}

#[test]
fn password_is_needed_and_compared_exactly() {
    // 45-7.2.5-a, 45-7.2.5-b, 45-G-b
    let mut w = World::with_room(&[("roomsecret", "Sesame")]);
    for inside in ["", "<password xmlns='http://jabber.org/protocol/muc'>sesame</password>"] {
        w.join_as("romeo", "romeo", inside);
        let answer = w.stanzas("romeo");
        assert!(answer[0].has_child("x", "http://jabber.org/protocol/muc"));
        assert_eq!(crate::world::line(&answer[0]), "error romeo auth/not-authorized");
    }
    w.join_as("romeo", "romeo", "<password>Sesame</password>");
    assert_eq!(w.got("romeo").len(), 3);
}

#[test]
fn members_only_room_lets_members_in_only() {
    // 45-7.2.6-a, 45-9.5-i
    let mut w = World::with_room(&[("membersonly", "1")]);
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo auth/registration-required"]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    assert_eq!(w.got("romeo")[1], "available romeo [member participant jid=romeo@example/pc] 110");
}

#[test]
fn banned_account_and_banned_domain_are_refused() {
    // 45-7.2.7-a, 45-5.2-g, 45-9.2-e, trap 26
    let mut w = World::with_room(&[("membersonly", "1")]);
    w.admin(
        "owner",
        "<item affiliation='outcast' jid='romeo@example'/><item affiliation='outcast' jid='evil'/>",
    );
    w.clear();
    for who in ["romeo", "mallory@evil/x"] {
        w.join_as(who, "nick", "");
        assert_eq!(w.got(who), ["error nick auth/forbidden"]);
    }
}

#[test]
fn nick_of_another_is_refused_whatever_its_spelling() {
    // 45-7.2.8-a, 45-7.2.8-e
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "OWNER", "");
    assert_eq!(w.got("romeo"), ["error OWNER cancel/conflict"]);
}

#[test]
fn reserved_nick_is_refused_to_others() {
    // 45-7.2.8-a, 45-7.12-g
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Montague'/>");
    w.join_as("juliet", "montague", "");
    assert_eq!(w.got("juliet"), ["error montague cancel/conflict"]);
    w.join_as("romeo", "montague", "");
    assert_eq!(w.got("romeo").len(), 3);
}

#[test]
fn two_clients_share_a_nick() {
    // 45-7.2.8-b, 45-7.2.8-c, trap 22
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    w.join("romeo/phone");
    assert_eq!(w.got("romeo/phone")[1], "available romeo [none participant jid=romeo@example/phone] 110");
    assert_eq!(w.got("romeo"), ["available romeo [none participant jid=romeo@example/phone] 110"]);
    w.clear();
    w.say("owner", "hi");
    assert_eq!(w.got("romeo"), ["message:groupchat owner body=hi"]);
    assert_eq!(w.got("romeo/phone"), ["message:groupchat owner body=hi"]);
    for who in ["romeo", "romeo/phone"] {
        w.say(who, "hi");
        assert_eq!(w.got("owner").last().expect("a message"), "message:groupchat romeo body=hi");
    }
}

#[test]
fn full_room_refuses_all_but_admins_and_owners() {
    // 45-7.2.9-a, 45-7.2.9-c, trap 27
    let mut w = World::with_room(&[("maxusers", "2")]);
    w.admin("owner", "<item affiliation='admin' jid='nurse@example'/>");
    w.join("romeo");
    w.clear();
    w.join("juliet");
    assert_eq!(w.got("juliet"), ["error juliet wait/service-unavailable"]);
    w.join("romeo/phone");
    assert_eq!(w.got("romeo/phone").len(), 3);
    w.join("nurse");
    assert_eq!(w.got("nurse").len(), 4);
}

#[test]
fn creation_can_be_kept_to_admins_or_local_accounts() {
    // 45-10.1.1-a
    let mut w = World::new();
    w.service.create = conclave::config::Create::Admins;
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo cancel/not-allowed"]);
    w.join("root");
    assert_eq!(w.got("root").len(), 2);

    let mut w = World::new();
    w.service.create = conclave::config::Create::Local;
    w.join_as("mallory@elsewhere/x", "m", "");
    assert_eq!(w.got("mallory@elsewhere/x"), ["error m cancel/not-allowed"]);
    w.join("romeo");
    assert_eq!(w.got("romeo").len(), 2);
}

#[test]
fn rejoin_of_a_present_client_sends_everything_again_and_nothing_to_others() {
    // 45-7.2.1-c, 45-7.2.1-d, 45-17.3-c
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    w.join("romeo");
    assert_eq!(
        w.got("romeo"),
        [
            "available owner [owner moderator]",
            "available romeo [none participant jid=romeo@example/pc] 110",
            "message:groupchat room subject=",
        ]
    );
    assert!(w.silent());
}

#[test]
fn rejoin_with_another_presence_is_told_to_others() {
    // 45-7.2.1-d
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='{ROOM}/romeo'><show>away</show><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    assert_eq!(w.got("owner"), ["available romeo show=away [none participant jid=romeo@example/pc]"]);
}

#[test]
fn stray_presence_is_answered_by_a_kick_that_asks_to_rejoin() {
    // 45-7.2.18-a, 45-7.2.18-b, 45-7.2.18-c, 45-7.2.1-a, trap 25, trap 63
    let mut w = World::with_room(&[]);
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='{ROOM}/romeo'/>"));
    let got = w.got("romeo");
    assert!(
        got[0].starts_with("unavailable romeo 307 333 [none none jid=romeo@example/pc reason="),
        "{got:?}"
    );
    assert!(got[0].ends_with("] 110"));
    // The room that does not exist answers alike.
    let mut w = World::new();
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='{ROOM}/romeo'/>"));
    assert_eq!(w.got("romeo").len(), 1);
    assert!(!w.room.exists());
}

#[test]
fn other_types_of_presence_neither_join_nor_leave() {
    // 45-17.3-a, 45-17.3-b, 45-17.3-e
    let mut w = World::with_room(&[]);
    for type_ in ["unavailable", "error", "subscribe", "unsubscribed"] {
        w.send("romeo", &format!("<presence xmlns='jabber:client' type='{type_}' to='{ROOM}/romeo'/>"));
        assert!(w.silent(), "{type_}");
    }
    // Nor with the words of a join.
    for type_ in ["subscribe", "probe", "unavailable"] {
        w.send("romeo", &format!("<presence xmlns='jabber:client' type='{type_}' to='{ROOM}/romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
        w.clear();
        assert_eq!(w.room.roster().len(), 1, "{type_}");
    }
    w.send("romeo", &format!("<presence xmlns='jabber:client' type='foo' to='{ROOM}/romeo'/>"));
    assert_eq!(w.got("romeo"), ["error romeo modify/bad-request"]);
    for type_ in ["subscribe", "unsubscribe", "probe", "error", "foo"] {
        w.send("owner", &format!("<presence xmlns='jabber:client' type='{type_}' to='{ROOM}/owner'/>"));
        assert_eq!(w.room.roster().len(), 1, "{type_}");
    }
}

#[test]
fn forged_words_of_the_room_are_not_reflected() {
    // 45-17.3-f, 421-3, trap 54, trap 59
    let mut w = World::with_room(&[]);
    w.send("romeo", &format!(
        "<presence xmlns='jabber:client' to='{ROOM}/romeo'><show>foo</show><c xmlns='http://jabber.org/protocol/caps'/>\
         <x xmlns='http://jabber.org/protocol/muc'><password>p</password></x>\
         <x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/></x>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/><hats xmlns='urn:xmpp:hats:0'/></presence>"));
    // 45-17.3-g: what clients may say passes.
    assert_eq!(w.got("owner"), ["available romeo <c> [none participant jid=romeo@example/pc]"]);
}

#[test]
fn emoji_is_a_nick_where_any_nick_is() {
    let mut w = World::with_room(&[]);
    w.service.nicks = Nicks::Any;
    w.join_as("romeo", "🦀", "");
    assert_eq!(w.got("romeo")[1], "available 🦀 [none participant jid=romeo@example/pc] 110");
}

#[test]
fn nick_without_a_visible_character_is_refused() {
    // 45-17.1-c
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "\u{200b}", "");
    assert_eq!(w.got("romeo"), ["error \u{200b} modify/jid-malformed"]);
}

#[test]
fn newcomer_in_a_moderated_room_is_a_visitor() {
    // 45-5.1-b, 45-5.1.2-a
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("romeo");
    assert_eq!(w.got("romeo")[1], "available romeo [none visitor jid=romeo@example/pc] 110");
}

#[test]
fn account_cannot_fill_the_room_with_sessions() {
    let mut w = World::with_room(&[]);
    w.service.limits.sessions_max = 2;
    for resource in ["a", "b", "c"] {
        w.join_as(&format!("romeo/{resource}"), "romeo", HALLO);
    }
    assert_eq!(w.got("romeo/c"), ["error romeo wait/resource-constraint"]);
}

#[test]
fn rejoin_under_another_nick_is_a_nick_change_and_everything_again() {
    // 45-7.2.1-c, trap 24
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    w.join_as("romeo", "montague", "");
    assert_eq!(
        w.got("romeo"),
        [
            "unavailable romeo 303 [none participant jid=romeo@example/pc nick=montague] 110",
            "available montague [none participant jid=romeo@example/pc] 110",
            "available owner [owner moderator]",
            "available montague [none participant jid=romeo@example/pc] 110",
            "message:groupchat room subject=",
        ]
    );
    assert_eq!(w.got("owner").len(), 2);
}

#[test]
fn who_may_not_enter_learns_the_least_first() {
    // trap 26
    let mut w = World::with_room(&[("membersonly", "1"), ("roomsecret", "s"), ("maxusers", "1")]);
    let answer = |w: &mut World| {
        w.clear();
        w.join_as("romeo", "owner", "<password>wrong</password>");
        w.got("romeo").remove(0)
    };
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    assert_eq!(answer(&mut w), "error owner auth/forbidden");
    w.admin("owner", "<item affiliation='none' jid='romeo@example'/>");
    assert_eq!(answer(&mut w), "error owner auth/registration-required");
    w.configure("owner", &[("membersonly", "0")]);
    assert_eq!(answer(&mut w), "error owner auth/not-authorized");
    w.configure("owner", &[("roomsecret", "")]);
    assert_eq!(answer(&mut w), "error owner cancel/conflict");
    w.clear();
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo wait/service-unavailable"]);
}

#[test]
fn nothing_comes_before_the_presences_but_versions_that_were_asked_for() {
    // 45-7.1-a, 463-1, 463-2, trap 8
    let mut w = World::with_room(&[("whois", "anyone")]);
    w.join_as("romeo", "romeo", "<mav xmlns='urn:xmpp:muc:affiliations:1' since='1'/>");
    assert_eq!(
        w.got("romeo"),
        [
            "message:normal room [owner jid=owner@example]",
            "available owner [owner moderator jid=owner@example/pc]",
            "available romeo 100 [none participant jid=romeo@example/pc] 110",
            "message:groupchat room subject=",
        ]
    );
    assert_eq!(w.got("owner"), ["available romeo [none participant jid=romeo@example/pc]"]);
    w.join("juliet");
    assert_eq!(w.got("juliet")[0], "available owner [owner moderator jid=owner@example/pc]");
}
