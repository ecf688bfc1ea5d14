//! What goes out of one event is bounded: in memory, and in how much the words of one are multiplied.

use std::collections::BTreeMap;

use conclave::engine::restart::{PersistedView, bring_back};
use conclave::room::Room;
use conclave::room::config::Whois;
use conclave::room::event::Event;
use conclave::room::history::History;
use conclave::room::write::Write;
use conclave::store::LocalStore;
use conclave::store::memory::MemoryStore;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Role;
use minidom::Element;

use crate::world::{ROOM, World};

const MUC: &str = "http://jabber.org/protocol/muc";
const USER: &str = "http://jabber.org/protocol/muc#user";

/// A room with so many others in it; each says `said` in the presence.
fn crowd(count: usize, said: &str, fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    for n in 0..count {
        w.send(
            &format!("u{n}"),
            &format!(
                "<presence xmlns='jabber:client' to='{ROOM}/u{n}'>\
                 <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>{said}</presence>"
            ),
        );
        w.clear();
    }
    w
}

fn size(stanzas: &[Element]) -> usize {
    stanzas.iter().map(|stanza| conclave::wire::encode::element(stanza).len()).sum()
}

// 45-14.6-a
#[test]
fn words_on_leaving_are_a_text_in_each_language_and_no_more() {
    let mut w = crowd(3, "", &[]);
    // Forty texts, each within the bound of a presence.
    let long = "x".repeat(30_000);
    let many: String = (0..40).map(|n| format!("<status xml:lang='l{n}'>{long}</status>")).collect();
    w.send(
        "u0",
        &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/u0'>{many}</presence>"),
    );
    let told = w.stanzas("u1");
    assert_eq!(told[0].attr("type"), Some("unavailable"), "who goes is gone, whatever is said");
    assert!(size(&told) < 31_000, "{}", size(&told));
    // One text in each language, and nothing inside of it.
    let odd = "<status>a<b xmlns='urn:b'/></status><status>b</status><status xml:lang='de' n='1'>c</status>";
    w.send(
        "u1",
        &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/u1'>{odd}</presence>"),
    );
    let told = w.stanzas("u2");
    let texts: Vec<String> = told
        .iter()
        .flat_map(|presence| presence.children().filter(|c| c.name() == "status"))
        .map(conclave::wire::encode::element)
        .filter(|text| text.len() < 100)
        .collect();
    assert_eq!(texts, ["<status>a</status>", "<status xml:lang='de'>c</status>"]);
    // A language of more than a presence may have is none.
    w.service.limits.presence_bytes_max = 1000;
    let lang = "x".repeat(5000);
    w.send(
        "u2",
        &format!("<presence xmlns='jabber:client' type='unavailable' xml:lang='{lang}' to='{ROOM}/u2'/>"),
    );
    let told = w.stanzas("owner");
    assert!(size(&told[told.len() - 1..]) < 1000);
}

// 45-7.8.2-a
#[test]
fn invitation_has_a_bounded_reason() {
    let mut w = World::with_room(&[]);
    let invite = |count: usize, bytes: usize| {
        let reason = "x".repeat(bytes);
        let each = |n| format!("<invite to='i{n}@example'><reason>{reason}</reason></invite>");
        let invites: String = (0..count).map(each).collect();
        format!("<message xmlns='jabber:client' id='i'><x xmlns='{USER}'>{invites}</x></message>")
    };
    w.send("owner", &invite(50, 4096));
    assert_eq!(w.got("owner"), ["message:error room modify/policy-violation"]);
    assert!(w.silent(), "nobody is invited");
    let asked = invite(50, 900);
    w.send("owner", &asked);
    let sent = w.everything();
    assert_eq!(sent.len(), 50);
    assert!(size(&sent) < 2 * asked.len(), "{} from {}", size(&sent), asked.len());
    // The address does not count: nobody chooses how long the own one is.
    let long = format!("{}@example", "x".repeat(1000));
    w.send("owner", &format!("<message xmlns='jabber:client' id='i'><x xmlns='{USER}'><invite to='{long}'><reason>{}</reason></invite></x></message>", "y".repeat(900)));
    assert_eq!(w.stanzas(&long).len(), 1);
}

