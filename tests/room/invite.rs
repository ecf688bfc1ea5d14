//! Mediated invitations (XEP-0045 §7.8.2, §9.5).

use crate::world::World;

const USER: &str = "http://jabber.org/protocol/muc#user";

fn invite(w: &mut World, who: &str, inside: &str) {
    w.send(who, &format!("<message xmlns='jabber:client' id='i'><x xmlns='{USER}'>{inside}</x></message>"));
}

fn room_of_two(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.clear();
    w
}

#[test]
fn invitation_is_passed_on_by_the_room() {
    // 45-7.8.2-a, 45-7.8.2-c, trap 47
    let mut w = room_of_two(&[]);
    invite(
        &mut w,
        "romeo",
        "<invite to='juliet@example'><reason>come</reason><continue thread='t1'/></invite><invite to='nurse@example/pc'/>",
    );
    let invited = w.stanzas("juliet@example");
    let invitation = "message:normal room <invite from=r@muc.example/romeo reason=come continue=>";
    assert_eq!(crate::world::line(&invited[0]), invitation);
    assert!(conclave::wire::encode::element(&invited[0]).contains("<continue thread='t1'/>"));
    assert_eq!(w.got("nurse"), ["message:normal room <invite from=r@muc.example/romeo>"]);
    // 45-9.5-o: it makes nobody a member of an open room.
    assert_eq!(w.list("owner", "<item affiliation='member'/>"), ["iq:result room"]);
}

#[test]
fn invitation_carries_the_password() {
    // 45-7.8.2-b
    let mut w = World::with_room(&[("roomsecret", "s")]);
    invite(&mut w, "owner", "<invite to='juliet@example'/>");
    let got = w.stanzas("juliet@example");
    let x = got[0].get_child("x", USER).expect("x");
    assert_eq!(x.get_child("password", USER).expect("password").text(), "s");
}

