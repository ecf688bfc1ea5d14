//! What roles and affiliations allow: the tables M1 to M5 of the catalogue, played through (XEP-0045 §5, §8 to §10).

use crate::world::{ROOM, World};

const DONE: &str = "iq:result room";

/// A moderated room with one occupant of each standing: `owner`, `admin`, `member`, `mod` (a moderator without an
/// affiliation), `voiced` (a participant without one) and `visitor`.
fn one_of_each(fields: &[(&str, &str)]) -> World {
    let fields: Vec<_> = fields.iter().copied().chain([("moderatedroom", "1")]).collect();
    let mut w = World::with_room(&fields);
    for affiliation in ["admin", "member"] {
        w.admin("owner", &format!("<item affiliation='{affiliation}' jid='{affiliation}@example'/>"));
    }
    for who in ["admin", "member", "mod", "voiced", "visitor"] {
        w.join(who);
    }
    w.admin("owner", "<item nick='mod' role='moderator'/><item nick='voiced' role='participant'/>");
    w.clear();
    w
}

/// The end of what came back to an admin request: `done`, or the condition of the error.
fn outcome(w: &mut World, who: &str, items: &str) -> String {
    w.clear();
    w.admin(who, items);
    match w.got(who).last().expect("an answer").as_str() {
        DONE => "done".to_owned(),
        error => error.rsplit('/').next().expect("a condition").to_owned(),
    }
}

fn message(w: &mut World, who: &str, attributes: &str, inside: &str) -> bool {
    w.clear();
    w.send(who, &format!("<message xmlns='jabber:client' {attributes}>{inside}</message>"));
    !w.got(who).iter().any(|line| line.starts_with("message:error"))
}

fn role_of(w: &World, nick: &str) -> String {
    let occupant = w.room.roster().iter().find(|o| o.nick.as_str() == nick);
    occupant.map_or_else(|| "none".to_owned(), |o| o.role.as_str().to_owned())
}

#[test]
fn roles_allow_what_the_table_says() {
    // 45-5.1.1-a, 45-5.1-a, 45-5.1-b
    for (who, role, voice, subject, moderates) in [
        ("visitor", "visitor", false, false, false),
        ("voiced", "participant", true, false, false),
        ("mod", "moderator", true, true, true),
    ] {
        let mut w = one_of_each(&[]);
        assert_eq!(role_of(&w, who), role);
        // Every role: presence, change of nick, private messages, invitations, and to hear what is said.
        w.send(
            who,
            &format!("<presence xmlns='jabber:client' to='{ROOM}/{who}'><show>away</show></presence>"),
        );
        assert_eq!(w.got("member"), [format!("available {who} show=away [none {role}]")]);
        w.send(who, &format!("<presence xmlns='jabber:client' to='{ROOM}/new'/>"));
        assert_eq!(w.got("member").last().expect("a presence"), &format!("available new [none {role}]"));
        assert!(message(&mut w, who, &format!("type='chat' to='{ROOM}/owner'"), "<body>psst</body>"));
        assert_eq!(w.got("owner"), ["message:chat new body=psst"]);
        let invite = "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='nurse@example'/></x>";
        assert!(message(&mut w, who, "", invite));
        assert_eq!(w.got("nurse@example").len(), 1);
        w.say("owner", "hear ye");
        assert_eq!(w.got(who), ["message:groupchat owner body=hear ye"]);
        // By role: to speak, to set the subject, to kick, to give and take a voice.
        assert_eq!(message(&mut w, who, "type='groupchat'", "<body>hi</body>"), voice, "{who} speaks");
        assert_eq!(
            message(&mut w, who, "type='groupchat'", "<subject>S</subject>"),
            subject,
            "{who} subject"
        );
        let moderated = if moderates { "done" } else { "forbidden" };
        let target = if who == "visitor" { "voiced" } else { "visitor" };
        for new in ["participant", "visitor", "none"] {
            let item = format!("<item nick='{target}' role='{new}'/>");
            let item = if who == "mod" { item.replace(target, "visitor") } else { item };
            assert_eq!(outcome(&mut w, who, &item), moderated, "{who} makes {target} {new}");
        }
        // Moderators and others are made by admins and owners.
        assert_eq!(outcome(&mut w, who, "<item nick='voiced' role='moderator'/>"), "forbidden");
    }
}

