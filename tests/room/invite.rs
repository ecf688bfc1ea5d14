//! Mediated invitations (XEP-0045 §7.8.2, §9.5).

use conclave::room::write::Write;
use conclave::store::LocalStore;
use conclave::store::SledStore;
use conclave::wire::jid::BareJid;
use minidom::Element;

use crate::world::{ROOM, World};

const USER: &str = "http://jabber.org/protocol/muc#user";

fn invite(w: &mut World, who: &str, inside: &str) {
    w.send(who, &format!("<message xmlns='jabber:client' id='i'><x xmlns='{USER}'>{inside}</x></message>"));
}

/// The line of an invitation without a reason, of an occupant of this nick or of an account outside, which is shown so.
fn invited_by(nick: &str, shown: &str) -> String {
    let text = match nick {
        "" => "You are invited".to_owned(),
        nick => format!("{nick} invites you"),
    };
    format!(
        "message:normal room body={text} to the room r@muc.example <invite from={shown} reason=> <x> <store>"
    )
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
    let text = "body=romeo invites you to the room r@muc.example";
    let invitation = "<invite from=r@muc.example/romeo reason=come continue=>";
    assert_eq!(
        crate::world::line(&invited[0]),
        format!("message:normal room {text} {invitation} <x> <store>")
    );
    assert!(conclave::wire::encode::element(&invited[0]).contains("<continue thread='t1'/>"));
    assert_eq!(w.got("nurse"), [invited_by("romeo", "r@muc.example/romeo")]);
    // 45-9.5-o: it makes nobody a member of an open room.
    assert_eq!(w.list("owner", "<item affiliation='member'/>"), ["iq:result room"]);
}

#[test]
fn invitation_has_what_older_clients_need_and_keeps_its_id() {
    // 45-7.8.2-a, 45-7.8.2-b, 45-7.8.2-c, 45-7.8.2-h, 249-1
    let mut w = World::with_room(&[("roomsecret", "s")]);
    invite(
        &mut w,
        "owner",
        "<invite to='juliet@example'><reason>buy this</reason></invite><invite to='nurse@example'/>",
    );
    let reason = |stanza: &Element| {
        let invite =
            stanza.get_child("x", USER).and_then(|x| x.get_child("invite", USER)).expect("an invitation");
        invite.get_child("reason", USER).map(Element::text)
    };
    for (who, said) in [("juliet@example", "buy this"), ("nurse@example", "")] {
        let got = w.stanzas(who);
        assert_eq!(got[0].attr("id"), Some("i"));
        assert_eq!(reason(&got[0]).as_deref(), Some(said));
        let direct = got[0].get_child("x", "jabber:x:conference").expect("a direct one");
        assert_eq!([direct.attr("jid"), direct.attr("password")], [Some("r@muc.example"), Some("s")]);
        // In the room's words alone.
        let body = got[0].get_child("body", "jabber:client").map(Element::text);
        assert_eq!(body.as_deref(), Some("owner invites you to the room r@muc.example"));
    }
    // The others of a message are found by the id as well.
    bounce(&mut w, "nurse@example", "i");
    let error = w.stanzas("owner").pop().expect("an error");
    let to =
        error.get_child("x", USER).and_then(|x| x.get_child("invite", USER)?.attr("to").map(str::to_owned));
    assert_eq!(to.as_deref(), Some("nurse@example"));
    w.service.invitation_bodies = false;
    invite(&mut w, "owner", "<invite to='nurse@example'/>");
    assert!(!w.stanzas("nurse@example")[0].has_child("body", "jabber:client"));
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
    invite(&mut w, "owner", "<invite to='nurse@example'/><invite to='juliet@example'/>");
    assert_eq!(w.got("owner"), ["message:error room auth/forbidden"]);
    assert!(w.silent());
}

#[test]
fn who_may_not_see_the_bans_does_not_find_them_by_inviting() {
    for fields in [&[][..], &[("membersonly", "1"), ("allowinvites", "1")]] {
        let mut w = World::with_room(fields);
        w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
        w.join("romeo");
        w.admin("owner", "<item affiliation='outcast' jid='juliet@example'/>");
        w.clear();
        invite(&mut w, "romeo", "<invite to='juliet@example'/>");
        assert_eq!(w.got("romeo"), [""; 0]);
        // She is not invited, and still banned; what she is sent comes back as an invitation would.
        let sent = w.stanzas("juliet@example");
        assert_eq!(crate::world::line(&sent[0]), "message:normal room <store>");
        assert!(sent[0].get_child("x", USER).is_some_and(|x| x.children().count() == 0));
        bounce(&mut w, "juliet@example", sent[0].attr("id").expect("id"));
        assert_eq!(w.got("romeo"), ["message:error room cancel/item-not-found"]);
        assert!(w.list("owner", "<item affiliation='outcast'/>")[0].contains("juliet"));
        // Neither does she answer what never reached her, also when she is not banned any more.
        invite(&mut w, "romeo", "<invite to='juliet@example'/>");
        w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
        w.clear();
        decline(&mut w, "juliet", "r@muc.example/romeo", "");
        assert!(w.silent());
    }
}