// 45-14.6-a
#[test]
fn stanzas_of_one_event_share_their_lists_of_recipients() {
    for fields in [&[][..], &[("whois", "anyone")]] {
        let mut w = crowd(150, "", fields);
        let items: String = (0..100).map(|n| format!("<item nick='u{n}' role='none'/>")).collect();
        w.send("owner", &admin(&items));
        assert_eq!(w.room.roster().len(), 51);
        // A hundred are told to themselves, and in two variants to all who are left.
        assert!(w.held_bytes < 512 << 10, "{}", w.held_bytes);
    }
}

/// What one event may hold, beside one stanza to each occupant.
const HELD_BYTES_MAX: usize = 4 << 20;

/// Lets the room go on until nothing is owed; gives how many portions that took, and the most bytes that one held.
fn settle(w: &mut World) -> (usize, usize) {
    let (mut portions, mut most) = (0, 0);
    while w.room.has_backlog() {
        w.event(&Event::Continue);
        portions += 1;
        most = most.max(w.held_bytes);
        assert!(portions < 10_000, "it never ends");
    }
    (portions, most)
}

fn form(fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| {
        let values: String = value.split(',').map(|v| format!("<value>{v}</value>")).collect();
        format!("<field var='muc#roomconfig_{var}'>{values}</field>")
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<iq xmlns='jabber:client' type='set' id='o'><query xmlns='{MUC}#owner'>\
         <x xmlns='jabber:x:data' type='submit'>{fields}</x></query></iq>"
    )
}

fn admin(items: &str) -> String {
    format!("<iq xmlns='jabber:client' type='set' id='a'><query xmlns='{MUC}#admin'>{items}</query></iq>")
}

/// The nicks of which a client was shown a presence, in order, with the real address or without.
fn shown(w: &mut World, who: &str) -> Vec<String> {
    let lines = w.got(who);
    lines
        .into_iter()
        .filter(|line| line.starts_with("available") || line.starts_with("unavailable"))
        .collect()
}