#[test]
fn affiliations_allow_what_the_table_says() {
    // 45-5.2.1-a, 45-5.2-a, 45-5.2-b, 45-9-a, 45-9.5-a, 45-10.5-d, 45-10.8-d, 45-9.7-a
    let allowed = |who: &str, what: &str| match what {
        "members" | "ban" | "moderator" => matches!(who, "owner" | "admin"),
        _ => who == "owner",
    };
    for who in ["owner", "admin", "member", "visitor", "outsider"] {
        for (what, items) in [
            ("members", "<item affiliation='member' jid='new@example'/>"),
            ("members", "<item affiliation='none' jid='member@example'/>"),
            ("ban", "<item affiliation='outcast' jid='visitor2@example'/>"),
            ("moderator", "<item nick='voiced' role='moderator'/>"),
            ("moderator", "<item nick='mod' role='participant'/>"),
            ("admins", "<item affiliation='admin' jid='new@example'/>"),
            ("owners", "<item affiliation='owner' jid='new@example'/>"),
        ] {
            let mut w = one_of_each(&[]);
            let expected = if allowed(who, what) { "done" } else { "forbidden" };
            assert_eq!(outcome(&mut w, who, items), expected, "{who}: {items}");
        }
        for (what, item) in [
            ("members", "<item affiliation='member'/>"),
            ("ban", "<item affiliation='outcast'/>"),
            ("admins", "<item affiliation='admin'/>"),
            ("owners", "<item affiliation='owner'/>"),
        ] {
            let mut w = one_of_each(&[]);
            let refused = w.list(who, item) == ["iq:error room auth/forbidden"];
            assert_eq!(refused, !allowed(who, what), "{who} reads {item}");
        }
    }
}

#[test]
fn who_may_not_make_admins_and_owners_may_not_unmake_them() {
    // 45-10.4-b, 45-10.7-b, 45-9.4-e, trap 12
    for jid in ["owner@example", "admin@example"] {
        for new in ["none", "member", "outcast"] {
            for who in ["member", "mod", "visitor", "outsider"] {
                let mut w = one_of_each(&[]);
                let item = format!("<item affiliation='{new}' jid='{jid}'/>");
                assert_eq!(outcome(&mut w, who, &item), "forbidden", "{who}: {item}");
            }
            // An admin may do such things, but not to these.
            let mut w = one_of_each(&[]);
            w.admin("owner", "<item affiliation='admin' jid='admin2@example'/>");
            w.join("admin2");
            let item = format!("<item affiliation='{new}' jid='{jid}'/>");
            assert_eq!(outcome(&mut w, "admin2", &item), "not-allowed", "admin2: {item}");
            assert_eq!(w.list("owner", "<item affiliation='owner'/>").len(), 1);
            assert_eq!(role_of(&w, jid.split('@').next().expect("a name")), "moderator");
        }
    }
}

#[test]
fn roles_change_as_in_the_table() {
    // 45-5.1.3-b, 45-5.1.3-a, 45-5.1.3-c, 45-9.6-b, 45-9.7-a, 45-9.7-b, trap 11
    let to = |w: &mut World, who: &str, nick: &str, role: &str| {
        let outcome = outcome(w, who, &format!("<item nick='{nick}' role='{role}'/>"));
        let told = w.got("watcher").iter().any(|line| {
            line.split(' ').nth(1) == Some(nick) && line.contains(&format!(" {role} actor={who}"))
        });
        assert_eq!(told, outcome == "done", "everybody hears of it: {who} makes {nick} {role}");
        outcome
    };
    for (who, nick, role, expected) in [
        ("mod", "visitor", "participant", "done"),
        ("mod", "voiced", "visitor", "done"),
        ("admin", "visitor", "moderator", "done"),
        ("owner", "voiced", "moderator", "done"),
        ("admin", "mod", "participant", "done"),
        ("owner", "mod", "visitor", "done"),
        ("mod", "mod2", "participant", "forbidden"),
        ("mod", "mod2", "none", "not-allowed"),
        ("admin", "mod2", "none", "done"),
        ("mod", "member", "none", "not-allowed"),
        ("mod", "admin", "none", "not-allowed"),
        ("mod", "admin", "participant", "not-allowed"),
        ("admin", "owner", "none", "not-allowed"),
        ("admin", "owner", "participant", "not-allowed"),
        ("owner", "admin", "participant", "not-allowed"),
        ("owner", "admin", "visitor", "not-allowed"),
        ("owner", "admin", "none", "done"),
    ] {
        let mut w = one_of_each(&[]);
        w.join("mod2");
        w.join("watcher");
        w.admin("owner", "<item nick='mod2' role='moderator'/>");
        assert_eq!(to(&mut w, who, nick, role), expected, "{who} makes {nick} {role}");
    }
}

