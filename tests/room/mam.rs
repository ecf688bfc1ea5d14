//! The archive as it is read (XEP-0313, XEP-0059), and the ids in it (XEP-0359).

use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::store::LocalArchive as _;
use minidom::Element;

use crate::world::{ROOM, World, line};

pub(crate) const MAM: &str = "urn:xmpp:mam:2";
const SID: &str = "urn:xmpp:sid:0";
const RSM: &str = "http://jabber.org/protocol/rsm";
const CLIENT: &str = "jabber:client";

/// An open room with Romeo in it, who has said `1`, `2` … a second apart.
pub(crate) fn room_with(messages: usize, fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    for number in 1..=messages {
        w.wait(1);
        w.say("romeo", &number.to_string());
    }
    w.clear();
    w
}

/// Sends a query; `inside` is of the form, `outside` beside it.
fn send(w: &mut World, who: &str, inside: &str, outside: &str) {
    w.clear();
    let field = |(var, values): (&str, &str)| {
        let values: String = values.split(',').map(|value| format!("<value>{value}</value>")).collect();
        format!("<field var='{var}'>{values}</field>")
    };
    let fields: String =
        inside.split_whitespace().filter_map(|word| word.split_once('=')).map(field).collect();
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>{fields}</x>"
    );
    w.send(
        who,
        &format!("<iq xmlns='{CLIENT}' type='set' id='q'><query xmlns='{MAM}' queryid='k'>{form}{outside}</query></iq>"),
    );
}

/// What a query finds.
pub(crate) struct Page {
    /// The messages with their ids in the archive, in the order in which they came.
    pub(crate) messages: Vec<(String, Element)>,
    fin: Element,
}

impl Page {
    pub(crate) fn bodies(&self) -> Vec<String> {
        let body = |(_, message): &(String, Element)| message.get_child("body", CLIENT).map(Element::text);
        self.messages.iter().filter_map(body).collect()
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.messages.iter().map(|(id, _)| id.as_str()).collect()
    }

    /// Of the paging: `first`, `last`, `count` or the `index` of the first.
    pub(crate) fn set(&self, name: &str) -> Option<String> {
        let set = self.fin.get_child("set", RSM).expect("a set");
        match name {
            "index" => set.get_child("first", RSM)?.attr("index").map(str::to_owned),
            _ => set.get_child(name, RSM).map(Element::text),
        }
    }

    pub(crate) fn complete(&self) -> bool {
        assert!(self.fin.attr("complete").is_none_or(|word| word == "true"));
        self.fin.attr("complete").is_some()
    }
}

pub(crate) fn find(w: &mut World, who: &str, inside: &str, outside: &str) -> Page {
    send(w, who, inside, outside);
    read(w.stanzas(who))
}

fn read(mut stanzas: Vec<Element>) -> Page {
    // The result comes after the last message (313-13).
    let end = stanzas.pop().expect("an answer");
    assert_eq!((end.name(), end.attr("type"), end.attr("id")), ("iq", Some("result"), Some("q")));
    let fin = end.get_child("fin", MAM).expect("an end").clone();
    let message = |stanza: Element| {
        assert_eq!((stanza.name(), stanza.attr("from")), ("message", Some(ROOM)));
        assert!(stanza.attr("id").is_some());
        let result = stanza.get_child("result", MAM).expect("a result");
        assert_eq!(result.attr("queryid"), Some("k"));
        let forwarded = result.get_child("forwarded", "urn:xmpp:forward:0").expect("forwarded");
        let message = forwarded.get_child("message", CLIENT).expect("in the namespace of clients");
        (result.attr("id").expect("an id").to_owned(), message.clone())
    };
    Page { messages: stanzas.into_iter().map(message).collect(), fin }
}

pub(crate) fn refused(w: &mut World, who: &str, inside: &str, outside: &str) -> String {
    send(w, who, inside, outside);
    let got = w.got(who);
    assert_eq!(got.len(), 1, "an error and nothing else: {got:?}");
    got.into_iter().next().expect("one").replace("iq:error room ", "")
}