// 45-10.2.1-a, 45-10.2.1-b
#[test]
fn switch_of_whois_goes_out_in_portions_and_everybody_learns_every_address_once() {
    // Each presence is as long as it may be: shown to all, 80 of them are a hundred megabytes.
    let said = format!("<status>{}</status>", "x".repeat(15_000));
    let mut w = crowd(80, &said, &[]);
    w.send("owner", &form(&[("whois", "anyone")]));
    assert!(w.held_bytes < HELD_BYTES_MAX, "{}", w.held_bytes);
    assert!(w.room.has_backlog(), "it was too much for one event");
    let (result, told) = (w.got("owner"), w.got("u7"));
    assert!(
        result.contains(&"iq:result room".to_owned())
            && result.contains(&"message:groupchat room 104 172".to_owned())
    );
    assert!(told.contains(&"message:groupchat room 104 172".to_owned()), "the code comes at once: {told:?}");
    // Who enters now is shown the addresses as they enter, and nothing twice.
    w.join("late");
    let entered = w.got("late");
    assert_eq!(entered.iter().filter(|line| line.contains("jid=u")).count(), 80);
    // Who leaves now is not shown any more, and hears nothing.
    w.send("u79", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/u79'/>"));
    w.clear();
    let already = told.iter().filter(|line| line.contains("jid=u")).count();
    let (portions, most) = settle(&mut w);
    assert!(portions > 10 && most < HELD_BYTES_MAX, "{portions} portions, {most} bytes");
    let seen = shown(&mut w, "u7");
    let addresses = seen.iter().filter(|line| line.contains("jid=u")).count();
    assert!((78..=79).contains(&(addresses + already)), "{addresses} and {already}");
    assert!(!seen.iter().any(|line| line.contains(" u7 ")), "no occupant is shown themselves");
    assert_eq!((w.got("u79"), w.got("late")), (vec![], vec![]), "gone, and up to date");
}

// 45-10.2.1-a, 45-10.2.1-b
#[test]
fn second_switch_takes_the_place_of_the_first() {
    let said = format!("<status>{}</status>", "x".repeat(15_000));
    let mut w = crowd(60, &said, &[]);
    for _ in 0..20 {
        w.send("owner", &form(&[("whois", "anyone")]));
        w.event(&Event::Continue);
        w.clear();
        w.send("owner", &form(&[("whois", "moderators")]));
        assert_eq!(shown(&mut w, "u7").len(), 0, "what is under way goes on at its pace");
        w.event(&Event::Continue);
    }
    w.clear();
    settle(&mut w);
    let seen = shown(&mut w, "u7");
    assert!((50..=60).contains(&seen.len()), "everybody once, however often it was switched: {}", seen.len());
    assert!(!seen.iter().any(|line| line.contains("jid=")), "and as it is in the end");
}

// 45-9.1-e, 45-10.2-l
#[test]
fn many_who_are_put_out_are_out_at_once_and_the_others_hear_of_it_in_portions() {
    let mut w = crowd(200, "", &[]);
    let items: String = (0..90).map(|n| format!("<item affiliation='member' jid='u{n}@example'/>")).collect();
    w.send("owner", &admin(&items));
    settle(&mut w);
    w.clear();
    w.send("owner", &form(&[("membersonly", "1")]));
    assert!(w.held_bytes < HELD_BYTES_MAX);
    assert_eq!(w.room.roster().len(), 91);
    let own = w.got("u150").pop();
    assert_eq!(own.as_deref(), Some("unavailable u150 322 [none none jid=u150@example/pc] 110"));
    assert!(w.room.has_backlog());
    // The nick of an occupant whose leave is owed is taken: the leave comes before.
    w.admin("owner", "<item affiliation='member' jid='late@example'/>");
    w.join_as("late", "u199", "");
    let taken: Vec<_> = w.got("u7").into_iter().filter(|line| line.contains(" u199 ")).collect();
    assert_eq!(taken, ["unavailable u199 322 [none none]", "available u199 [member participant]"]);
    assert_eq!(w.got("late").iter().filter(|line| line.starts_with("unavailable")).count(), 0);
    w.clear();
    let (portions, most) = settle(&mut w);
    assert!(portions > 1 && most < HELD_BYTES_MAX, "{portions} {most}");
    assert_eq!(w.got("late"), [""; 0], "who came later knows");
    assert!(!w.got("u8").iter().any(|line| line.starts_with("available u199")));
}

// 45-9.1-e, 45-10.2-l
#[test]
fn who_is_put_out_while_addresses_are_hidden_is_not_told_by_address_when_they_are_shown_afterwards() {
    let mut w = crowd(200, "", &[]);
    let items: String = (0..90).map(|n| format!("<item affiliation='member' jid='u{n}@example'/>")).collect();
    w.send("owner", &admin(&items));
    settle(&mut w);
    w.clear();
    w.send("owner", &form(&[("membersonly", "1"), ("whois", "anyone")]));
    assert!(w.room.has_backlog());
    settle(&mut w);
    let gone = |w: &mut World, who: &str| -> Vec<String> {
        w.got(who).into_iter().filter(|line| line.starts_with("unavailable")).collect()
    };
    let (heard, owner) = (gone(&mut w, "u7"), gone(&mut w, "owner"));
    assert_eq!((heard.len(), owner.len()), (110, 110));
    assert!(heard.iter().all(|line| !line.contains("jid=")), "{heard:?}");
    assert!(owner.iter().all(|line| line.contains("jid=")), "moderators saw them");
}

/// What each message tells of the lists: from which version to which, and the items.
fn told_of_lists(w: &mut World, who: &str) -> Vec<(Option<[String; 2]>, Vec<String>)> {
    let messages = w.stanzas(who).into_iter().filter(|stanza| stanza.name() == "message");
    let read = |message: Element| {
        let x = message.get_child("x", USER)?;
        let mav = x.get_child("mav", "urn:xmpp:muc:affiliations:1");
        let versions = mav.map(|mav| ["since", "until"].map(|name| mav.attr(name).expect("both").to_owned()));
        let items = x.children().filter(|c| c.name() == "item");
        Some((versions, items.map(|item| item.attr("jid").expect("an address").to_owned()).collect()))
    };
    messages.filter_map(read).collect()
}

// 45-10.3-f, 463-4, 463-6
#[test]
fn what_one_request_changes_for_the_absent_is_told_to_all_and_costs_each_no_more_than_the_request_has() {
    let mut w = crowd(200, "", &[("whois", "anyone")]);
    w.join_as("follower", "follower", "<mav xmlns='urn:xmpp:muc:affiliations:1'/>");
    let own =
        w.stanzas("follower").into_iter().find(|s| conclave::wire::encode::element(s).contains("'110'"));
    let mav = own
        .as_ref()
        .and_then(|own| own.get_child("x", USER)?.get_child("mav", "urn:xmpp:muc:affiliations:1"));
    let mut version = mav.and_then(|mav| mav.attr("until")).expect("a version").to_owned();
    w.clear();
    // Members and bans in turn, and between them occupants that presences tell of.
    let item = |n: usize| match n % 5 {
        0 => format!("<item affiliation='member' jid='u{}@example'/>", n / 5),
        1 | 2 => format!("<item affiliation='outcast' jid='a{n}@example'/>"),
        _ => format!("<item affiliation='member' jid='a{n}@example'/>"),
    };
    let asked = admin(&(0..500).map(item).collect::<String>());
    w.send("owner", &asked);
    let (wire, sessions) = (w.wire_bytes, w.room.roster().len());
    assert!(wire < sessions * 2 * asked.len() + (2 << 20), "{wire} for {} bytes to {sessions}", asked.len());
    assert!(w.held_bytes < HELD_BYTES_MAX, "{}", w.held_bytes);
    // Who follows the lists learns of each change, in order, in a chain of versions.
    let told = told_of_lists(&mut w, "follower");
    let absent = |n: &usize| !n.is_multiple_of(5);
    let expected: Vec<String> = (0..500).filter(absent).map(|n| format!("a{n}@example")).collect();
    let heard = told.iter().flat_map(|(_, items)| items).filter(|jid| jid.starts_with('a'));
    assert_eq!(heard.collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    let shown_before = told.iter().position(|(_, items)| items.len() > 1).expect("some are told together");
    version.clone_from(&told[shown_before].0.as_ref().expect("versions")[0]);
    for (versions, _) in &told[shown_before..] {
        let [since, until] = versions.as_ref().expect("versions");
        assert_eq!(*since, version);
        version.clone_from(until);
    }
    // The others learn of those that no presence shows.
    let told = told_of_lists(&mut w, "u150");
    assert_eq!(told.into_iter().flat_map(|(_, items)| items).collect::<Vec<_>>(), expected);
    assert_eq!(w.got("owner").last().map(String::as_str), Some("iq:result room"));
    settle(&mut w);
    let seen = shown(&mut w, "u150");
    let members = seen.iter().filter(|line| line.contains("[member ")).count();
    assert!(members <= 100 && w.room.roster().len() == sessions, "{members}");
    w.clear();
    // A client that was here knows the version that there is: there is nothing to catch up with.
    w.send("follower", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/follower'/>"));
    w.clear();
    w.join_as(
        "follower",
        "follower",
        &format!("<mav xmlns='urn:xmpp:muc:affiliations:1' since='{version}'/>"),
    );
    assert_eq!(
        told_of_lists(&mut w, "follower").iter().filter(|(versions, _)| versions.is_some()).count(),
        0
    );
}

/// What an owner sends to retract what the occupant of a nick said lately.
fn retract_recent(nick: &str, reason: &str) -> String {
    format!(
        "<iq xmlns='jabber:client' type='set' id='c'><command xmlns='http://jabber.org/protocol/commands' \
         node='conclave#retract-recent' action='complete'><x xmlns='jabber:x:data' type='submit'>\
         <field var='nick'><value>{nick}</value></field><field var='reason'><value>{reason}</value></field></x></command></iq>"
    )
}

fn is_retraction(stanza: &Element) -> bool {
    stanza.get_child("retract", "urn:xmpp:message-retract:1").is_some()
}

// 425-4
#[test]
fn what_one_command_retracts_in_a_large_room_is_bounded_and_it_says_what_is_left() {
    let mut w = crowd(300, "", &[]);
    for n in 0..12 {
        w.say("u7", &format!("buy {n}"));
        w.clear();
    }
    let command = retract_recent("u7", &"r".repeat(4000));
    let mut retracted = Vec::new();
    let mut answers = Vec::new();
    while retracted.last() != Some(&0) {
        w.send("owner", &command);
        let most = (3 << 20) + 302 * (16 << 10);
        assert!(w.wire_bytes < most && w.held_bytes < HELD_BYTES_MAX, "{} {}", w.wire_bytes, w.held_bytes);
        retracted.push(w.stanzas("u9").iter().filter(|stanza| is_retraction(stanza)).count());
        answers.push(conclave::wire::encode::element(&w.stanzas("owner").pop().expect("an answer")));
        w.clear();
    }
    assert_eq!(retracted, [5, 5, 2, 0]);
    assert!(answers[0].contains("Messages retracted: 5. Older ones that were left: 7."), "{}", answers[0]);
}

// 425-4
#[test]
fn what_one_command_retracts_is_counted_as_it_is_written_with_all_that_is_escaped() {
    // Each of these takes six bytes on the wire.
    let (reason, nick) = ("&apos;".repeat(4000), "&apos;".repeat(1000));
    let mut w = crowd(10, "", &[]);
    w.join_as("owner", &nick, "");
    for n in 0..60 {
        w.say("u7", &format!("buy {n}"));
        w.clear();
    }
    w.send("owner", &retract_recent("u7", &reason));
    let told = w.stanzas("u9").iter().filter(|stanza| is_retraction(stanza)).count();
    let most = (3 << 20) + 13 * (16 << 10);
    assert!((most / 2..most).contains(&w.wire_bytes) && told > 2, "{} for {told}", w.wire_bytes);
}

// 317-4
#[test]
fn hat_of_many_is_shown_in_portions_also_to_those_who_wear_it() {
    let said = format!("<status>{}</status>", "x".repeat(15_000));
    let mut w = crowd(40, &said, &[]);
    let fields = |hat: &str| {
        format!(
            "<field var='hats#uri'><value>urn:hat</value></field><field var='hats#title'><value>{hat}</value></field>"
        )
    };
    let command = |node: &str, fields: &str| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='h'><command xmlns='http://jabber.org/protocol/commands' \
             node='urn:xmpp:hats:commands:{node}' action='complete'><x xmlns='jabber:x:data' type='submit'>{fields}</x></command></iq>"
        )
    };
    w.send("owner", &command("create", &fields("Hat")));
    for n in 0..40 {
        let who = format!("<field var='hats#jid'><value>u{n}@example</value></field>{}", fields("Hat"));
        w.send("owner", &command("assign", &who));
        w.clear();
    }
    settle(&mut w);
    w.clear();
    w.send("owner", &command("create", &fields("Cap")));
    assert!(w.held_bytes < HELD_BYTES_MAX, "{}", w.held_bytes);
    settle(&mut w);
    let seen = w.stanzas("u7");
    let capped = |s: &&Element| conclave::wire::encode::element(s).contains("title='Cap'");
    assert_eq!(seen.iter().filter(capped).count(), 40);
}

// 45-7.14-a
#[test]
fn what_is_owed_of_somebody_comes_before_what_they_do() {
    let mut w = crowd(150, "", &[("presencebroadcast", "moderator")]);
    w.clear();
    w.send("owner", &form(&[("presencebroadcast", "moderator,participant")]));
    let told = w.got("u7").iter().filter(|line| line.starts_with("available")).count();
    assert!(told < 149 && w.room.has_backlog(), "{told}");
    w.send("u99", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/u99'/>"));
    let about: Vec<_> = w.got("u7").into_iter().filter(|line| line.contains(" u99 ")).collect();
    assert_eq!(about.last().map(String::as_str), Some("unavailable u99 [none none]"));
    // The same if others do it.
    w.admin("owner", "<item nick='u98' role='none'/>");
    let about: Vec<_> = w.got("u7").into_iter().filter(|line| line.contains(" u98 ")).collect();
    assert_eq!(about, ["available u98 [none participant]", "unavailable u98 307 [none none actor=owner]"]);
    w.clear();
    settle(&mut w);
    assert!(!w.got("u7").iter().any(|line| line.contains(" u99 ") || line.contains(" u98 ")));
}

// 45-14.6-a
#[test]
fn who_is_put_out_and_not_told_of_is_told_of_after_a_restart() {
    let mut w = crowd(200, "", &[("persistentroom", "1")]);
    let store = MemoryStore::new();
    let keep = |writes: &[Write]| store.commit(writes).expect("this store always takes");
    keep(&w.writes);
    let (writes, told) = PersistedView::default().catch_up(&w.room);
    keep(&writes);
    w.writes.clear();
    w.admin("owner", "<item affiliation='member' jid='u7@example'/>");
    w.clear();
    w.send("owner", &form(&[("membersonly", "1")]));
    let heard = |w: &mut World| w.got("u7").iter().filter(|line| line.contains(" 322")).count();
    let first = heard(&mut w);
    assert!(w.room.has_backlog() && first < 199, "{first}");
    // The store is told who is out, but for those of whom the others have not been told.
    let (writes, told) = told.catch_up(&w.room);
    let out = writes.iter().filter(|w| matches!(w, Write::Occupant { value: None, .. })).count();
    assert_eq!(out, first);
    keep(&w.writes);
    keep(&writes);
    w.writes.clear();
    // They were put out while addresses were hidden, and that they are shown now is nothing to them.
    w.send("owner", &form(&[("whois", "anyone")]));
    keep(&w.writes);
    keep(&told.catch_up(&w.room).0);
    w.clear();
    // The process ends here. The next one finds those who may not be in the room.
    let jid = BareJid::parse(ROOM).expect("a jid");
    let state = store.load(&jid).expect("it reads").expect("it is stored");
    let back = Room::stored(jid.clone(), state, History::default()).with_service_admins(&w.service.admins);
    w.room = bring_back(back, store.occupants(&jid).expect("it reads")).0;
    assert_eq!(w.room.roster().len(), 2);
    w.say("u7", "here I am");
    settle(&mut w);
    let gone: Vec<_> = w.got("u7").into_iter().filter(|line| line.contains(" 322")).collect();
    assert_eq!(first + gone.len(), 199, "everybody is told of, once");
    assert!(gone.iter().all(|line| !line.contains("jid=")), "{gone:?}");
}

// 45-7.2.2-a, 45-7.2.2-b
#[test]
fn who_enters_a_large_room_is_shown_everybody_and_not_all_at_a_time() {
    let mut w = crowd(120, &format!("<status>{}</status>", "x".repeat(15_000)), &[]);
    w.join("late");
    // The others as the joiner sees them, the joiner as they see them, in two variants, and twenty thousand bytes of the joiner's own.
    assert!(w.held_bytes < 2 << 20, "{}", w.held_bytes);
    let got = w.got("late");
    let others: Vec<&String> = got.iter().filter(|line| line.starts_with("available")).collect();
    assert_eq!(others.len(), 122);
    assert!(others.last().is_some_and(|own| own.ends_with("110")), "the joiner last");
    assert!(got.last().is_some_and(|last| last.contains("subject=")), "the subject ends it");
    let mut sorted: Vec<&String> = others[..121].to_vec();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 121, "everybody once");
}

// 45-10.9-d
#[test]
fn end_of_a_large_room_is_told_to_everybody_once() {
    let mut w = crowd(200, "", &[]);
    let reason = "r".repeat(4000);
    let password = "p".repeat(4000);
    let destroy = format!("<destroy><password>{password}</password><reason>{reason}</reason></destroy>");
    w.owner("owner", &destroy);
    assert!(w.held_bytes < 3 << 19, "{}", w.held_bytes);
    for n in 0..200 {
        let got = w.stanzas(&format!("u{n}"));
        assert_eq!((got.len(), got[0].attr("type")), (1, Some("unavailable")));
    }
    let got = w.got("owner");
    assert!(got.len() == 2 && got[1] == "iq:result room", "{}", got.len());
}

// 45-9.2-c, 45-9.5-d
#[test]
fn list_that_no_stanza_has_space_for_comes_in_pages() {
    let mut w = World::with_room(&[]);
    let reason = "&".repeat(4000);
    for batch in 0..4 {
        let ban = |n| {
            format!(
                "<item affiliation='outcast' jid='b{batch}x{n:03}@example'><reason>{}</reason></item>",
                reason.replace('&', "&amp;")
            )
        };
        w.send("owner", &admin(&(0..10).map(ban).collect::<String>()));
    }
    let ask = |w: &mut World, set: &str| {
        w.clear();
        w.send(
            "owner",
            &format!(
                "<iq xmlns='jabber:client' type='get' id='l'><query xmlns='{MUC}#admin'>\
                 <item affiliation='outcast'/>{set}</query></iq>"
            ),
        );
        w.stanzas("owner").remove(0)
    };
    let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let set = format!("<set xmlns='http://jabber.org/protocol/rsm'><after>{after}</after></set>");
        let answer = ask(&mut w, if after.is_empty() { "" } else { &set });
        let bytes = conclave::wire::encode::element(&answer).len();
        assert!(bytes < 300 << 10, "a server would end the stream: {bytes}");
        let query = answer.get_child("query", &*format!("{MUC}#admin")).expect("the list");
        seen.extend(query.children().filter_map(|item| item.attr("jid").map(str::to_owned)));
        pages += 1;
        let last =
            query.get_child("set", "http://jabber.org/protocol/rsm").and_then(|set| set.children().nth(1));
        match last.map(Element::text) {
            Some(last) => after = last,
            None => break,
        }
    }
    assert!((3..6).contains(&pages), "{pages}");
    let all: Vec<String> =
        (0..4).flat_map(|batch| (0..10).map(move |n| format!("b{batch}x{n:03}@example"))).collect();
    assert_eq!(seen, all);
    // As many as are asked for, and who has enough space is told of no pages.
    let answer = ask(&mut w, "<set xmlns='http://jabber.org/protocol/rsm'><max>3</max></set>");
    assert_eq!(answer.children().next().map(|query| query.children().count()), Some(4));
    w.send("owner", &admin("<item affiliation='member' jid='m@example'/>"));
    assert_eq!(w.list("owner", "<item affiliation='member'/>"), ["iq:result room [member jid=m@example]"]);
}