#[test]
fn affiliations_belong_to_accounts_and_roles_to_nicks() {
    // 45-5.1-e, 45-5.2-c, 45-5.2.2-a
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("romeo");
    w.join_as("romeo/phone", "roaming", "");
    w.clear();
    // The role of one nick leaves the other alone.
    w.admin("owner", "<item nick='roaming' role='participant'/>");
    assert_eq!(
        (role_of(&w, "romeo"), role_of(&w, "roaming")),
        ("visitor".to_owned(), "participant".to_owned())
    );
    w.clear();
    // The affiliation is the account's: both nicks have it, and a third that comes later.
    w.admin("owner", "<item affiliation='admin' jid='romeo@example/pc'/>");
    let got = w.got("owner");
    for nick in
        ["romeo [admin moderator jid=romeo@example/pc", "roaming [admin moderator jid=romeo@example/phone"]
    {
        assert!(got.iter().any(|line| line.contains(nick)), "{got:?}");
    }
    w.join_as("romeo/tablet", "third", "");
    assert!(
        w.got("owner").contains(&"available third [admin moderator jid=romeo@example/tablet]".to_owned())
    );
    w.send(
        "romeo/tablet",
        &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/third'/>"),
    );
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room [admin jid=romeo@example]"]);
}

#[test]
fn role_leaves_the_affiliation_alone() {
    // 45-5.2-f, 45-5.1.3-e
    let mut w = one_of_each(&[]);
    w.admin("owner", "<item nick='member' role='moderator'/>");
    assert_eq!(w.got("voiced"), ["available member [member moderator actor=owner]"]);
    w.admin("owner", "<item nick='member' role='visitor'/>");
    assert_eq!(w.got("voiced"), ["available member [member visitor actor=owner]"]);
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=member@example]"]
    );
    // Who loses an affiliation has the role with which one would enter now.
    w.clear();
    w.admin("owner", "<item affiliation='none' jid='admin@example'/>");
    assert_eq!(w.got("voiced"), ["available admin [none visitor actor=owner]"]);
}

#[test]
fn none_is_no_list() {
    // 45-5.2-d
    let mut w = one_of_each(&[]);
    assert_eq!(w.list("owner", "<item affiliation='none'/>"), ["iq:error room modify/bad-request"]);
    let before = w.room.state().affiliations.len();
    w.admin(
        "owner",
        "<item affiliation='none' jid='member@example'/><item affiliation='none' jid='who@example'/>",
    );
    assert_eq!(w.room.state().affiliations.len(), before - 1);
}

#[test]
fn lists_of_admins_and_owners_are_changed_by_delta() {
    // 45-10.5-e, 45-10.8-e, 45-10.5-c, 45-10.8-c, 45-10.3-b, trap 33
    let mut w = one_of_each(&[("whois", "anyone")]);
    w.admin(
        "owner",
        "<item affiliation='owner' jid='voiced@example/pc'/><item affiliation='admin' jid='visitor@example/x/y'/>\
         <item affiliation='member' jid='admin@example'/>",
    );
    assert_eq!(
        w.got("member"),
        [
            "available voiced [owner moderator jid=voiced@example/pc actor=owner]",
            "available visitor [admin moderator jid=visitor@example/pc actor=owner]",
            "available admin [member participant jid=admin@example/pc actor=owner]",
        ]
    );
    assert_eq!(w.got("owner").last().expect("an answer"), DONE);
    assert_eq!(
        w.list("owner", "<item affiliation='owner'/>"),
        ["iq:result room [owner jid=owner@example] [owner jid=voiced@example]"]
    );
    assert_eq!(
        w.list("owner", "<item affiliation='admin'/>"),
        ["iq:result room [admin jid=visitor@example]"]
    );
}