#[test]
fn invitation_that_makes_no_member_waits_for_the_disk_like_one_that_does() {
    // trap 47
    let fields =
        [("membersonly", "1"), ("allowinvites", "1"), ("persistentroom", "1"), ("getmemberlist", "")];
    let mut w = World::with_room(&fields);
    w.admin(
        "owner",
        "<item affiliation='member' jid='romeo@example'/><item affiliation='member' jid='member@example'/>",
    );
    w.admin(
        "owner",
        "<item affiliation='outcast' jid='banned@example'/><item affiliation='outcast' jid='evil.example'/>",
    );
    w.join("romeo");
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    store.commit(&std::mem::take(&mut w.writes)).expect("stored");
    let before = w.room.state().affiliations.len();
    for n in 0..5 {
        for invitee in ["banned@example", "x@evil.example", "member@example", &format!("new{n}@example")] {
            let known = w.room.state().affiliations.len();
            invite(&mut w, "romeo", &format!("<invite to='{invitee}'/>"));
            let writes = std::mem::take(&mut w.writes);
            // A commit is paid for, and another token for each 4 KiB.
            let bytes: usize = writes.iter().map(Write::bytes).sum();
            assert!((1..4096).contains(&bytes), "{invitee}: {bytes}");
            // What is so already is not written, and waits for nothing.
            let on_disk = store.written();
            store.commit(&writes).expect("stored");
            assert!(store.written() > on_disk, "{invitee}: nothing reaches the disk");
            let is_new = w.room.state().affiliations.len() > known;
            assert_eq!(is_new, invitee.starts_with("new"), "{invitee}");
        }
    }
    assert_eq!(w.room.state().affiliations.len(), before + 5);
    assert_eq!(
        store.load(&BareJid::parse(ROOM).expect("a jid")).expect("read").as_ref(),
        Some(w.room.state())
    );
}

fn decline(w: &mut World, who: &str, to: &str, inside: &str) {
    invite(w, who, &format!("<decline to='{to}'>{inside}</decline>"));
}

fn bounce(w: &mut World, who: &str, id: &str) {
    w.send(who, &format!("<message xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"));
}

#[test]
fn refusal_of_an_invitation_reaches_the_inviter_once() {
    // 45-7.8.2-g, trap 47: by whatever name the invitation showed
    for (fields, shown) in [
        (&[][..], &["r@muc.example/romeo", "R@Muc.example/romeo"][..]),
        (&[("whois", "anyone")], &["romeo@example", "romeo@example/pc"]),
    ] {
        for to in shown {
            let mut w = room_of_two(fields);
            w.join("romeo/phone");
            w.clear();
            invite(&mut w, "romeo", "<invite to='juliet@example/pc'/>");
            w.clear();
            let reason =
                "<reason xml:lang='en'>busy</reason><reason>b</reason><body xmlns='jabber:client'>buy</body>";
            decline(&mut w, "juliet/phone", to, reason);
            for session in ["romeo", "romeo/phone"] {
                let got = w.stanzas(session);
                let declined = "message:normal room <decline from=juliet@example reason=busy>";
                assert_eq!(crate::world::line(&got[0]), declined);
                assert_eq!((got.len(), got[0].children().count()), (1, 1));
            }
            assert!(w.silent());
            decline(&mut w, "juliet", to, reason);
            assert!(w.silent(), "once");
        }
    }
}

#[test]
fn refusal_of_an_invitation_finds_who_has_left() {
    // 45-7.8.2-g
    let mut w = room_of_two(&[]);
    invite(&mut w, "romeo", "<invite to='juliet@example'/>");
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    w.join_as("tybalt", "romeo", "");
    w.clear();
    decline(&mut w, "juliet", "r@muc.example/romeo", "");
    assert_eq!(w.got("romeo@example"), ["message:normal room <decline from=juliet@example>"]);
    assert!(w.silent(), "and not who has the nick now");
}

