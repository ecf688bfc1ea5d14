//! What a room tells those who look for it.

use conclave::room::Room;
use conclave::room::listing::{Listing, Relisting};
use conclave::room::part::Part;
use conclave::room::write::Write;
use conclave::store::LocalStore;
use conclave::store::memory::MemoryStore;
use conclave::wire::encode;
use conclave::wire::jid::BareJid;
use minidom::Element;

use super::world::{ROOM, World};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ROOM_INFO: &str = "http://jabber.org/protocol/muc#roominfo";
const ACTIVITY: &str = "{urn:xmpp:muc-activity}message-activity";
const MAX: &str = "{urn:xmpp:reactions:0:restrictions}max_reactions_per_user";
const ALLOWED: &str = "{urn:xmpp:reactions:0:restrictions}allowlist";

/// A room that stays, is listed and lets anybody in.
const LIVELY: &[(&str, &str)] = &[("persistentroom", "1"), ("publicroom", "1")];

fn info(w: &mut World) -> Element {
    w.clear();
    w.send("seeker", &format!("<iq xmlns='jabber:client' type='get' id='i'><query xmlns='{INFO}'/></iq>"));
    let answer = w.stanzas("seeker").pop().expect("an answer");
    answer.get_child("query", INFO).expect("a query").clone()
}

/// The values of a field in the form of this FORM_TYPE.
fn told(info: &Element, form_type: &str, var: &str) -> Option<Vec<String>> {
    let values = |field: &Element| field.children().map(Element::text).collect::<Vec<_>>();
    let form = info
        .children()
        .find(|x| x.name() == "x" && x.children().next().is_some_and(|field| values(field) == [form_type]))?;
    form.children().find(|field| field.attr("var") == Some(var)).map(values)
}

fn features(info: &Element) -> Vec<&str> {
    info.children().filter(|c| c.name() == "feature").filter_map(|c| c.attr("var")).collect()
}

fn activity(w: &mut World) -> Option<String> {
    told(&info(w), ROOM_INFO, ACTIVITY).map(|values| values.concat())
}

/// The service ends and starts again: the room comes back from what was written.
fn restart(w: &mut World) {
    let store = MemoryStore::new();
    store.commit(&w.writes).expect("this store always takes");
    let room = BareJid::parse(ROOM).expect("a jid");
    let state = store.load(&room).expect("this store always reads").expect("the room is stored");
    w.room = Room::stored(room, state, Default::default()).with_service_admins(&w.service.admins).into();
}

fn say(w: &mut World, inside: &str) {
    w.send("owner", &format!("<message xmlns='jabber:client' type='groupchat' id='m'>{inside}</message>"));
}

fn react(w: &mut World, who: &str, to: &str, type_: &str, reactions: &[&str]) -> String {
    w.clear();
    let inside: String = reactions.iter().map(|r| format!("<reaction>{r}</reaction>")).collect();
    w.send(who, &format!("<message xmlns='jabber:client' to='{to}' type='{type_}' id='m'><reactions xmlns='urn:xmpp:reactions:0' id='x'>{inside}</reactions></message>"));
    w.got(who).join(" | ")
}

#[test]
fn a_room_tells_one_feature_of_each_pair_whatever_its_options() {
    // clients-check-q, clients-join-a, 45-6.4-b
    const PAIRS: [(&str, [&str; 2]); 6] = [
        ("publicroom", ["muc_hidden", "muc_public"]),
        ("persistentroom", ["muc_temporary", "muc_persistent"]),
        ("membersonly", ["muc_open", "muc_membersonly"]),
        ("moderatedroom", ["muc_unmoderated", "muc_moderated"]),
        ("passwordprotectedroom", ["muc_unsecured", "muc_passwordprotected"]),
        ("whois", ["muc_semianonymous", "muc_nonanonymous"]),
    ];
    let mut w = World::with_room(&[]);
    for bits in 0..64_usize {
        let on = |n: usize| bits >> n & 1;
        let mut fields = vec![("roomsecret", "sesame")];
        for (n, (var, _)) in PAIRS.iter().enumerate() {
            let values = if *var == "whois" { ["moderators", "anyone"] } else { ["0", "1"] };
            fields.push((var, values[on(n)]));
        }
        w.configure("owner", &fields);
        let info = info(&mut w);
        let told: Vec<_> = features(&info).into_iter().filter(|f| f.starts_with("muc_")).collect();
        assert_eq!(told.len(), 6, "{told:?}");
        for (n, (_, pair)) in PAIRS.iter().enumerate() {
            assert!(told.contains(&pair[on(n)]), "{told:?}");
        }
    }
}

