//! Roles, affiliations, lists (XEP-0045 §8, §9, §10.3 to §10.8).

use crate::world::World;

fn room_of_three(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w
}

const DONE: &str = "iq:result room";

#[test]
fn kicked_occupant_is_told_then_the_others_then_the_moderator() {
    // 45-8.2-a, 45-8.2-b, 45-8.2-c, 45-8.2-d, trap 1, trap 19, trap 45
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item nick='romeo' role='none'><reason>calm down</reason></item>");
    assert_eq!(
        w.got("romeo"),
        ["unavailable romeo 307 [none none jid=romeo@example/pc actor=owner reason=calm down] 110"]
    );
    assert_eq!(w.got("juliet"), ["unavailable romeo 307 [none none actor=owner reason=calm down]"]);
    assert_eq!(
        w.got("owner"),
        ["unavailable romeo 307 [none none jid=romeo@example/pc actor=owner reason=calm down]", DONE]
    );
    w.say("romeo", "still here?");
    assert_eq!(w.got("romeo"), ["message:error room modify/not-acceptable"]);
}

#[test]
fn who_is_no_moderator_changes_no_roles() {
    // 45-8-a
    let mut w = room_of_three(&[]);
    for who in ["romeo", "stranger"] {
        w.admin(who, "<item nick='juliet' role='none'/>");
        assert_eq!(w.got(who), ["iq:error room auth/forbidden"]);
        assert!(w.silent());
    }
}

#[test]
fn moderator_does_not_kick_a_higher_affiliation() {
    // 45-8.2-e
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item nick='romeo' role='moderator'/>");
    w.admin("owner", "<item affiliation='member' jid='juliet@example'/>");
    w.clear();
    for nick in ["owner", "juliet"] {
        w.admin("romeo", &format!("<item nick='{nick}' role='none'/>"));
        assert_eq!(w.got("romeo"), ["iq:error room cancel/not-allowed"]);
        assert!(w.silent());
    }
}

#[test]
fn voice_is_granted_and_revoked() {
    // 45-8.3-a, 45-8.3-b, 45-8.3-c, 45-8.4-a, 45-8.4-b
    let mut w = room_of_three(&[("moderatedroom", "1")]);
    w.admin("owner", "<item nick='romeo' role='participant'/>");
    assert_eq!(w.got("juliet"), ["available romeo [none participant actor=owner]"]);
    assert_eq!(w.got("owner"), ["available romeo [none participant jid=romeo@example/pc actor=owner]", DONE]);
    w.admin("owner", "<item nick='romeo' role='visitor'/>");
    assert_eq!(w.got("juliet"), ["available romeo [none visitor actor=owner]"]);
    assert_eq!(w.got("owner"), ["available romeo [none visitor jid=romeo@example/pc actor=owner]", DONE]);
}

#[test]
fn new_moderator_gets_to_see_real_addresses() {
    // 45-9.6-a, 45-9.6-b, trap 30
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item nick='romeo' role='moderator'/>");
    assert_eq!(w.got("juliet"), ["available romeo [none moderator actor=owner]"]);
    assert_eq!(w.got("owner").last().expect("an answer"), DONE);
    assert_eq!(
        w.got("romeo"),
        [
            "available romeo [none moderator jid=romeo@example/pc actor=owner] 110",
            "available juliet [none participant jid=juliet@example/pc]",
            "available owner [owner moderator jid=owner@example/pc]",
        ]
    );
    // 45-9.7-a: and loses the sight with the role.
    w.admin("owner", "<item nick='romeo' role='participant'/>");
    assert_eq!(w.got("juliet"), ["available romeo [none participant actor=owner]"]);
    assert_eq!(w.got("owner").last().expect("an answer"), DONE);
    assert_eq!(w.got("romeo")[1], "available juliet [none participant]");
}

#[test]
fn owner_stays_a_moderator() {
    // 45-9.7-b, 45-8.4-d, 45-5.1.1-d, 45-5.1.3-c
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='admin' jid='romeo@example'/>");
    w.clear();
    for role in ["participant", "visitor"] {
        w.admin("romeo", &format!("<item nick='owner' role='{role}'/>"));
        assert_eq!(w.got("romeo"), ["iq:error room cancel/not-allowed"]);
        // Nor does an owner unmake an admin in this way.
        w.admin("owner", &format!("<item nick='romeo' role='{role}'/>"));
        assert_eq!(w.got("owner"), ["iq:error room cancel/not-allowed"]);
    }
}

