//! Versions of the lists of affiliations (XEP-0463).

use conclave::room::Room;
use conclave::wire::jid::BareJid;
use conclave::wire::ns;
use minidom::Element;

use crate::world::{ROOM, World, full, line};

const MAV: &str = "urn:xmpp:muc:affiliations:1";

/// A private group: members only, and everybody sees everybody's address.
fn group() -> World {
    let mut w = World::with_room(&[("membersonly", "1"), ("whois", "anyone"), ("persistentroom", "1")]);
    w.admin(
        "owner",
        "<item affiliation='member' jid='romeo@example'/><item affiliation='admin' jid='juliet@example'/>",
    );
    follow(&mut w, "owner");
    w.clear();
    w
}

/// Enters, again if need be, as somebody who wants to be told of versions.
fn follow(w: &mut World, who: &str) {
    w.join_as(who, who, &format!("<mav xmlns='{MAV}'/>"));
}

fn leave(w: &mut World, who: &str) {
    w.send(who, &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/{who}'/>"));
    w.clear();
}

fn x(stanza: &Element) -> &Element {
    stanza.get_child("x", ns::MUC_USER).expect("x")
}

fn mav(stanza: &Element) -> Option<(Option<String>, Option<String>)> {
    let mav = x(stanza).get_child("mav", MAV)?;
    Some((mav.attr("since").map(str::to_owned), mav.attr("until").map(str::to_owned)))
}

fn items(stanza: &Element) -> Vec<String> {
    let items = x(stanza).children().filter(|c| c.name() == "item");
    items
        .map(|i| format!("{} {}", i.attr("jid").expect("jid"), i.attr("affiliation").expect("one")))
        .collect()
}

/// What a client that joins learns: since and until and the items of each message before the presences, and the version
/// in its own presence.
struct Greeting {
    messages: Vec<(Option<String>, String, Vec<String>)>,
    until: Option<String>,
}

fn join(w: &mut World, who: &str, since: Option<&str>) -> Greeting {
    w.clear();
    let since = since.map(|since| format!(" since='{since}'")).unwrap_or_default();
    w.join_as(who, who, &format!("<mav xmlns='{MAV}'{since}/>"));
    let got = w.stanzas(who);
    let first_presence = got.iter().position(|s| s.name() == "presence").expect("a presence");
    let before = got[..first_presence].iter();
    let messages = before.map(|m| {
        let (since, until) = mav(m).expect("versions");
        (since, until.expect("until"), items(m))
    });
    let messages = messages.collect();
    let own = got.iter().find(|s| line(s).contains(" 110")).expect("the own presence");
    let (since, until) = mav(own).expect("a version");
    assert_eq!(since, None);
    Greeting { messages, until }
}

#[test]
fn first_time_brings_the_whole_list_and_the_version() {
    // 463-1, 463-2, 463-3, clients NEW-5, clients-check-p
    let mut w = group();
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'/>");
    let got = join(&mut w, "romeo", None);
    let until = got.until.expect("a version");
    let list = ["juliet@example admin", "owner@example owner", "romeo@example member"].map(str::to_owned);
    // Members do not see who is banned; admins do.
    assert_eq!(got.messages, [(None, until, list.to_vec())]);
    let got = join(&mut w, "juliet", None);
    assert_eq!(got.messages[0].2[3], "tybalt@example outcast");
    // Nobody else is shown what the client asked for.
    let told = w.stanzas("owner");
    assert_eq!(told.len(), 1);
    assert!(!conclave::wire::encode::element(&told[0]).contains(MAV));
    w.send(
        "romeo",
        &format!("<iq xmlns='jabber:client' type='get' id='d'><query xmlns='{}'/></iq>", ns::DISCO_INFO),
    );
    let answer = w.stanzas("romeo").pop().expect("an answer");
    assert!(answer.children().next().expect("query").children().any(|f| f.attr("var") == Some(MAV)));
}

#[test]
fn who_knows_the_version_learns_what_changed_or_nothing() {
    // 463-2, 463-3, clients-check-p
    let mut w = group();
    let known = join(&mut w, "romeo", None).until.expect("a version");
    leave(&mut w, "romeo");
    let again = join(&mut w, "romeo", Some(&known));
    assert!(again.messages.is_empty());
    assert_eq!(again.until.as_deref(), Some(&*known));
    leave(&mut w, "romeo");
    w.admin(
        "owner",
        "<item affiliation='none' jid='juliet@example'/><item affiliation='member' jid='nurse@example'/>",
    );
    w.admin("owner", "<item affiliation='member' jid='page@example'/>");
    w.admin("owner", "<item affiliation='outcast' jid='page@example'/>");
    let got = join(&mut w, "romeo", Some(&known));
    let until = got.until.expect("a version");
    assert_ne!(until, known);
    let changed = ["juliet@example none", "nurse@example member", "page@example none"].map(str::to_owned);
    assert_eq!(got.messages, [(Some(known), until.clone(), changed.to_vec())]);
    // Somebody who came back is on the list and not off it.
    w.admin("owner", "<item affiliation='none' jid='nurse@example'/>");
    w.admin("owner", "<item affiliation='admin' jid='nurse@example'/>");
    let got = join(&mut w, "romeo", Some(&until));
    assert_eq!(got.messages[0].2, ["nurse@example admin"]);
}

#[test]
fn unknown_version_brings_the_whole_list() {
    // 463-2
    let mut w = group();
    let known = join(&mut w, "romeo", None).until.expect("a version");
    let (mark, number) = known.split_once('-').expect("a mark and a number");
    let other = u64::from_str_radix(number, 16).expect("a number") ^ 1;
    let others =
        [format!("{mark}-{other:016x}"), format!("x{known}"), format!("{mark}--1"), format!("{mark}-1")];
    for unknown in ["", "1", "nonsense"].into_iter().chain(others.iter().map(String::as_str)) {
        let got = join(&mut w, "romeo", Some(unknown));
        assert_eq!((got.messages.len(), &got.messages[0].0), (1, &None), "{unknown}");
        assert_eq!(got.messages[0].2.len(), 3, "{unknown}");
    }
    // A room of the same name that is another room knows nothing of it, and nor does the room once it is of another
    // kind.
    w.configure("owner", &[("whois", "moderators")]);
    w.configure("owner", &[("getmemberlist", "participant")]);
    let got = join(&mut w, "owner", Some(&known));
    assert_eq!(got.messages[0].0, None);
    w.owner("owner", "<destroy/>");
    w.join("owner");
    w.configure("owner", &[("whois", "anyone")]);
    let got = join(&mut w, "owner", Some(&format!("{mark}-1")));
    assert_eq!((&got.messages[0].0, got.messages[0].2.len()), (&None, 1));
}

#[test]
fn change_is_told_to_all_with_both_versions() {
    // 463-4, 45-10.3-f
    let mut w = group();
    let mut known = join(&mut w, "romeo", None).until;
    w.clear();
    // Absent, present, removed, and a whole domain, in one chain that has no gap.
    for (item, expected) in [
        ("affiliation='member' jid='nurse@example'", "message:normal room [member jid=nurse@example]"),
        ("affiliation='none' jid='nurse@example'", "message:normal room [none jid=nurse@example]"),
        ("affiliation='outcast' jid='evil.example'", "message:normal room [outcast jid=evil.example] 301"),
    ] {
        w.admin("owner", &format!("<item {item}/>"));
        for who in ["romeo", "owner"] {
            let got = w.stanzas(who);
            assert!(
                line(&got[0]).starts_with(expected.split(" [").next().expect("head")),
                "{}",
                line(&got[0])
            );
            let (since, until) = mav(&got[0]).expect("versions");
            assert_eq!(since, known, "{item}");
            if who == "owner" {
                known = until;
            }
        }
    }
    w.join("juliet");
    w.clear();
    for affiliation in ["member", "admin", "none"] {
        w.admin("owner", &format!("<item affiliation='{affiliation}' jid='juliet@example'/>"));
        let got = w.stanzas("romeo");
        assert_eq!((got.len(), got[0].name()), (1, "presence"));
        let (since, until) = mav(&got[0]).expect("versions");
        assert_eq!(since, known, "{affiliation}");
        known = until;
    }
    leave(&mut w, "romeo");
    assert!(join(&mut w, "romeo", known.as_deref()).messages.is_empty());
}

#[test]
fn change_that_no_presence_tells_of_is_told_by_a_message() {
    // 463-4
    let mut w = group();
    join(&mut w, "owner", None);
    w.configure("owner", &[("presencebroadcast", "moderator")]);
    w.admin("owner", "<item affiliation='member' jid='nurse@example'/>");
    for who in ["romeo", "nurse"] {
        follow(&mut w, who);
    }
    w.clear();
    w.admin("owner", "<item affiliation='none' jid='nurse@example'/>");
    assert_eq!(w.got("romeo"), ["message:normal room [none jid=nurse@example]"]);
    // Who appears by the change is shown, and needs no message.
    w.admin("owner", "<item affiliation='admin' jid='romeo@example'/>");
    let got = w.stanzas("owner");
    let got: Vec<_> = got.iter().filter(|s| x_or_none(s).is_some_and(|x| x.has_child("mav", MAV))).collect();
    assert_eq!(
        line(got.last().expect("told")),
        "available romeo [admin moderator jid=romeo@example/pc actor=owner]"
    );
    // A ban of a domain shows each occupant go and then names the domain, which is what is on the list.
    w.configure("owner", &[("membersonly", "0"), ("presencebroadcast", "moderator,participant,visitor")]);
    w.join_as("guest@evil.example/pc", "guest", "");
    w.clear();
    w.admin("owner", "<item affiliation='outcast' jid='evil.example'/>");
    assert_eq!(
        w.got("romeo"),
        [
            "unavailable guest 301 [outcast none jid=guest@evil.example/pc actor=owner]",
            "message:normal room 301 [outcast jid=evil.example]"
        ]
    );
}

fn x_or_none(stanza: &Element) -> Option<&Element> {
    stanza.get_child("x", ns::MUC_USER)
}

#[test]
fn who_did_not_ask_is_not_told_of_versions() {
    // 463-3, 463-4, trap 86: clients that know nothing of versions see the words that they know, and no others
    let mut w = group();
    for who in ["romeo", "juliet"] {
        w.join(who);
    }
    w.join_as("juliet/phone", "juliet", &format!("<mav xmlns='{MAV}'/>"));
    let told = |w: &mut World, who: &str| {
        let got = w.stanzas(who);
        assert!(!got.is_empty(), "{who}");
        got.iter().filter(|s| x_or_none(s).is_some_and(|x| x.has_child("mav", MAV))).count()
    };
    assert_eq!((told(&mut w, "romeo"), told(&mut w, "juliet"), told(&mut w, "juliet/phone")), (0, 0, 2));
    w.clear();
    w.admin("owner", "<item affiliation='member' jid='nurse@example'/>");
    assert_eq!((told(&mut w, "romeo"), told(&mut w, "juliet"), told(&mut w, "juliet/phone")), (0, 0, 1));
    w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
    assert_eq!((told(&mut w, "romeo"), told(&mut w, "juliet"), told(&mut w, "juliet/phone")), (0, 0, 1));
    // Who enters anew without asking does not follow any more.
    w.join("owner");
    w.clear();
    w.admin("owner", "<item affiliation='member' jid='nurse@example'/>");
    w.admin("owner", "<item affiliation='none' jid='nurse@example'/>");
    assert_eq!(told(&mut w, "owner"), 0);
}

#[test]
fn versions_do_not_tell_how_many_changes_there_were() {
    // 463-2, 463-5: a word is opaque, and those who see no list see no change of it
    let mut w = group();
    let mut words = Vec::new();
    for _ in 0..20 {
        w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'/>");
        w.admin("owner", "<item affiliation='none' jid='tybalt@example'/>");
        words.push(join(&mut w, "romeo", None).until.expect("a version"));
        leave(&mut w, "romeo");
    }
    let numbers: Vec<u64> = words
        .iter()
        .map(|word| u64::from_str_radix(word.split_once('-').expect("a number").1, 16).expect("hexadecimal"))
        .collect();
    for (at, number) in numbers.iter().enumerate() {
        assert!(numbers[..at].iter().all(|other| other.abs_diff(*number) > 1 << 20), "{words:?}");
    }
    assert!(!numbers.is_sorted());
    assert!(words.iter().all(|word| word.len() == words[0].len()));
    let mut w = World::with_room(&[]);
    let mut told = std::collections::BTreeSet::new();
    for n in 0..5 {
        w.admin("owner", &format!("<item affiliation='outcast' jid='u{n}@example'/>"));
        w.clear();
        follow(&mut w, "romeo");
        let own = w.stanzas("romeo").into_iter().find(|s| line(s).contains(" 110")).expect("own");
        told.insert(mav(&own).expect("a version"));
        leave(&mut w, "romeo");
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn two_nicks_of_one_account_tell_one_change() {
    // 463-4
    let mut w = group();
    join(&mut w, "owner", None);
    w.join("romeo");
    w.join_as("romeo/phone", "roamer", "");
    w.clear();
    w.admin("owner", "<item affiliation='admin' jid='romeo@example'/>");
    let versions =
        w.stanzas("owner").iter().filter(|s| x_or_none(s).is_some_and(|x| x.has_child("mav", MAV))).count();
    assert_eq!(versions, 1);
}

#[test]
fn who_may_not_see_the_lists_is_told_so_and_enters() {
    // 463-5
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='admin' jid='juliet@example'/>");
    // In a semi-anonymous room the list of owners is for owners.
    for who in ["romeo", "juliet"] {
        w.clear();
        w.join_as(who, who, &format!("<mav xmlns='{MAV}'/>"));
        let got = w.stanzas(who);
        assert_eq!(line(&got[0]), "message:error room auth/forbidden");
        assert!(got.iter().any(|s| line(s).contains(" 110")), "{who}");
    }
    assert_eq!(join(&mut w, "owner", None).messages[0].2.len(), 2);
    // The word of a version that such a client gets is none that it could use later, and tells of no change.
    let word = mav(&{
        w.clear();
        follow(&mut w, "romeo");
        w.stanzas("romeo").into_iter().find(|s| line(s).contains(" 110")).expect("own")
    });
    let word = word.and_then(|(_, until)| until).expect("a version");
    w.admin("owner", "<item affiliation='owner' jid='romeo@example'/>");
    let got = join(&mut w, "romeo", Some(&word));
    assert_eq!((&got.messages[0].0, got.messages[0].2.len()), (&None, 3));
}

#[test]
fn versions_of_a_semi_anonymous_room_go_where_addresses_go() {
    // 463-4, 463-5
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w.admin("owner", "<item affiliation='member' jid='juliet@example'/>");
    assert_eq!(w.got("owner")[0], "available juliet [member participant jid=juliet@example/pc actor=owner]");
    assert_eq!(w.got("romeo"), ["available juliet [member participant actor=owner]"]);
    assert_eq!(
        w.got("juliet"),
        ["available juliet [member participant jid=juliet@example/pc actor=owner] 110"]
    );
}

#[test]
fn who_was_not_there_does_not_learn_who_was() {
    // 463-5
    let mut w = group();
    let known = join(&mut w, "romeo", None).until.expect("a version");
    w.admin(
        "owner",
        "<item affiliation='none' jid='juliet@example'/><item affiliation='member' jid='nurse@example'/>",
    );
    // Versions can be guessed; the nurse was no member then.
    let got = join(&mut w, "nurse", Some(&known));
    assert_eq!(got.messages[0].0, None);
    assert_eq!(got.messages[0].2, ["nurse@example member", "owner@example owner", "romeo@example member"]);
}

#[test]
fn who_was_on_the_lists_only_while_addresses_were_hidden_is_told_to_nobody() {
    // 463-2, 45-7.2.4-a
    let mut w = group();
    let since = join(&mut w, "romeo", None).until.expect("a version");
    leave(&mut w, "romeo");
    w.configure("owner", &[("whois", "moderators")]);
    for affiliation in ["member", "none"] {
        w.admin("owner", &format!("<item affiliation='{affiliation}' jid='ghost@example'/>"));
    }
    w.configure("owner", &[("whois", "anyone")]);
    let told = join(&mut w, "romeo", Some(&since)).messages;
    assert!(!format!("{told:?}").contains("ghost"), "{told:?}");
    assert!(told.iter().any(|(_, _, items)| items.contains(&"juliet@example admin".to_owned())));
    // It is durable, too.
    assert!(w.room.state().record.versions.lost.is_empty());
}

#[test]
fn bans_are_no_news_to_those_who_may_not_see_them() {
    // 463-5
    let mut w = group();
    let known = join(&mut w, "romeo", None).until.expect("a version");
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'/>");
    w.admin("owner", "<item affiliation='none' jid='tybalt@example'/>");
    w.admin("owner", "<item affiliation='outcast' jid='paris@example'/>");
    let got = join(&mut w, "romeo", Some(&known));
    // There is no empty difference, so it is the whole list.
    assert_eq!((&got.messages[0].0, got.messages[0].2.len()), (&None, 3));
    let got = join(&mut w, "owner", Some(&known));
    assert_eq!(got.messages[0].2, ["paris@example outcast", "tybalt@example none"]);
}

#[test]
fn long_list_comes_in_several_messages_that_form_a_chain() {
    // 463-6
    let mut w = group();
    for _ in 0..3 {
        let more: String = (0..150)
            .map(|n| format!("<item affiliation='member' jid='m{n}@w{}.example'/>", w.writes.len()))
            .collect();
        w.admin("owner", &more);
    }
    let got = join(&mut w, "romeo", None);
    assert_eq!(got.messages.iter().map(|m| m.2.len()).collect::<Vec<_>>(), [200, 200, 53]);
    assert_eq!(got.messages[0].0, None);
    for pair in got.messages.windows(2) {
        assert_eq!(pair[1].0.as_ref(), Some(&pair[0].1));
    }
    assert_eq!(Some(&got.messages[2].1), got.until.as_ref());
    // A client that broke off in the middle starts over.
    let again = join(&mut w, "romeo", Some(&got.messages[0].1));
    assert_eq!((&again.messages[0].0, again.messages.len()), (&None, 3));
}

#[test]
fn who_was_away_for_too_many_changes_gets_the_whole_list() {
    // 463-2
    let mut w = group();
    let known = join(&mut w, "romeo", None).until.expect("a version");
    for n in 0..201 {
        w.admin("owner", &format!("<item affiliation='member' jid='m{n}@example'/>"));
        w.admin("owner", &format!("<item affiliation='none' jid='m{n}@example'/>"));
    }
    let got = join(&mut w, "romeo", Some(&known));
    assert_eq!((&got.messages[0].0, got.messages[0].2.len()), (&None, 3));
}

#[test]
fn versions_outlive_the_process() {
    // 463-2
    let mut w = group();
    let known = join(&mut w, "romeo", None).until.expect("a version");
    w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
    let state = w.room.state().clone();
    w.room = Room::stored(BareJid::parse(ROOM).expect("a jid"), state, Default::default()).into();
    let got = join(&mut w, "romeo", Some(&known));
    assert_eq!(got.messages[0].2, ["juliet@example none"]);
}

#[test]
fn operator_can_do_without_versions() {
    // clients NEW-5
    let mut w = group();
    w.room = Room::clone(&w.room).with_versions(false).into();
    w.join_as("romeo", "romeo", &format!("<mav xmlns='{MAV}'/>"));
    w.admin("owner", "<item affiliation='member' jid='nurse@example'/>");
    for stanza in w.everything() {
        assert!(!conclave::wire::encode::element(&stanza).contains(MAV), "{}", line(&stanza));
    }
    w.send(
        "romeo",
        &format!("<iq xmlns='jabber:client' type='get' id='d'><query xmlns='{}'/></iq>", ns::DISCO_INFO),
    );
    assert!(!conclave::wire::encode::element(&w.stanzas("romeo")[0]).contains(MAV));
}

#[test]
fn members_of_a_private_group_have_what_encryption_needs() {
    // 45-9.5-d, clients section 7: lists for members inside and outside, addresses, and word of changes
    let mut w = group();
    for who in ["romeo", "juliet"] {
        assert_eq!(
            w.list(who, "<item affiliation='member'/>"),
            ["iq:result room [member jid=romeo@example]"]
        );
        assert_eq!(w.list(who, "<item affiliation='admin'/>"), ["iq:result room [admin jid=juliet@example]"]);
        assert_eq!(w.list(who, "<item affiliation='owner'/>"), ["iq:result room [owner jid=owner@example]"]);
    }
    assert_eq!(w.list("romeo", "<item affiliation='outcast'/>"), ["iq:error room auth/forbidden"]);
    assert_eq!(w.list("stranger", "<item affiliation='member'/>"), ["iq:error room auth/forbidden"]);
    w.join("romeo");
    let shown = w.got("romeo");
    assert_eq!(shown[0], format!("available owner [owner moderator jid={}]", full("owner")));
    w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
    assert_eq!(w.got("romeo"), ["message:normal room [none jid=juliet@example]"]);
}