// 45-10.2-l, 45-10.5-a
#[test]
fn list_that_is_too_long_for_the_form_stays_as_it_is() {
    let mut w = World::with_room(&[]);
    let domain = "d".repeat(500);
    let fields = |w: &mut World| {
        w.clear();
        w.send(
            "owner",
            &format!("<iq xmlns='jabber:client' type='get' id='f'><query xmlns='{MUC}#owner'/></iq>"),
        );
        let form = w.stanzas("owner").remove(0);
        let text = conclave::wire::encode::element(&form);
        ["admins", "owners"].map(|list| text.contains(&format!("muc#roomconfig_room{list}")))
    };
    assert_eq!(fields(&mut w), [true, true]);
    let items: String =
        (0..150).map(|n| format!("<item affiliation='admin' jid='a{n}@{domain}'/>")).collect();
    w.send("owner", &admin(&items));
    assert_eq!(fields(&mut w), [false, true]);
    w.configure("owner", &[("roomname", "Verona")]);
    assert_eq!(w.list("owner", "<item affiliation='admin'/>")[0].matches("jid=a").count(), 150);
}

/// What a client knows of the room from the presences that it got: role and real address by nick.
type Picture = BTreeMap<String, (String, bool)>;

/// Notes what came to a client.
fn look(w: &mut World, who: &str, picture: &mut Picture) {
    for line in w.got(who) {
        let mut words = line.split(' ');
        let (kind, nick) = (words.next(), words.next().unwrap_or_default().to_owned());
        let item = line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(item, _)| item);
        match (kind, item) {
            (Some("available"), Some(item)) => {
                let role = item.split(' ').nth(1).unwrap_or_default().to_owned();
                picture.insert(nick, (role, item.contains("jid=")));
            }
            (Some("unavailable"), _) if line.ends_with("110") => picture.clear(),
            (Some("unavailable"), _) => {
                assert!(
                    picture.remove(&nick).is_some(),
                    "{who} hears that {nick} goes, of whom nothing was known"
                );
            }
            _ => {}
        }
    }
}