#[test]
fn ban_removes_all_clients_and_is_kept() {
    // 45-9.1-a, 45-9.1-b, 45-9.1-c, 45-9.1-d, 45-9.1-e, 45-9.2-a, trap 20
    let mut w = room_of_three(&[]);
    w.join("romeo/phone");
    w.clear();
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example/anything'><reason>spam</reason></item>");
    let own = "unavailable romeo 301 [outcast none jid=romeo@example/phone actor=owner reason=spam] 110";
    assert_eq!(w.got("romeo"), [own]);
    assert_eq!(w.got("romeo/phone"), [own]);
    assert_eq!(w.got("juliet"), ["unavailable romeo 301 [outcast none actor=owner reason=spam]"]);
    assert_eq!(w.got("owner").last().expect("result"), DONE);
    assert_eq!(
        w.list("owner", "<item affiliation='outcast'/>"),
        ["iq:result room [outcast jid=romeo@example reason=spam]"]
    );
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo auth/forbidden"]);
    // 45-9.2-b: and can be lifted.
    w.admin("owner", "<item affiliation='none' jid='romeo@example'/>");
    w.clear();
    w.join("romeo");
    assert_eq!(w.got("romeo").len(), 4);
}

#[test]
fn ban_of_a_domain_hits_its_accounts_but_those_with_an_affiliation_of_their_own() {
    // 45-9.2-e
    let mut w = room_of_three(&[]);
    w.join_as("mallory@evil/x", "mallory", "");
    w.join_as("alice@evil/x", "alice", "");
    w.admin("owner", "<item affiliation='member' jid='alice@evil'/>");
    w.clear();
    w.admin("owner", "<item affiliation='outcast' jid='evil'/>");
    assert_eq!(w.got("juliet"), ["unavailable mallory 301 [outcast none actor=owner]"]);
    w.join_as("bob@evil/x", "bob", "");
    assert_eq!(w.got("bob@evil/x"), ["error bob auth/forbidden"]);
}

#[test]
fn nobody_bans_himself_or_a_higher_rank() {
    // 45-9.1-f, 45-9.1-g, 45-9.1-h, 45-9.2-f
    let mut w = room_of_three(&[]);
    w.admin(
        "owner",
        "<item affiliation='admin' jid='romeo@example'/><item affiliation='admin' jid='juliet@example'/>",
    );
    w.clear();
    for (jid, answer) in
        [("romeo@example", "conflict"), ("owner@example", "not-allowed"), ("juliet@example", "not-allowed")]
    {
        w.admin("romeo", &format!("<item affiliation='outcast' jid='{jid}'/>"));
        assert_eq!(w.got("romeo"), [format!("iq:error room cancel/{answer}")]);
    }
    w.admin("owner", "<item affiliation='outcast' jid='owner@example'/>");
    assert_eq!(w.got("owner"), ["iq:error room cancel/conflict"]);
    assert!(w.silent());
    // trap 13: whoever may ban nobody is told so, also about himself.
    w.admin("stranger", "<item affiliation='outcast' jid='stranger@example'/>");
    assert_eq!(w.got("stranger"), ["iq:error room auth/forbidden"]);
}

#[test]
fn one_forbidden_item_stops_the_whole_request() {
    // 45-9.2-f, 45-9.2-g, trap 32
    let mut w = room_of_three(&[]);
    w.admin(
        "owner",
        "<item affiliation='outcast' jid='romeo@example'/><item affiliation='outcast' jid='owner@example'/>",
    );
    assert_eq!(w.got("owner"), ["iq:error room cancel/conflict"]);
    assert!(w.silent());
    assert_eq!(w.list("owner", "<item affiliation='outcast'/>"), ["iq:result room"]);
}

#[test]
fn several_items_are_all_done() {
    // 45-8.5-b, 45-8.5-c, 45-9.5-e, trap 32
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='member' jid='a@x'/><item affiliation='member' jid='b@x'/><item nick='romeo' role='visitor'/>");
    assert_eq!(w.got("juliet"), ["available romeo [none visitor actor=owner]"]);
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=a@x] [member jid=b@x]"]
    );
}