#[test]
fn list_of_moderators_is_changed_by_delta_and_whole_or_not_at_all() {
    // 45-9.8-b, 45-9.8-c, 45-8.5-d, trap 32
    let mut w = one_of_each(&[]);
    assert_eq!(
        outcome(
            &mut w,
            "admin",
            "<item nick='mod' role='participant'/><item nick='voiced' role='moderator'/>"
        ),
        "done"
    );
    assert_eq!(
        w.got("member"),
        ["available mod [none participant actor=admin]", "available voiced [none moderator actor=admin]"]
    );
    for (who, items) in [
        ("admin", "<item nick='voiced' role='participant'/><item nick='owner' role='participant'/>"),
        ("voiced", "<item nick='visitor' role='participant'/><item nick='admin' role='visitor'/>"),
    ] {
        assert_eq!(outcome(&mut w, who, items), "not-allowed");
        assert!(w.silent());
        assert_eq!(
            (role_of(&w, "voiced"), role_of(&w, "visitor")),
            ("moderator".to_owned(), "visitor".to_owned())
        );
    }
}

#[test]
fn ban_list_is_changed_by_delta() {
    // 45-9.2-b, 45-9.2-c, 45-9.1-d, 45-9.1-e
    let mut w = one_of_each(&[]);
    w.admin("owner", "<item affiliation='outcast' jid='old@example'/>");
    w.clear();
    w.admin(
        "admin",
        "<item affiliation='outcast' jid='visitor@example'/><item affiliation='outcast' jid='voiced@example'/>\
         <item affiliation='none' jid='old@example'/>",
    );
    for who in ["visitor", "voiced"] {
        let gone = format!("unavailable {who} 301 [outcast none jid={who}@example/pc actor=admin] 110");
        assert!(w.got(who).contains(&gone), "{who}");
    }
    assert_eq!(
        w.got("member"),
        [
            "unavailable visitor 301 [outcast none actor=admin]",
            "unavailable voiced 301 [outcast none actor=admin]"
        ]
    );
    assert_eq!(w.got("admin").last().expect("an answer"), DONE);
    assert_eq!(
        w.list("owner", "<item affiliation='outcast'/>"),
        ["iq:result room [outcast jid=visitor@example] [outcast jid=voiced@example]"]
    );
}

#[test]
fn member_list_of_a_members_only_room_is_changed_by_delta() {
    // 45-9.5-e, 45-9.5-g, 45-9.5-h, 45-9.5-j, 45-9.5-i
    let mut w = World::with_room(&[("membersonly", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    w.clear();
    w.admin(
        "owner",
        "<item affiliation='none' jid='romeo@example'/><item affiliation='member' jid='juliet@example'/>",
    );
    assert_eq!(w.got("romeo"), ["unavailable romeo 321 [none none jid=romeo@example/pc actor=owner] 110"]);
    w.clear();
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo auth/registration-required"]);
    w.join("juliet");
    assert_eq!(w.got("juliet")[1], "available juliet [member participant jid=juliet@example/pc] 110");
}

#[test]
fn membership_in_an_open_room_is_told_to_all() {
    // 45-9.5-p, 45-9.3-b, 45-9.5-g, 45-17.3-i
    let mut w = one_of_each(&[]);
    w.admin("owner", "<item affiliation='member' jid='visitor@example'><reason>at last</reason></item>");
    assert_eq!(w.got("voiced"), ["available visitor [member participant actor=owner reason=at last]"]);
    assert_eq!(
        w.got("visitor"),
        ["available visitor [member participant jid=visitor@example/pc actor=owner reason=at last] 110"]
    );
    // What comes later says the same: an update, and the picture that a newcomer gets.
    w.send(
        "visitor",
        &format!("<presence xmlns='jabber:client' to='{ROOM}/visitor'><show>dnd</show></presence>"),
    );
    assert_eq!(w.got("voiced"), ["available visitor show=dnd [member participant]"]);
    w.admin("owner", "<item affiliation='none' jid='visitor@example'/>");
    w.clear();
    w.join("late");
    assert!(w.got("late").contains(&"available visitor show=dnd [none visitor]".to_owned()));
}

#[test]
fn store_learns_of_a_role_that_is_taken_away_before_anybody_hears_of_it() {
    // 45-8.4-b, 45-9.7-a
    let mut w = World::with_room(&[]);
    w.join("romeo");
    let mut give = |role: &str| {
        let item = format!("<item nick='romeo' role='{role}'/>");
        let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>");
        w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='a'>{query}</iq>")).expels
    };
    assert!(!give("moderator"));
    for lower in ["participant", "visitor"] {
        assert!(give(lower), "{lower}");
    }
    assert!(!give("participant"));
}