#[test]
fn what_a_room_tells_is_the_same_after_a_restart_byte_for_byte() {
    // clients-check-f, clients-12
    let mut w = World::with_room(&[
        ("persistentroom", "1"),
        ("publicroom", "1"),
        ("roomname", "Verona"),
        ("roomdesc", "A fair city"),
        ("lang", "it"),
        ("pubsub", "xmpp:pubsub.example?;node=verona"),
        ("x-muc#roomconfig_contactjid", "prince@example,nurse@example"),
        ("urn:xmpp:crl:0#simple-labels", "https://example.org/ratings some swords"),
        (MAX, "1"),
        (ALLOWED, "👍"),
    ]);
    for _ in 0..3 {
        for n in 0..37 {
            w.say("owner", &n.to_string());
        }
        w.wait(3600);
    }
    w.say("owner", "in the running hour");
    w.send("owner", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/owner'/>");
    let before = encode::element(&info(&mut w));
    assert!(before.contains(ACTIVITY), "{before}");
    restart(&mut w);
    assert_eq!(encode::element(&info(&mut w)), before);
    // Nor does it change by being asked, or by time alone within the hour.
    w.wait(60);
    assert_eq!(encode::element(&info(&mut w)), before);
}

#[test]
fn activity_is_told_of_rooms_that_anybody_may_find_and_enter() {
    // 502-1
    let mut w = World::with_room(LIVELY);
    assert_eq!(activity(&mut w), None, "nothing was counted yet");
    for _ in 0..5 {
        w.say("owner", "hello");
    }
    assert_eq!(activity(&mut w), None, "the hour is not over");
    w.wait(3600);
    assert_eq!(activity(&mut w).as_deref(), Some("5"));
    for (var, hidden, shown) in [
        ("persistentroom", "0", "1"),
        ("publicroom", "0", "1"),
        ("membersonly", "1", "0"),
        // A secret sets up the protection.
        ("roomsecret", "sesame", ""),
    ] {
        w.configure("owner", &[(var, hidden)]);
        assert_eq!(activity(&mut w), None, "{var}");
        w.configure("owner", &[(var, shown)]);
        assert_eq!(activity(&mut w).as_deref(), Some("5"), "{var}");
    }
    w.wait(3600);
    assert_eq!(activity(&mut w).as_deref(), Some("2"), "5 in two hours, coarsely");
    w.wait(25 * 3600);
    assert_eq!(activity(&mut w).as_deref(), Some("0"));
}

#[test]
fn activity_counts_messages_to_all_that_are_to_be_read() {
    // 502-2
    let mut w = World::with_room(LIVELY);
    w.join("guest");
    w.say("owner", "counts");
    say(&mut w, "<body>better</body><replace xmlns='urn:xmpp:message-correct:0' id='m'/>");
    say(&mut w, "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
    say(&mut w, "<subject>News</subject>");
    w.send(
        "owner",
        &format!("<message xmlns='jabber:client' type='chat' to='{ROOM}/guest'><body>psst</body></message>"),
    );
    w.send("stranger", "<message xmlns='jabber:client' type='groupchat'><body>let me in</body></message>");
    w.wait(3600);
    assert_eq!(activity(&mut w).as_deref(), Some("1"));
}

#[test]
fn activity_costs_few_writes() {
    // 502-2
    let mut w = World::with_room(LIVELY);
    w.writes.clear();
    for _ in 0..1000 {
        w.say("owner", "hello");
    }
    assert!(w.writes.len() <= 11, "{}", w.writes.len());
    w.writes.clear();
    w.wait(3600);
    w.say("owner", "hello");
    let [Write::Part { part: Part::Activity(activity), .. }] = &w.writes[..] else { panic!("one write") };
    assert_eq!(activity.as_ref().map(|a| &a.counts[..]), Some(&[1, 1000][..]));
}

#[test]
fn contacts_language_ratings_and_space_are_told() {
    // 45-6.4-c, 128-1, 456-1, 503-1, clients-info-f
    let mut w = World::with_room(&[
        ("lang", "it"),
        ("pubsub", "xmpp:pubsub.example?;node=verona"),
        ("x-muc#roomconfig_contactjid", "Prince@Example,nurse@example,prince@example"),
        ("urn:xmpp:crl:0#simple-labels", "https://example.org/ratings some swords"),
    ]);
    let info = info(&mut w);
    let one = |text: &str| Some(vec![text.to_owned()]);
    let contacts = ["prince@example".to_owned(), "nurse@example".to_owned()];
    assert_eq!(told(&info, ROOM_INFO, "muc#roominfo_contactjid").as_deref(), Some(&contacts[..]));
    assert_eq!(told(&info, ROOM_INFO, "muc#roominfo_lang"), one("it"));
    let label = one("https://example.org/ratings some swords");
    assert_eq!(told(&info, "urn:xmpp:crl:0", "urn:xmpp:crl:0#simple-labels"), label);
    assert_eq!(told(&info, "urn:xmpp:spaces:0", "parent"), one("xmpp:pubsub.example?;node=verona"));
    assert!(features(&info).contains(&"urn:xmpp:spaces:0"));
}

#[test]
fn what_is_not_set_is_not_told() {
    // 128-1, 45-14.4-a
    let mut w = World::with_room(&[]);
    let info = info(&mut w);
    let forms: Vec<_> = info
        .children()
        .filter(|c| c.name() == "x")
        .filter_map(|x| x.children().next().map(|f| f.children().map(Element::text).collect::<String>()))
        .collect();
    assert_eq!(forms, [ROOM_INFO, "urn:xmpp:data-policy:0"]);
    for var in ["muc#roominfo_contactjid", "muc#roominfo_occupants", "muc#roominfo_subject", ACTIVITY] {
        assert_eq!(told(&info, ROOM_INFO, var), None, "{var}");
    }
    for feature in ["urn:xmpp:spaces:0", "urn:xmpp:reactions:0"] {
        assert!(!features(&info).contains(&feature), "{feature}");
    }
}

#[test]
fn a_room_says_for_how_long_messages_are_kept() {
    // 504-1
    const FORM: &str = "urn:xmpp:data-policy:0";
    let mut w = World::with_room(&[]);
    let one = |text: &str| Some(vec![text.to_owned()]);
    assert_eq!(told(&info(&mut w), FORM, "data_retention"), one("infinite"));
    w.service.limits.archive_days_max = 10;
    assert_eq!(told(&info(&mut w), FORM, "data_retention"), one("240"));
    w.configure("owner", &[("x-muc#roomconfig_archivedays", "2")]);
    assert_eq!(told(&info(&mut w), FORM, "data_retention"), one("48"));
    assert_eq!(told(&info(&mut w), FORM, "data_deletion"), one("true"));
    w.service.keep_retracted = true;
    assert_eq!(told(&info(&mut w), FORM, "data_deletion"), one("false"));
    w.configure("owner", &[("enablearchiving", "0")]);
    assert_eq!(told(&info(&mut w), FORM, "data_retention"), None);
}

#[test]
fn nonsense_in_these_fields_is_refused_by_name() {
    // 004-2
    let mut w = World::with_room(&[]);
    for (var, value) in [
        ("x-muc#roomconfig_contactjid", "a b@example"),
        ("urn:xmpp:crl:0#simple-labels", "swords"),
        ("urn:xmpp:crl:0#simple-labels", "ratings some swords"),
        (MAX, "few"),
        (ALLOWED, &"x".repeat(129)),
    ] {
        w.clear();
        w.configure("owner", &[(var, value)]);
        assert_eq!(w.got("owner"), ["iq:error room modify/not-acceptable"], "{var} {value}");
    }
}

#[test]
fn reactions_that_the_room_does_not_allow_are_refused_and_nobody_sees_them() {
    // 444-1, but not with not-acceptable (clients-error-l).
    let mut w = World::with_room(&[(MAX, "2"), (ALLOWED, "👍,❤️,🐢")]);
    w.join("guest");
    let info = info(&mut w);
    assert!(features(&info).contains(&"urn:xmpp:reactions:0"));
    let form = "urn:xmpp:reactions:0:restrictions";
    assert_eq!(told(&info, form, "max_reactions_per_user"), Some(vec!["2".to_owned()]));
    assert_eq!(told(&info, form, "allowlist").map(|list| list.len()), Some(3));
    let refused = |from: &str| format!("message:error {from} modify/policy-violation");
    for (to, type_) in [(ROOM.to_owned(), "groupchat"), (format!("{ROOM}/owner"), "chat")] {
        let from = if type_ == "chat" { "owner" } else { "room" };
        let mut react = |reactions: &[&str]| {
            let answer = react(&mut w, "guest", &to, type_, reactions);
            (answer, !w.got("owner").is_empty())
        };
        assert_eq!(react(&["👍", "❤️", "🐢"]), (refused(from), false));
        assert_eq!(react(&["👎"]), (refused(from), false));
        // Twice the same is one; the picture selector is none of the reaction; taking all back is always allowed.
        assert!(react(&["👍", "👍", "❤"]).1);
        assert!(react(&[]).1);
    }
    w.configure("owner", &[(MAX, "0"), (ALLOWED, "")]);
    react(&mut w, "guest", ROOM, "groupchat", &["👍", "👎", "❤️"]);
    assert!(!w.got("owner").is_empty());
}

#[test]
fn the_directory_learns_who_comes_and_goes_only_where_that_is_told() {
    // 45-14.4-a, 45-6.3-a
    let mut w = World::with_room(&[("publicroom", "1")]);
    let before = w.room.clone();
    w.join("guest");
    assert_eq!(w.room.relisting(&before), Some(Relisting::Occupants(2)));
    let before = w.room.clone();
    w.say("guest", "hello");
    assert_eq!(w.room.relisting(&before), None);
    w.configure("owner", &[("membersonly", "1"), ("roomname", "Verona"), ("whois", "anyone")]);
    let closed = Listing { name: "Verona".to_owned(), nonanonymous: true, ..Listing::default() };
    assert_eq!(w.room.relisting(&before), Some(Relisting::Whole(Some(closed))));
    let before = w.room.clone();
    w.send("owner", &format!("<presence xmlns='jabber:client' to='{ROOM}/boss'/>"));
    w.send("guest", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/guest'/>"));
    assert_eq!(w.room.relisting(&before), None);
}