#[test]
fn invitation_into_a_members_only_room_makes_a_member() {
    // 45-7.8.2-d, 45-7.8.2-e, 45-9.5-l, 45-9.5-m, 45-9.5-n
    let mut w = World::with_room(&[("membersonly", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    w.clear();
    invite(&mut w, "romeo", "<invite to='juliet@example'/>");
    let refused = w.stanzas("romeo");
    assert_eq!(crate::world::line(&refused[0]), "message:error room auth/forbidden");
    assert!(refused[0].has_child("x", USER));
    // The option adds a right for members; admins and owners have theirs anyway.
    invite(&mut w, "owner", "<invite to='nurse@example'/>");
    assert_eq!(w.got("nurse@example").len(), 1);
    w.configure("owner", &[("allowinvites", "1")]);
    w.clear();
    invite(&mut w, "romeo", "<invite to='juliet@example'/>");
    assert_eq!(w.got("juliet@example").len(), 1);
    assert_eq!(w.got("owner"), ["message:normal room [member jid=juliet@example]"]);
    w.join("juliet");
    assert_eq!(w.got("juliet").len(), 4);
}

#[test]
fn strangers_do_not_invite_and_the_banned_are_not_invited() {
    let mut w = room_of_two(&[]);
    invite(&mut w, "stranger", "<invite to='juliet@example'/>");
    assert_eq!(w.got("stranger"), ["message:error room cancel/not-acceptable"]);
    w.admin("owner", "<item affiliation='outcast' jid='juliet@example'/>");
    w.clear();
    invite(&mut w, "romeo", "<invite to='nurse@example'/><invite to='juliet@example'/>");
    assert_eq!(w.got("romeo"), ["message:error room auth/forbidden"]);
    assert!(w.silent());
}

#[test]
fn refusal_of_an_invitation_reaches_the_inviter() {
    // 45-7.8.2-g
    let mut w = room_of_two(&[]);
    for to in ["r@muc.example/romeo", "romeo@example", "romeo@example/pc"] {
        invite(&mut w, "juliet", &format!("<decline to='{to}'><reason>busy</reason></decline>"));
        assert_eq!(w.got("romeo"), ["message:normal room <decline from=juliet@example reason=busy>"]);
    }
    assert!(w.silent());
}

#[test]
fn room_carries_no_messages_between_strangers() {
    let mut w = room_of_two(&[]);
    invite(&mut w, "mallory", "<decline to='victim@example'><reason>buy</reason></decline>");
    assert_eq!(w.got("mallory"), ["message:error room cancel/item-not-found"]);
    assert!(w.silent());
}

#[test]
fn inviter_learns_that_the_invited_account_does_not_exist() {
    // 45-7.8.2-f
    let mut w = room_of_two(&[]);
    invite(&mut w, "romeo", "<invite to='nobody@example'/>");
    let id = w.stanzas("nobody@example")[0].attr("id").expect("id").to_owned();
    let bounce = |who: &str, w: &mut World| {
        w.send(who, &format!("<message xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"));
    };
    bounce("mallory", &mut w);
    assert!(w.silent(), "only the invited address can say so");
    bounce("nobody@example", &mut w);
    let answer = w.stanzas("romeo");
    assert_eq!(crate::world::line(&answer[0]), "message:error room cancel/item-not-found");
    assert_eq!(answer[0].attr("id"), Some("i"));
}

#[test]
fn of_an_invitation_that_comes_back_only_the_address_is_remembered() {
    let mut w = room_of_two(&[]);
    invite(&mut w, "romeo", "<invite to='nobody@example'><reason>a long letter</reason></invite>");
    let id = w.stanzas("nobody@example")[0].attr("id").expect("id").to_owned();
    w.send("nobody@example", &format!("<message xmlns='jabber:client' type='error' id='{id}'/>"));
    let answer = conclave::wire::encode::element(&w.stanzas("romeo")[0]);
    assert!(answer.contains("<invite to='nobody@example'/>") && !answer.contains("letter"), "{answer}");
}

#[test]
fn affiliation_of_none_for_whom_one_invites_is_granted_in_silence() {
    // clients section 7: some clients set it for everybody before they invite
    let mut w = World::with_room(&[("membersonly", "1"), ("persistentroom", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    w.clear();
    w.writes.clear();
    w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
    assert_eq!(w.got("owner"), ["iq:result room"]);
    assert!(w.silent() && w.writes.is_empty());
    invite(&mut w, "owner", "<invite to='juliet@example'/>");
    assert_eq!(w.got("juliet@example").len(), 1);
    assert!(w.list("owner", "<item affiliation='member'/>")[0].contains("juliet@example"));
    w.writes.clear();
    // Who may change nothing is told so, and nothing happens.
    w.admin("romeo", "<item affiliation='none' jid='nurse@example'/>");
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
    assert!(w.silent() && w.writes.is_empty());
    // A member may not invite here, and takes nobody's membership away by trying.
    w.admin("romeo", "<item affiliation='none' jid='juliet@example'/>");
    assert!(w.list("owner", "<item affiliation='member'/>")[0].contains("juliet@example"));
}

#[test]
fn banned_account_is_invited_once_the_ban_is_lifted() {
    // clients section 7
    let mut w = World::with_room(&[("membersonly", "1")]);
    w.admin("owner", "<item affiliation='outcast' jid='juliet@example'/>");
    w.clear();
    invite(&mut w, "owner", "<invite to='juliet@example'/>");
    assert_eq!(w.got("owner"), ["message:error room auth/forbidden"]);
    w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
    invite(&mut w, "owner", "<invite to='juliet@example'/>");
    assert_eq!(w.got("juliet@example").len(), 1);
    w.join("juliet");
    assert!(
        w.got("juliet").iter().any(|line| line.contains("[member participant jid=juliet@example/pc] 110"))
    );
}

#[test]
fn invitation_has_no_body_that_filters_of_strangers_would_stop() {
    // 249-1: what one client sends another directly is no business of the room, and makes nobody a member
    let mut w = World::with_room(&[("membersonly", "1"), ("allowinvites", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.clear();
    w.join("juliet");
    assert_eq!(w.got("juliet"), ["error juliet auth/registration-required"]);
    // The invitation that goes through the room is from the room, for the account, and says nothing but that.
    invite(
        &mut w,
        "romeo",
        "<invite to='juliet@example'><reason>come</reason><mark xmlns='urn:example:quick'/></invite>",
    );
    let got = w.stanzas("juliet@example");
    assert_eq!((got[0].attr("from"), got[0].attr("type")), (Some("r@muc.example"), None));
    assert!(!got[0].children().any(|c| matches!(c.name(), "body" | "subject")));
    // What else a client says in it reaches the other.
    let invite =
        got[0].get_child("x", USER).and_then(|x| x.get_child("invite", USER)).expect("an invitation");
    assert!(invite.has_child("mark", "urn:example:quick"));
    w.join("juliet");
    assert!(w.got("juliet").iter().any(|line| line.contains(" 110")));
}