#[test]
fn absent_inviter_is_shown_as_the_room_and_found_by_it() {
    // 45-7.8.2-a, 45-9.5-k, trap 47
    let mut w = World::with_room(&[("membersonly", "1"), ("x-muc#roomconfig_invitenewmembers", "1")]);
    w.admin("owner", "<item affiliation='admin' jid='nurse@example'/>");
    w.clear();
    invite(&mut w, "nurse", "<invite to='romeo@example'/>");
    assert_eq!(w.got("romeo@example"), [invited_by("", "r@muc.example")]);
    w.admin("nurse", "<item affiliation='member' jid='juliet@example'/>");
    assert_eq!(w.got("juliet@example"), [invited_by("", "r@muc.example")]);
    w.clear();
    for who in ["romeo", "juliet"] {
        decline(&mut w, who, "r@muc.example", "<reason>no</reason>");
        let declined = format!("message:normal room <decline from={who}@example reason=no>");
        assert_eq!(w.got("nurse@example"), [declined]);
        assert!(w.silent());
    }
    // Who is inside is shown by nick, and by address where everybody sees addresses.
    w.admin("owner", "<item affiliation='member' jid='page@example'/>");
    assert_eq!(w.got("page@example"), [invited_by("owner", "r@muc.example/owner")]);
    w.configure("owner", &[("whois", "anyone")]);
    w.admin("nurse", "<item affiliation='member' jid='peter@example'/>");
    assert_eq!(w.got("peter@example"), [invited_by("", "nurse@example")]);
}

#[test]
fn nobody_outside_reaches_anybody_but_by_an_invitation() {
    let mut w = room_of_two(&[]);
    w.admin(
        "owner",
        "<item affiliation='member' jid='member@example'/><item affiliation='outcast' jid='banned@example'/>",
    );
    w.clear();
    invite(&mut w, "romeo", "<invite to='juliet@example'/>");
    invite(&mut w, "owner", "<invite to='banned2@example'/>");
    w.admin("owner", "<item affiliation='outcast' jid='banned2@example'/>");
    w.clear();
    // The same silence for whom it is about, whoever asks: present, absent, on a list, a whole domain, unknown.
    let victims = ["r@muc.example/romeo", "romeo@example", "member@example", "example", "nobody@example"];
    for who in ["mallory", "banned", "banned2", "owner", "member"] {
        for to in victims.iter().chain(&["r@muc.example", "r@muc.example/owner", "owner@example"]) {
            decline(&mut w, who, to, "<reason>buy</reason>");
            assert!(w.silent(), "{who} to {to}");
        }
    }
    // She who was invited reaches nobody but who invited her.
    for to in ["r@muc.example/owner", "owner@example", "romeo@example", "r@muc.example", "member@example"] {
        decline(&mut w, "juliet", to, "<reason>buy</reason>");
        assert!(w.silent(), "{to}");
    }
    // What is wrong with the stanza itself is told to all alike.
    let long = format!("<reason>{}</reason>", "x".repeat(4097));
    for who in ["mallory", "banned", "juliet"] {
        decline(&mut w, who, "r@muc.example/romeo", &long);
        assert_eq!(w.got(who), ["message:error room modify/policy-violation"]);
        decline(&mut w, who, "@", "");
        assert_eq!(w.got(who), ["message:error room modify/jid-malformed"]);
        assert!(w.silent());
    }
}

#[test]
fn who_was_banned_since_is_neither_heard_nor_told() {
    let mut w = room_of_two(&[]);
    for (who, item) in [("juliet", "juliet"), ("nurse", "romeo")] {
        invite(&mut w, "romeo", &format!("<invite to='{who}@example'/>"));
        w.admin("owner", &format!("<item affiliation='outcast' jid='{item}@example'/>"));
        w.clear();
        decline(&mut w, who, "r@muc.example/romeo", "");
        assert!(w.silent(), "{who}");
    }
}

#[test]
fn refusal_that_comes_after_a_week_is_too_late() {
    let mut w = room_of_two(&[]);
    for (days, heard) in [(6, 1), (8, 0)] {
        invite(&mut w, "romeo", "<invite to='juliet@example'/>");
        w.wait(days * 24 * 60 * 60);
        w.clear();
        decline(&mut w, "juliet", "r@muc.example/romeo", "");
        assert_eq!(w.got("romeo").len(), heard);
    }
}

#[test]
fn many_invitations_of_one_push_out_no_others() {
    let mut w = room_of_two(&[]);
    w.join("mallory");
    invite(&mut w, "romeo", "<invite to='juliet@example'/>");
    for n in 0..30 {
        let invites: String = (0..50).map(|m| format!("<invite to='u{n}x{m}@example'/>")).collect();
        invite(&mut w, "mallory", &invites);
    }
    w.clear();
    for (who, to, heard) in [("u29x49", "mallory", 1), ("u0x0", "mallory", 0), ("juliet", "romeo", 1)] {
        decline(&mut w, who, &format!("r@muc.example/{to}"), "");
        assert_eq!(w.got(to).len(), heard, "{who}");
    }
}