pub(crate) fn paging(inside: &str) -> String {
    format!("<set xmlns='{RSM}'>{inside}</set>")
}

/// The archive answers what an event has asked it.
pub(crate) fn answer(w: &mut World, asked: &Effects) {
    let ask = asked.asks.first().expect("the archive is asked");
    let answer = w.archive.answer(&ask.archive, &ask.question).expect("it reads");
    w.event(&Event::Found(Box::new(ask.clone().answered(answer))));
}

#[test]
fn archive_has_what_was_said_in_order_under_the_ids_that_everybody_saw() {
    // 313-1, 313-2, 313-5, 313-8, 313-9, 313-12, 313-13, 359-2, 359-6, trap 57
    let mut w = room_with(0, &[]);
    // In one moment: their order is that of the room.
    w.say("romeo", "a");
    w.say("owner", "b");
    w.send("owner", "<message xmlns='jabber:client' type='groupchat'><subject>Tea</subject></message>");
    w.send("romeo", "<message xmlns='jabber:client' type='groupchat'><reactions xmlns='urn:xmpp:reactions:0' id='x'/></message>");
    w.send(
        "romeo",
        &format!("<message xmlns='jabber:client' type='chat' to='{ROOM}/owner'><body>psst</body></message>"),
    );
    w.say("stranger", "rejected");
    w.send("romeo", "<message xmlns='jabber:client' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
    let live: Vec<Element> = w.stanzas("owner");
    let ids = |stanza: &Element| {
        let ids: Vec<_> = stanza.children().filter(|c| c.is("stanza-id", SID)).collect();
        assert!(ids.len() < 2);
        ids.first().map(|id| {
            assert_eq!((id.attr("by"), id.nodes().count()), (Some(ROOM), 0));
            id.attr("id").expect("an id").to_owned()
        })
    };
    let marked: Vec<String> = live.iter().filter_map(ids).collect();
    assert_eq!((live.len(), marked.len()), (6, 4), "a private message and a chat state have no id");
    let page = find(&mut w, "romeo", "", "");
    assert_eq!(page.ids(), marked);
    assert_eq!(page.bodies(), ["a", "b"]);
    let inner: Vec<Option<String>> = page.messages.iter().map(|(_, message)| ids(message)).collect();
    assert_eq!(inner, marked.iter().cloned().map(Some).collect::<Vec<_>>());
    assert!(page.complete());
    // Who enters gets the same ids with the history.
    w.join("late");
    let history: Vec<_> =
        w.stanzas("late").iter().filter(|m| m.has_child("body", CLIENT)).filter_map(ids).collect();
    assert_eq!(history, marked[..2]);
}

#[test]
fn ids_are_long_and_none_comes_twice() {
    // 313-4, 359-4
    let mut w = room_with(30, &[]);
    let page = find(&mut w, "romeo", "", "");
    let mut ids = page.ids();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 30);
    assert!(ids.iter().all(|id| id.len() >= 30 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    // No two have more in common than chance gives.
    let alike = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    assert!(ids.windows(2).all(|pair| alike(pair[0], pair[1]) < 8), "{ids:?}");
}

#[test]
fn forwarded_message_is_the_one_that_was_sent() {
    // 313-10, 313-11, 297-1, 203-1, 082-1
    let mut w = room_with(0, &[]);
    w.send(
        "romeo",
        "<message xmlns='jabber:client' type='groupchat' id='m1'><body>hi</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/>\
         <x xmlns='http://jabber.org/protocol/muc#user'><item jid='juliet@example' affiliation='owner'/></x></message>",
    );
    send(&mut w, "stranger", "", "");
    let stanzas = w.stanzas("stranger");
    let text = conclave::wire::encode::element(&stanzas[0]);
    assert!(text.contains("<message xmlns='jabber:client' "), "{text}");
    let forwarded =
        stanzas[0].get_child("result", MAM).expect("a result").children().next().expect("forwarded");
    let delays: Vec<_> = forwarded.children().filter(|c| c.name() == "delay").collect();
    assert_eq!(delays.len(), 1);
    assert_eq!(delays[0].attr("stamp"), Some("2026-01-01T00:00:00.000Z"));
    let (_, message) = read(stanzas).messages.remove(0);
    assert_eq!(message.attr("to"), None);
    assert_eq!(
        ["from", "type", "id"].map(|name| message.attr(name)),
        [Some("r@muc.example/romeo"), Some("groupchat"), Some("m1")]
    );
    assert_eq!(line(&message), "message:groupchat romeo body=hi <origin-id>");
}

/// The real address in each message.
pub(crate) fn addresses(page: &Page) -> Vec<Option<String>> {
    let address = |(_, message): &(String, Element)| {
        let x = message.get_child("x", "http://jabber.org/protocol/muc#user")?;
        let item = x.children().next().expect("an item");
        assert_eq!(x.children().count(), 1);
        item.attr("jid").map(str::to_owned)
    };
    page.messages.iter().map(address).collect()
}

#[test]
fn real_addresses_are_for_those_who_may_see_them_now() {
    // 313-11
    let mut w = room_with(1, &[]);
    let real = [Some("romeo@example".to_owned())];
    assert_eq!(addresses(&find(&mut w, "owner", "", "")), real);
    for who in ["romeo", "stranger"] {
        assert_eq!(addresses(&find(&mut w, who, "", "")), [None], "{who}");
    }
    w.join("juliet");
    w.admin("owner", "<item nick='juliet' role='moderator'/>");
    assert_eq!(addresses(&find(&mut w, "juliet", "", "")), real);
    w.admin("owner", "<item nick='juliet' role='participant'/>");
    assert_eq!(addresses(&find(&mut w, "juliet", "", "")), [None]);
    w.configure("owner", &[("whois", "anyone")]);
    w.say("romeo", "2");
    let now = [None, Some("romeo@example".to_owned())];
    for who in ["juliet", "stranger"] {
        assert_eq!(addresses(&find(&mut w, who, "", "")), now, "{who}");
    }
    assert_eq!(addresses(&find(&mut w, "owner", "", "")), [real.clone(), real.clone()].concat());
    // What a room hides, it hides of all that was ever said.
    w.configure("owner", &[("whois", "moderators")]);
    assert_eq!(addresses(&find(&mut w, "juliet", "", "")), [None, None]);
    assert_eq!(addresses(&find(&mut w, "owner", "", "")), [real.clone(), real].concat());
}

#[test]
fn who_may_enter_now_may_read() {
    // 313-7
    let mut w = room_with(2, &[]);
    assert_eq!(find(&mut w, "stranger", "", "").bodies(), ["1", "2"], "an open room is open");
    w.configure("owner", &[("membersonly", "1")]);
    for who in ["stranger", "romeo"] {
        assert_eq!(refused(&mut w, who, "", ""), "auth/forbidden", "{who} is no member");
    }
    w.admin("owner", "<item jid='stranger@example' affiliation='member'/>");
    assert_eq!(find(&mut w, "stranger", "", "").bodies().len(), 2, "a member need not be present");
    w.configure("owner", &[("membersonly", "0"), ("roomsecret", "s")]);
    assert_eq!(refused(&mut w, "juliet", "", ""), "auth/forbidden", "who does not know the password");
    assert_eq!(find(&mut w, "stranger", "", "").bodies().len(), 2, "a member");
    w.join_as("juliet", "juliet", "<password>s</password>");
    assert_eq!(find(&mut w, "juliet", "", "").bodies().len(), 2, "who has entered");
    w.admin("owner", "<item jid='juliet@example' affiliation='outcast'/>");
    w.configure("owner", &[("roomsecret", "")]);
    assert_eq!(refused(&mut w, "juliet", "", ""), "auth/forbidden", "who is banned");
    assert_eq!(find(&mut w, "owner", "", "").bodies().len(), 2);
}

#[test]
fn whoever_may_not_read_gets_neither_form_nor_ends_nor_messages() {
    // 313-7
    let mut w = room_with(2, &[("membersonly", "1")]);
    for payload in ["<query xmlns='urn:xmpp:mam:2'/>", "<metadata xmlns='urn:xmpp:mam:2'/>"] {
        w.send("stranger", &format!("<iq xmlns='jabber:client' type='get' id='q'>{payload}</iq>"));
        assert_eq!(w.got("stranger"), ["iq:error room auth/forbidden"]);
    }
    let mut absent = World::new();
    assert_eq!(refused(&mut absent, "stranger", "", ""), "cancel/item-not-found");
}

#[test]
fn ban_closes_the_archive_while_the_answer_is_on_its_way() {
    // 313-7, trap 58
    for lost in [
        "<item jid='romeo@example' affiliation='outcast'/>",
        "<item jid='romeo@example' affiliation='none'/>",
    ] {
        let mut w = World::with_room(&[("membersonly", "1")]);
        w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
        w.join("romeo");
        w.say("romeo", "secret");
        let asked = w.send(
            "romeo",
            &format!("<iq xmlns='jabber:client' type='set' id='q'><query xmlns='{MAM}' queryid='k'/></iq>"),
        );
        assert_eq!(read(w.stanzas("romeo").split_off(4)).bodies(), ["secret"]);
        w.admin("owner", lost);
        w.clear();
        answer(&mut w, &asked);
        assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
        assert!(w.silent());
    }
}

#[test]
fn form_shows_the_fields_and_requires_none() {
    // 313-15, 313-17, 313-21, clients-form-a
    let mut w = room_with(0, &[]);
    w.send("stranger", &format!("<iq xmlns='jabber:client' type='get' id='q'><query xmlns='{MAM}'/></iq>"));
    let answer = w.stanzas("stranger").pop().expect("an answer");
    let form =
        answer.get_child("query", MAM).and_then(|q| q.get_child("x", "jabber:x:data")).expect("a form");
    assert_eq!(form.attr("type"), Some("form"));
    let fields: Vec<_> = form
        .children()
        .map(|f| format!("{} {}", f.attr("var").unwrap_or_default(), f.attr("type").unwrap_or_default()))
        .collect();
    assert_eq!(
        fields,
        [
            "FORM_TYPE hidden",
            "with jid-single",
            "start text-single",
            "end text-single",
            "before-id text-single",
            "after-id text-single",
            "ids list-multi",
        ]
    );
    let text = conclave::wire::encode::element(form);
    assert!(!text.contains("<required"));
    assert!(text.contains("<validate xmlns='http://jabber.org/protocol/xdata-validate'"), "{text}");
    assert!(text.contains("<open/></validate></field>"), "{text}");
}

#[test]
fn room_tells_that_it_has_an_archive() {
    // 313-23, 359-5, clients-feature-a
    let features = |w: &mut World| {
        w.clear();
        w.send("stranger", "<iq xmlns='jabber:client' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        conclave::wire::encode::element(&w.stanzas("stranger").pop().expect("an answer"))
    };
    let mut w = room_with(0, &[]);
    for var in [MAM, "urn:xmpp:mam:2#extended", SID] {
        assert!(features(&mut w).contains(&format!("<feature var='{var}'/>")), "{var}");
    }
    w.configure("owner", &[("muc#roomconfig_enablearchiving", "0")]);
    assert!(!features(&mut w).contains(MAM));
}

#[test]
fn archive_can_be_switched_off_for_a_room() {
    // 313-24, 359-6
    let mut w = room_with(1, &[]);
    w.configure("owner", &[("muc#roomconfig_enablearchiving", "0")]);
    w.say("romeo", "off the record");
    assert_eq!(refused(&mut w, "romeo", "", ""), "cancel/service-unavailable");
    for payload in ["<query xmlns='urn:xmpp:mam:2'/>", "<metadata xmlns='urn:xmpp:mam:2'/>"] {
        w.send("romeo", &format!("<iq xmlns='jabber:client' type='get' id='q'>{payload}</iq>"));
        assert_eq!(w.got("romeo"), ["iq:error room cancel/service-unavailable"]);
    }
    w.configure("owner", &[("mam", "1")]);
    w.say("romeo", "on again");
    assert_eq!(find(&mut w, "romeo", "", "").bodies(), ["1", "on again"]);
}

#[test]
fn hints_of_the_sender_are_kept_to() {
    // 334-1, 313-8, trap 57
    let mut w = room_with(0, &[]);
    let say = |w: &mut World, inside: &str| {
        w.send("romeo", &format!("<message xmlns='jabber:client' type='groupchat'>{inside}</message>"));
        w.stanzas("owner").pop().expect("it is sent to all")
    };
    for hint in ["no-store", "no-permanent-store"] {
        let live = say(&mut w, &format!("<body>{hint}</body><{hint} xmlns='urn:xmpp:hints'/>"));
        assert!(live.has_child("stanza-id", SID), "moderators can name it");
    }
    let live = say(&mut w, "<thing xmlns='urn:example:thing'/>");
    assert!(live.has_child("stanza-id", SID));
    for silent in [
        "<composing xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/>",
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='m'/><origin-id xmlns='urn:xmpp:sid:0' id='o'/>",
        "<received xmlns='urn:xmpp:receipts' id='m'/><thread>t</thread>",
    ] {
        let live = say(&mut w, silent);
        let given = live.children().any(|c| c.is("stanza-id", SID));
        assert!(!given, "clients would take it for the last place in the archive: {silent}");
    }
    let live = say(&mut w, "<thing xmlns='urn:example:thing'/><store xmlns='urn:xmpp:hints'/>");
    let page = find(&mut w, "romeo", "", "");
    assert_eq!(page.ids(), [live.get_child("stanza-id", SID).and_then(|id| id.attr("id")).expect("an id")]);
    w.join("late");
    assert!(w.stanzas("late").iter().all(|m| !m.has_child("body", CLIENT)), "nor is it shown to who enters");
}

#[test]
fn times_are_inclusive_and_read_in_any_offset() {
    // 313-15, 082-1
    let mut w = room_with(5, &[]);
    for (fields, expected) in [
        ("start=2026-01-01T00:00:03Z", "345"),
        ("end=2026-01-01T00:00:03Z", "123"),
        ("start=2026-01-01T00:00:02Z end=2026-01-01T00:00:04Z", "234"),
        ("start=2026-01-01T00:00:02.5Z", "345"),
        ("start=2026-01-01T02:00:04.000+02:00", "45"),
        ("start=2027-01-01T00:00:00Z", ""),
    ] {
        assert_eq!(find(&mut w, "romeo", fields, "").bodies().concat(), expected, "{fields}");
    }
    assert_eq!(refused(&mut w, "romeo", "start=yesterday", ""), "modify/bad-request");
}

#[test]
fn stamp_of_a_message_finds_it_as_start_and_as_end() {
    // 313-15: within one millisecond too
    let mut w = room_with(0, &[]);
    for body in ["a", "b", "c"] {
        w.say("romeo", body);
    }
    for fields in ["start=2026-01-01T00:00:00.000Z", "end=2026-01-01T00:00:00.000Z"] {
        assert_eq!(find(&mut w, "romeo", fields, "").bodies(), ["a", "b", "c"], "{fields}");
    }
}

#[test]
fn ids_limit_what_is_found() {
    // 313-17, 313-19
    let mut w = room_with(6, &[]);
    let page = find(&mut w, "romeo", "", "");
    let ids = page.ids();
    for (fields, expected) in [
        (format!("after-id={}", ids[2]), "456"),
        (format!("before-id={}", ids[2]), "12"),
        (format!("after-id={} before-id={}", ids[0], ids[4]), "234"),
        (format!("ids={},{}", ids[4], ids[1]), "25"),
        (format!("after-id={} end=2026-01-01T00:00:05Z", ids[2]), "45"),
    ] {
        let found = find(&mut w, "romeo", &fields, "");
        assert_eq!(found.bodies().concat(), expected, "{fields}");
        assert!(found.complete());
    }
    for fields in
        ["after-id=nothing".to_owned(), "before-id=nothing".to_owned(), format!("ids={},nothing", ids[0])]
    {
        assert_eq!(refused(&mut w, "romeo", &fields, ""), "cancel/item-not-found", "{fields}");
    }
    let many = vec!["x"; 501].join(",");
    assert_eq!(refused(&mut w, "romeo", &format!("ids={many}"), ""), "modify/policy-violation");
}

#[test]
fn pages_forward_and_backward_meet_every_message_once() {
    // 313-14, 313-18, 059-1, 059-2, clients NEW-13, clients-page-c
    let mut w = room_with(10, &[]);
    let mut forward = Vec::new();
    let mut place = String::new();
    for index in [0, 4, 8] {
        let page = find(&mut w, "romeo", "", &paging(&format!("<max>4</max>{place}")));
        forward.push(page.bodies().concat());
        assert_eq!(page.set("count").as_deref(), Some("10"));
        assert_eq!(page.set("index"), Some(index.to_string()));
        assert_eq!(
            [page.set("first"), page.set("last")],
            [page.ids()[0], page.ids()[page.ids().len() - 1]].map(|id| Some(id.to_owned()))
        );
        assert_eq!(page.complete(), index == 8);
        place = format!("<after>{}</after>", page.set("last").expect("a last one"));
    }
    assert_eq!(forward, ["1234", "5678", "910"]);
    let mut backward = Vec::new();
    let mut place = "<before/>".to_owned();
    for index in [6, 2, 0] {
        let page = find(&mut w, "romeo", "", &paging(&format!("<max>4</max>{place}")));
        backward.push(page.bodies().concat());
        assert_eq!(page.set("index"), None, "which would end the paging of some clients");
        assert_eq!(page.complete(), index == 0);
        place = format!("<before>{}</before>", page.set("first").expect("a first one"));
    }
    assert_eq!(backward, ["78910", "3456", "12"]);
}

#[test]
fn page_that_ends_with_the_archive_is_complete() {
    // 313-14, trap 58
    let mut w = room_with(8, &[]);
    let first = find(&mut w, "romeo", "", &paging("<max>4</max>"));
    assert!(!first.complete());
    let rest = find(&mut w, "romeo", "", &paging(&format!("<max>4</max><after>{}</after>", first.ids()[3])));
    assert_eq!((rest.bodies().concat().as_str(), rest.complete()), ("5678", true));
    let nothing =
        find(&mut w, "romeo", "", &paging(&format!("<max>4</max><after>{}</after>", rest.ids()[3])));
    assert!(nothing.messages.is_empty() && nothing.complete());
    assert_eq!([nothing.set("first"), nothing.set("last")], [None, None]);
    assert_eq!(nothing.set("count").as_deref(), Some("8"));
}

#[test]
fn page_of_nothing_tells_the_count() {
    // 059-1, 313-18
    let mut w = room_with(3, &[]);
    let page = find(&mut w, "romeo", "", &paging("<max>0</max>"));
    assert!(page.messages.is_empty() && !page.complete());
    assert_eq!([page.set("count"), page.set("first"), page.set("last")], [Some("3".to_owned()), None, None]);
    let filtered = find(&mut w, "romeo", "start=2026-01-01T00:00:02Z", &paging("<max>0</max>"));
    assert_eq!(filtered.set("count").as_deref(), Some("2"));
}

#[test]
fn page_is_bounded_whatever_is_asked_for() {
    // 313-22, clients-page-a
    let mut w = room_with(0, &[]);
    for _ in 0..510 {
        w.say("romeo", "x");
    }
    for (set, expected) in
        [(String::new(), 50), (paging("<max>10000</max>"), 500), (paging("<max>200</max>"), 200)]
    {
        let page = find(&mut w, "romeo", "", &set);
        assert_eq!((page.messages.len(), page.complete()), (expected, false));
        assert_eq!(page.set("count").as_deref(), Some("510"));
    }
}

#[test]
fn unknown_id_of_a_page_is_not_found() {
    // 313-19, 059-2, trap 58, clients-page-b
    let mut w = room_with(3, &[]);
    for place in ["<after>nothing</after>", "<before>nothing</before>"] {
        assert_eq!(refused(&mut w, "romeo", "", &paging(place)), "cancel/item-not-found");
    }
    // What was dropped because of its age is not there either.
    let page = find(&mut w, "romeo", "", "");
    let archive = w.room.state().record.archive.clone();
    w.archive.purge(&archive, time("2026-01-01T00:00:02Z"), 100, 100).expect("purged");
    assert_eq!(
        refused(&mut w, "romeo", "", &paging(&format!("<after>{}</after>", page.ids()[0]))),
        "cancel/item-not-found"
    );
    let left = find(&mut w, "romeo", "", "");
    // 313-6
    assert_eq!((left.bodies().concat().as_str(), left.set("count").as_deref()), ("23", Some("2")));
    assert_eq!(left.ids(), page.ids()[1..]);
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().expect("a time")
}

#[test]
fn flipped_page_is_the_same_page_backwards() {
    // 313-17, 313-18, trap 58
    let mut w = room_with(6, &[]);
    let flip = format!("{}<flip-page/>", paging("<max>3</max><before/>"));
    let page = find(&mut w, "romeo", "", &flip);
    assert_eq!(page.bodies(), ["6", "5", "4"]);
    let plain = find(&mut w, "romeo", "", &paging("<max>3</max><before/>"));
    assert_eq!(plain.bodies(), ["4", "5", "6"]);
    // Paging goes on from the oldest and the newest of the page, however it was shown.
    for name in ["first", "last", "index", "count"] {
        assert_eq!(page.set(name), plain.set(name), "{name}");
    }
    assert_eq!(page.set("first").as_deref(), Some(page.ids()[2]));
}

#[test]
fn unknown_fields_are_refused_and_a_missing_form_is_not() {
    // 313-20, trap 58, 004-1
    let mut w = room_with(1, &[]);
    assert_eq!(refused(&mut w, "romeo", "{urn:example}colour=blue", ""), "cancel/feature-not-implemented");
    w.send(
        "romeo",
        &format!("<iq xmlns='jabber:client' type='set' id='q'><query xmlns='{MAM}' queryid='k'/></iq>"),
    );
    assert_eq!(read(w.stanzas("romeo")).bodies(), ["1"]);
    w.send("romeo", &format!(
        "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='{MAM}'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>urn:other</value></field></x></query></iq>"
    ));
    assert_eq!(w.got("romeo"), ["iq:error room modify/bad-request"]);
}

#[test]
fn query_without_an_id_is_answered_without_one() {
    // 313-12
    let mut w = room_with(1, &[]);
    w.send("romeo", &format!("<iq xmlns='jabber:client' type='set' id='q'><query xmlns='{MAM}'/></iq>"));
    let got = w.stanzas("romeo");
    assert_eq!(got[0].get_child("result", MAM).expect("a result").attr("queryid"), None);
}

#[test]
fn messages_of_one_occupant_are_found_by_nick() {
    // 313-16
    let mut w = room_with(2, &[]);
    w.say("owner", "mine");
    for who in ["romeo", "stranger", "owner"] {
        assert_eq!(find(&mut w, who, "with=r@muc.example/romeo", "").bodies(), ["1", "2"]);
        assert_eq!(find(&mut w, who, "with=r@muc.example/owner", "").bodies(), ["mine"]);
        assert!(find(&mut w, who, "with=r@muc.example/nobody", "").messages.is_empty());
        // Everything in the room was said in the room.
        assert_eq!(find(&mut w, who, "with=r@muc.example", "").bodies().len(), 3);
    }
    assert_eq!(refused(&mut w, "romeo", "with=@@", ""), "modify/jid-malformed");
}

#[test]
fn ends_of_the_archive_are_told() {
    // 313-17
    let mut w = room_with(0, &[]);
    let metadata = |w: &mut World| {
        w.clear();
        w.send(
            "stranger",
            &format!("<iq xmlns='jabber:client' type='get' id='q'><metadata xmlns='{MAM}'/></iq>"),
        );
        let answer = w.stanzas("stranger").pop().expect("an answer");
        answer.get_child("metadata", MAM).expect("metadata").clone()
    };
    assert_eq!(metadata(&mut w).children().count(), 0);
    for body in ["a", "b", "c"] {
        w.wait(1);
        w.say("romeo", body);
    }
    let page = find(&mut w, "romeo", "", "");
    let told = metadata(&mut w);
    for (name, id, second) in [("start", page.ids()[0], 1), ("end", page.ids()[2], 3)] {
        let end = told.get_child(name, MAM).expect(name);
        assert_eq!(end.attr("id"), Some(id));
        assert_eq!(end.attr("timestamp"), Some(format!("2026-01-01T00:00:0{second}.000Z").as_str()));
    }
}

#[test]
fn archive_of_a_destroyed_room_is_not_that_of_the_next_one() {
    // 313-7, trap 50
    let mut w = room_with(2, &[]);
    w.owner("owner", "<destroy/>");
    assert_eq!(refused(&mut w, "romeo", "", ""), "cancel/item-not-found");
    w.join("owner");
    w.configure("owner", &[]);
    assert!(find(&mut w, "romeo", "", "").messages.is_empty());
}

#[test]
fn whoever_is_shown_an_id_may_look_it_up() {
    // 313-3
    for fields in [&[][..], &[("membersonly", "1")], &[("roomsecret", "s")], &[("moderatedroom", "1")]] {
        let mut w = World::with_room(fields);
        w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
        for who in ["romeo", "juliet", "mallory"] {
            w.join_as(who, who, "<password>s</password>");
        }
        w.admin("owner", "<item jid='mallory@example' affiliation='outcast'/>");
        w.clear();
        w.say("owner", "hi");
        w.send(
            "owner",
            &format!("<message xmlns='{CLIENT}' type='chat' to='{ROOM}/romeo'><body>psst</body></message>"),
        );
        let marked = |s: &Element| s.children().any(|c| c.is("stanza-id", SID) && c.attr("by") == Some(ROOM));
        let shown = ["owner", "romeo", "juliet", "mallory"].map(|who| (who, w.stanzas(who)));
        for (who, stanzas) in shown {
            assert!(
                stanzas.iter().filter(|s| s.attr("type") != Some("groupchat")).all(|s| !marked(s)),
                "{who}"
            );
            if stanzas.iter().any(marked) {
                assert_eq!(find(&mut w, who, "", "").bodies(), ["hi"], "{who}: {fields:?}");
            } else {
                assert_eq!(refused(&mut w, who, "", ""), "auth/forbidden", "{who}: {fields:?}");
            }
        }
    }
}

#[test]
fn id_of_a_query_is_in_each_result_and_so_it_is_bounded() {
    // 313-12, 45-14.6-a
    let mut w = World::with_room(&[]);
    w.join("romeo");
    for n in 0..100 {
        w.say("romeo", &format!("number {n}"));
    }
    let mut query = |bytes: usize| {
        w.clear();
        let id = "q".repeat(bytes);
        w.send(
            "romeo",
            &format!(
                "<iq xmlns='jabber:client' type='set' id='i'><query xmlns='{MAM}' queryid='{id}'/></iq>"
            ),
        );
        w.got("romeo")
    };
    assert!(query(1024).len() > 1);
    assert_eq!(query(1025), ["iq:error room modify/policy-violation"]);
}