#[test]
fn membership_of_somebody_absent_is_told_to_moderators_of_a_semi_anonymous_room() {
    // 45-10.3-f, 45-10.6-d, 45-10.7-d, 45-9.3-a, trap 3, trap 49
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='member' jid='absent@example'/>");
    assert_eq!(w.got("owner"), ["message:normal room [member jid=absent@example]", DONE]);
    assert!(w.silent());
    for affiliation in ["admin", "owner", "none", "outcast"] {
        w.admin("owner", &format!("<item affiliation='{affiliation}' jid='absent@example'/>"));
        let code = if affiliation == "outcast" { "301 " } else { "" };
        let told = format!("message:normal room {code}[{affiliation} jid=absent@example]");
        assert_eq!(w.got("owner"), [told.as_str(), DONE]);
        assert!(w.silent());
    }
    let mut w = room_of_three(&[("whois", "anyone")]);
    w.admin("owner", "<item affiliation='member' jid='absent@example'/>");
    assert_eq!(w.got("juliet"), ["message:normal room [member jid=absent@example]"]);
}

#[test]
fn change_to_what_is_already_so_is_silent() {
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='none' jid='absent@example'/>");
    assert_eq!(w.got("owner"), [DONE]);
    assert!(w.silent());
}

#[test]
fn membership_is_given_to_and_taken_from_an_occupant() {
    // 45-9.3-b, 45-9.4-a, 45-9.4-b, 45-5.2.2-a
    let mut w = room_of_three(&[("moderatedroom", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    assert_eq!(w.got("juliet"), ["available romeo [member participant actor=owner]"]);
    assert_eq!(
        w.got("owner"),
        ["available romeo [member participant jid=romeo@example/pc actor=owner]", DONE]
    );
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=romeo@example]"]
    );
    w.admin("owner", "<item affiliation='none' jid='romeo@example'/>");
    assert_eq!(w.got("juliet"), ["available romeo [none visitor actor=owner]"]);
    assert_eq!(w.got("owner"), ["available romeo [none visitor jid=romeo@example/pc actor=owner]", DONE]);
    assert_eq!(w.list("owner", "<item affiliation='member'/>"), ["iq:result room"]);
}

#[test]
fn who_loses_membership_of_a_members_only_room_is_removed_with_one_presence() {
    // 45-9.4-c, 45-9.4-d, 45-9.5-h, 45-9.5-j
    let mut w = World::with_room(&[("membersonly", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    w.clear();
    w.admin("owner", "<item affiliation='none' jid='romeo@example'/>");
    assert_eq!(w.got("romeo"), ["unavailable romeo 321 [none none jid=romeo@example/pc actor=owner] 110"]);
    assert_eq!(w.got("owner"), ["unavailable romeo 321 [none none jid=romeo@example/pc actor=owner]", DONE]);
}

#[test]
fn admins_and_owners_are_moderators_at_once() {
    // 45-10.3-a, 45-10.3-d, 45-10.3-e, 45-10.6-a, 45-10.6-c, 45-5.1.3-d
    let mut w = room_of_three(&[]);
    w.admin(
        "owner",
        "<item affiliation='admin' jid='romeo@example/pc'/><item affiliation='owner' jid='juliet@example'/>",
    );
    let got = w.got("owner");
    assert!(
        got.contains(&"available romeo [admin moderator jid=romeo@example/pc actor=owner]".to_owned()),
        "{got:?}"
    );
    assert!(
        got.contains(&"available juliet [owner moderator jid=juliet@example/pc actor=owner]".to_owned()),
        "{got:?}"
    );
    assert_eq!(got.last().expect("an answer"), DONE);
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room [admin jid=romeo@example]"]);
    // 45-10.7-a, 45-10.7-c, 45-10.4-a, 45-10.4-e
    w.clear();
    w.admin(
        "owner",
        "<item affiliation='none' jid='romeo@example'/><item affiliation='member' jid='juliet@example'/>",
    );
    let got = w.got("owner");
    assert!(
        got.contains(&"available romeo [none participant jid=romeo@example/pc actor=owner]".to_owned()),
        "{got:?}"
    );
    assert!(
        got.contains(&"available juliet [member participant jid=juliet@example/pc actor=owner]".to_owned()),
        "{got:?}"
    );
    assert_eq!(got.last().expect("an answer"), DONE);
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room"]);
    assert_eq!(w.list("owner", "<item affiliation='owner'/>"), ["iq:result room [owner jid=owner@example]"]);
}

#[test]
fn only_owners_make_admins_and_owners() {
    // 45-10.3-c, 45-10.6-b, 45-9-a, trap 13, trap 14
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='admin' jid='romeo@example'/>");
    w.clear();
    for affiliation in ["admin", "owner"] {
        w.admin("romeo", &format!("<item affiliation='{affiliation}' jid='x@y'/>"));
        assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
    }
    for affiliation in ["outcast", "none", "member", "admin", "owner"] {
        w.admin("juliet", &format!("<item affiliation='{affiliation}' jid='x@y'/>"));
        assert_eq!(w.got("juliet"), ["iq:error room auth/forbidden"]);
    }
}

#[test]
fn last_owner_stays_and_a_room_can_be_handed_over_in_one_request() {
    // 45-10.4-c, 45-10.4-d, 45-10.5-f, 45-10-a, trap 32, trap 35
    let mut w = room_of_three(&[]);
    for affiliation in ["none", "member", "admin"] {
        w.admin("owner", &format!("<item affiliation='{affiliation}' jid='owner@example'/>"));
        assert_eq!(w.got("owner"), ["iq:error room cancel/conflict"]);
    }
    w.admin(
        "owner",
        "<item affiliation='none' jid='owner@example'/><item affiliation='owner' jid='romeo@example'/>",
    );
    assert_eq!(w.got("owner").last().expect("result"), DONE);
    assert_eq!(w.list("romeo", "<item affiliation='owner'/>"), ["iq:result room [owner jid=romeo@example]"]);
}

#[test]
fn malformed_requests_are_bad_requests() {
    // 45-17.4-d, 45-19-a
    let mut w = room_of_three(&[]);
    for item in [
        "",
        "<item/>",
        "<item jid='a@b' affiliation='member' role='visitor'/>",
        "<item jid='a@b' affiliation='king'/>",
        "<item nick='romeo' role='king'/>",
        "<item affiliation='member'/>",
        "<item role='none'/>",
    ] {
        w.admin("owner", item);
        assert_eq!(w.got("owner"), ["iq:error room modify/bad-request"], "{item}");
    }
    w.admin("owner", "<item jid='a b@c' affiliation='member'/>");
    assert_eq!(w.got("owner"), ["iq:error room modify/jid-malformed"]);
    w.admin("owner", "<item nick='nobody' role='none'/>");
    assert_eq!(w.got("owner"), ["iq:error room cancel/item-not-found"]);
}

#[test]
fn lists_of_roles_are_for_moderators() {
    // 45-8.5-a, 45-9.8-a, 45-17.4-e
    let mut w = room_of_three(&[]);
    assert_eq!(
        w.list("owner", "<item role='moderator'/>"),
        ["iq:result room [owner moderator jid=owner@example/pc nick=owner]"]
    );
    assert_eq!(
        w.list("owner", "<item role='participant'/>"),
        [
            "iq:result room [none participant jid=juliet@example/pc nick=juliet] [none participant jid=romeo@example/pc nick=romeo]"
        ]
    );
    assert_eq!(w.list("romeo", "<item role='participant'/>"), ["iq:error room auth/forbidden"]);
}

#[test]
fn lists_of_affiliations_follow_the_kind_of_room() {
    // 45-9.5-b, 45-9.5-c, 45-9.5-d, 45-10.5-a, 45-10.5-b, 45-10.5-c, 45-10.8-a, 45-10.8-b, 45-10.8-c, 45-17.4-f, trap 4, trap 15
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Montague'/><item affiliation='admin' jid='nurse@example'/>");
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=romeo@example nick=Montague]"]
    );
    assert_eq!(w.list("nurse", "<item affiliation='member'/>").len(), 1);
    for list in ["owner", "admin"] {
        let item = format!("<item affiliation='{list}'/>");
        assert_eq!(w.list("nurse", &item), ["iq:error room auth/forbidden"]);
    }
    assert_eq!(w.list("romeo", "<item affiliation='member'/>"), ["iq:error room auth/forbidden"]);
    w.admin("owner", "<item affiliation='member' jid='away@example'/>");
    w.configure("owner", &[("whois", "anyone"), ("membersonly", "1")]);
    let members = "iq:result room [member jid=away@example] [member jid=romeo@example nick=Montague]";
    for who in ["romeo", "away"] {
        assert_eq!(w.list(who, "<item affiliation='member'/>"), [members]);
    }
    // 45-7.11-a: the option leaves out whole roles.
    w.configure("owner", &[("getmemberlist", "moderator")]);
    w.configure("owner", &[("membersonly", "0")]);
    w.join("juliet");
    assert_eq!(w.list("juliet", "<item affiliation='member'/>"), ["iq:error room auth/forbidden"]);
    w.configure("owner", &[("getmemberlist", "moderator,participant")]);
    assert_eq!(w.list("juliet", "<item affiliation='member'/>"), [members]);
    assert_eq!(w.list("romeo", "<item affiliation='owner'/>"), ["iq:result room [owner jid=owner@example]"]);
    assert_eq!(w.list("romeo", "<item affiliation='admin'/>"), ["iq:result room [admin jid=nurse@example]"]);
    assert_eq!(w.list("stranger", "<item affiliation='member'/>"), ["iq:error room auth/forbidden"]);
}

#[test]
fn reserved_nick_is_kept_until_it_is_unset() {
    // 45-9.5-f, 45-9.3-a, 45-9.1-b, 45-9.2-d, trap 34
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item affiliation='member' jid='a@x' nick='Ace'/>");
    w.admin("owner", "<item affiliation='admin' jid='a@x'/>");
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room [admin jid=a@x nick=Ace]"]);
    w.admin("owner", "<item affiliation='admin' jid='b@x' nick='ace'/>");
    assert_eq!(w.got("owner").last().expect("answer"), "iq:error room cancel/conflict");
    w.admin("owner", "<item affiliation='admin' jid='a@x' nick=''/>");
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room [admin jid=a@x]"]);
    w.admin("owner", "<item affiliation='member' jid='a@x' nick='Ace'/>");
    w.admin("owner", "<item affiliation='outcast' jid='a@x'/>");
    w.admin("owner", "<item affiliation='none' jid='a@x'/>");
    w.clear();
    w.admin("owner", "<item affiliation='member' jid='b@x' nick='ace'/>");
    assert_eq!(w.got("owner").last().expect("answer"), DONE);
}

#[test]
fn too_many_items_or_affiliations_are_refused() {
    let mut w = room_of_three(&[]);
    w.service.limits.items_max = 2;
    let items =
        |n: usize| (0..n).map(|i| format!("<item affiliation='member' jid='u{i}@x'/>")).collect::<String>();
    w.admin("owner", &items(3));
    assert_eq!(w.got("owner"), ["iq:error room modify/policy-violation"]);
    w.service.limits.affiliations_max = 2;
    w.admin("owner", &items(2));
    assert_eq!(w.got("owner"), ["iq:error room wait/resource-constraint"]);
}

#[test]
fn full_list_takes_bans_still_a_tenth_of_it_and_ten_at_least() {
    // 45-9.1-b
    let mut w = room_of_three(&[]);
    w.service.limits.affiliations_max = 1;
    let answer = |w: &mut World, item: &str| {
        w.clear();
        w.admin("owner", item);
        w.got("owner").pop().expect("an answer")
    };
    const FULL: &str = "iq:error room wait/resource-constraint";
    for n in 0..9 {
        assert_eq!(answer(&mut w, &format!("<item affiliation='outcast' jid='u{n}@x'/>")), DONE);
        assert_eq!(answer(&mut w, "<item affiliation='member' jid='juliet@example'/>"), FULL);
    }
    let ban = "<command xmlns='http://jabber.org/protocol/commands' node='conclave#ban'><x xmlns='jabber:x:data' type='submit'>\
               <field var='nick'><value>romeo</value></field></x></command>";
    w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='c'>{ban}</iq>"));
    assert!(w.got("romeo")[0].starts_with("unavailable romeo 301"));
    assert_eq!(answer(&mut w, "<item affiliation='outcast' jid='u10@x'/>"), FULL);
    // What is on the list can change, but no ban makes a place for a member.
    assert_eq!(answer(&mut w, "<item affiliation='member' jid='u0@x'/>"), FULL);
    assert_eq!(answer(&mut w, "<item affiliation='outcast' jid='u0@x'><reason>spam</reason></item>"), DONE);
    assert_eq!(answer(&mut w, "<item affiliation='none' jid='u0@x'/>"), DONE);
    assert_eq!(answer(&mut w, "<item affiliation='outcast' jid='x'/>"), DONE);
}

#[test]
fn account_of_a_moderator_acts_from_any_of_its_clients() {
    // 45-8-a, 45-9.6-a
    let mut w = room_of_three(&[]);
    w.admin("owner/elsewhere", "<item nick='romeo' role='moderator'/>");
    assert_eq!(w.got("owner/elsewhere"), [DONE]);
    assert!(w.got("juliet")[0].starts_with("available romeo [none moderator"));
    w.admin("romeo/phone", "<item nick='juliet' role='none'/>");
    assert_eq!(w.got("romeo/phone"), [DONE]);
}

#[test]
fn moderator_may_kick_himself() {
    // 45-8.2-f
    let mut w = room_of_three(&[]);
    w.admin("owner", "<item nick='romeo' role='moderator'/>");
    w.clear();
    w.admin("romeo", "<item nick='romeo' role='none'/>");
    assert_eq!(
        w.got("romeo"),
        ["unavailable romeo 307 [none none jid=romeo@example/pc actor=romeo] 110", DONE]
    );
}