#[test]
fn invitation_is_bounded() {
    // 45-7.8.2-c, 45-7.4-i
    let mut w = room_of_two(&[]);
    let (long, thread) = ("x".repeat(4097), "x".repeat(2049));
    for inside in [
        format!("<reason>{long}</reason>"),
        format!("<continue thread='{thread}'/>"),
        format!("<quick xmlns='urn:example:chat' a='{long}'/>"),
        format!("<reason>{}</reason><quick xmlns='urn:example:chat'>{0}</quick>", &long[..1100]),
    ] {
        invite(&mut w, "romeo", &format!("<invite to='juliet@example'>{inside}</invite>"));
        assert_eq!(w.got("romeo"), ["message:error room modify/policy-violation"]);
        assert!(w.silent());
    }
    // What the standard does not have in an invitation does not pass in its name, nor what only the room says.
    let inside = "<reason a='b'>come<b xmlns='urn:b'/></reason><status code='110'/><item jid='a@b'/>\
                  <x xmlns='http://jabber.org/protocol/muc#user'/><occupant-id xmlns='urn:xmpp:occupant-id:0' id='i'/>";
    invite(&mut w, "romeo", &format!("<invite to='juliet@example' x='y'>{inside}</invite>"));
    let sent = conclave::wire::encode::element(&w.stanzas("juliet@example")[0]);
    assert!(sent.contains("<invite from='r@muc.example/romeo'><reason>come</reason></invite>"), "{sent}");
}

#[test]
fn password_is_told_by_those_who_have_shown_that_they_know_it() {
    // 45-7.8.2-b
    let mut w = World::with_room(&[("roomsecret", "s"), ("allowinvites", "1")]);
    let told = |w: &mut World, who: &str| {
        w.clear();
        invite(w, who, "<invite to='juliet@example'/>");
        let sent = w.stanzas("juliet@example");
        assert_eq!(sent.len(), 1, "{who}");
        sent[0].get_child("x", USER).expect("x").has_child("password", USER)
    };
    let password = |word: &str| format!("<password>{word}</password>");
    w.admin(
        "owner",
        "<item affiliation='member' jid='member@example'/><item affiliation='admin' jid='nurse@example'/>",
    );
    assert!(!told(&mut w, "member") && !told(&mut w, "nurse"), "they have not entered");
    w.join_as("romeo", "romeo", &password("s"));
    assert!(told(&mut w, "romeo"));
    // Who was let in by a token, or by another password, does not learn it by inviting.
    let ask =
        "<iq xmlns='jabber:client' type='set' id='t'><request xmlns='urn:xmpp:muc-token-invite:0'/></iq>";
    w.send("owner", ask);
    let token =
        w.stanzas("owner").pop().and_then(|iq| iq.children().next().map(Element::text)).expect("a token");
    w.join_as("guest", "guest", &password(&token));
    assert!(w.got("guest").iter().any(|line| line.ends_with("110")));
    assert!(!told(&mut w, "guest"));
    w.configure("owner", &[("roomsecret", "new")]);
    assert!(!told(&mut w, "romeo") && told(&mut w, "owner"));
    // It is enough to show it again.
    w.join_as("romeo", "romeo", &password("new"));
    w.join_as("guest", "guest", &password("wrong"));
    assert!(told(&mut w, "romeo") && !told(&mut w, "guest"));
    w.send("owner", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/owner'/>");
    assert!(told(&mut w, "owner"), "owners read it in the form");
    w.configure("owner", &[("roomsecret", "")]);
    assert!(!told(&mut w, "romeo"));
}

#[test]
fn inviter_learns_that_the_invited_account_does_not_exist() {
    // 45-7.8.2-f
    let mut w = room_of_two(&[]);
    invite(&mut w, "romeo", "<invite to='nobody@example'/>");
    let id = w.stanzas("nobody@example")[0].attr("id").expect("id").to_owned();
    bounce(&mut w, "mallory", &id);
    assert!(w.silent(), "only the invited address can say so");
    bounce(&mut w, "nobody@example", &id);
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
fn invitation_has_no_body_where_filters_of_strangers_would_stop_it() {
    // 249-1: what one client sends another directly is no business of the room, and makes nobody a member
    let mut w = World::with_room(&[("membersonly", "1"), ("allowinvites", "1")]);
    w.service.invitation_bodies = false;
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