/// What everybody should know in the end.
fn truth(w: &World, viewer: &str) -> Option<Picture> {
    let roster = w.room.roster();
    let full = crate::world::full(viewer);
    let own = roster.iter().find(|o| o.sessions.iter().any(|s| s.jid.as_str() == full))?;
    let config = &w.room.state().record.config;
    let shown = |role: Role| match role {
        Role::Moderator => config.presence_broadcast.moderator,
        Role::Participant => config.presence_broadcast.participant,
        _ => config.presence_broadcast.visitor,
    };
    let sees = own.role == Role::Moderator || config.whois == Whois::Anyone;
    let seen = roster.iter().filter(|o| shown(o.role) || o.nick == own.nick);
    Some(
        seen.map(|o| (o.nick.as_str().to_owned(), (o.role.as_str().to_owned(), sees || o.nick == own.nick)))
            .collect(),
    )
}

// 45-7.2.2-a, 45-7.14-a, 45-8.2-b, 45-10.2.1-b
#[test]
fn whatever_happens_while_something_is_owed_everybody_knows_in_the_end_how_the_room_stands() {
    const PEOPLE: u64 = 20;
    let said = format!("<status>{}</status>", "x".repeat(15_000));
    for seed in 1..=3_u64 {
        let mut state = seed;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut w = crowd(PEOPLE as usize, &said, &[]);
        let mut pictures: BTreeMap<String, Picture> = BTreeMap::new();
        for who in (0..PEOPLE).map(|n| format!("u{n}")).chain(["owner".to_owned()]) {
            pictures.insert(who.clone(), truth(&w, &who).expect("everybody is here"));
        }
        let mut owed = 0;
        for _ in 0..60 {
            let who = format!("u{}", random(PEOPLE));
            match random(10) {
                0 => drop(w.send("owner", &form(&[("whois", ["anyone", "moderators"][random(2) as usize])]))),
                1 => {
                    let roles = ["moderator", "moderator,participant", "moderator,participant,visitor"];
                    w.send("owner", &form(&[("presencebroadcast", roles[random(3) as usize])]));
                }
                2 | 3 => {
                    let role = ["visitor", "participant", "moderator"][random(3) as usize];
                    let many = (0..PEOPLE).filter(|_| random(3) == 0).map(|n| format!("u{n}"));
                    let here = many.filter(|nick| w.room.roster().iter().any(|o| o.nick.as_str() == nick));
                    let items: String =
                        here.map(|nick| format!("<item nick='{nick}' role='{role}'/>")).collect();
                    w.send("owner", &admin(&items));
                }
                4 => {
                    let items: String = (0..4)
                        .map(|_| format!("<item affiliation='outcast' jid='u{}@example'/>", random(PEOPLE)))
                        .collect();
                    w.send("owner", &admin(&items));
                }
                5 => {
                    let items: String = (0..PEOPLE)
                        .map(|n| format!("<item affiliation='none' jid='u{n}@example'/>"))
                        .collect();
                    w.send("owner", &admin(&items));
                }
                6 | 7 => {
                    let nick = format!("u{}", random(PEOPLE));
                    w.send(
                        &who,
                        &format!("<presence xmlns='jabber:client' to='{ROOM}/{nick}'><x xmlns='{MUC}'/>{said}</presence>"),
                    );
                }
                8 => drop(w.send(
                    &who,
                    &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/x'/>"),
                )),
                _ => drop(w.event(&Event::Continue)),
            }
            owed += usize::from(w.room.has_backlog());
            pictures.iter_mut().for_each(|(who, picture)| look(&mut w, who, picture));
        }
        assert!(owed > 10, "this is to test what is owed: {owed}");
        settle(&mut w);
        for (who, picture) in &mut pictures {
            look(&mut w, who, picture);
            assert_eq!(*picture, truth(&w, who).unwrap_or_default(), "seed {seed}, {who}");
        }
    }
}
