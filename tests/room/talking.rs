//! Messages to all, history, subject, private messages (XEP-0045 §7.2.13 to §7.5, §8.1).

use crate::world::{ROOM, World, full};

fn message(w: &mut World, who: &str, attributes: &str, inside: &str) {
    w.send(who, &format!("<message xmlns='jabber:client' {attributes}>{inside}</message>"));
}

fn history(w: &mut World, limits: &str) -> Vec<String> {
    w.clear();
    w.join_as("late", "late", &format!("<history {limits}/>"));
    let got: Vec<_> = w.got("late").into_iter().filter(|line| line.contains("body=")).collect();
    w.send("late", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/late'/>"));
    got.iter().map(|line| line.split("body=").nth(1).expect("body").replace(" <delay>", "")).collect()
}

fn room_of_two(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.clear();
    w
}

#[test]
fn message_reaches_everybody_with_id_language_and_extensions() {
    // 45-7.4-a, 45-7.4-c, 45-13-a, 45-17.2-d, trap 55, trap 56
    let mut w = room_of_two(&[]);
    message(
        &mut w,
        "romeo",
        "type='groupchat' id='x1' xml:lang='it'",
        "<body>ciao</body><body xml:lang='en'>hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>",
    );
    for who in ["romeo", "owner"] {
        let got = w.stanzas(who);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].attr("from"), got[0].attr("id")), (Some("r@muc.example/romeo"), Some("x1")));
        assert_eq!(conclave::wire::build::lang(&got[0]), Some("it"));
        let children: Vec<_> =
            crate::world::as_said(&got[0]).map(|c| (c.name().to_owned(), c.text())).collect();
        assert_eq!(
            children,
            [("body".into(), "ciao".into()), ("body".into(), "hi".into()), ("active".into(), String::new())]
        );
    }
}

#[test]
fn message_without_an_id_gets_one_for_all() {
    // 45-7.4-d, 45-G-h
    let mut w = room_of_two(&[]);
    message(&mut w, "romeo", "type='groupchat'", "<body>hi</body>");
    let ids = [&w.stanzas("romeo")[0], &w.stanzas("owner")[0]].map(|m| m.attr("id").map(str::to_owned));
    assert!(ids[0].is_some() && ids[0] == ids[1]);
}

#[test]
fn visitor_has_no_voice() {
    // 45-7.4-f, 45-G-c
    let mut w = room_of_two(&[("moderatedroom", "1")]);
    w.join("visitor");
    w.clear();
    w.say("visitor", "let me");
    let refused = w.stanzas("visitor");
    assert_eq!(crate::world::line(&refused[0]), "message:error room auth/forbidden");
    assert_eq!(refused[0].get_child("body", "jabber:client").map(|b| b.text()), Some("let me".to_owned()));
    assert!(w.silent());
}

#[test]
fn visitor_who_types_is_neither_heard_nor_refused() {
    // 333-1, 45-7.4-f
    const STATE: &str = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    let mut w = room_of_two(&[("moderatedroom", "1")]);
    w.join("visitor");
    w.clear();
    for beside in [
        "",
        "<no-store xmlns='urn:xmpp:hints'/>",
        "<thread>t</thread><origin-id xmlns='urn:xmpp:sid:0' id='o'/>",
    ] {
        message(&mut w, "visitor", "type='groupchat'", &format!("{STATE}{beside}"));
        assert!(w.silent(), "{beside}");
    }
    for more in ["<body/>", "<x xmlns='urn:example'/>", "<displayed xmlns='urn:xmpp:chat-markers:0' id='m'/>"]
    {
        message(&mut w, "visitor", "type='groupchat'", &format!("{STATE}{more}"));
        assert_eq!(w.got("visitor"), ["message:error room auth/forbidden"], "{more}");
    }
    message(&mut w, "owner", "type='groupchat'", STATE);
    assert_eq!(w.stanzas("visitor").len(), 1, "who has a voice is seen to type");
}

#[test]
fn stranger_cannot_speak() {
    // 45-7.4-g, 45-17.2-b
    let mut w = room_of_two(&[]);
    w.say("stranger", "hello?");
    assert_eq!(w.got("stranger"), ["message:error room modify/not-acceptable"]);
    assert!(w.silent());
}

#[test]
fn message_of_another_type_to_the_room_is_a_bad_request() {
    // 45-7.4-b, 45-17.2-a
    let mut w = room_of_two(&[]);
    for type_ in ["chat", "headline", "normal"] {
        message(&mut w, "romeo", &format!("type='{type_}'"), "<body>hi</body>");
        assert_eq!(w.got("romeo"), ["message:error room modify/bad-request"], "{type_}");
    }
}

#[test]
fn claims_of_the_room_are_taken_out_of_messages() {
    // 45-17.3-f, 359-1, 359-3, 203-1, trap 54
    let mut w = room_of_two(&[]);
    message(
        &mut w,
        "romeo",
        "type='groupchat'",
        &format!(
            "<body>hi</body><x xmlns='http://jabber.org/protocol/muc#user'><status code='301'/></x>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='f'/><stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example' id='o'/>\
         <delay xmlns='urn:xmpp:delay' from='{ROOM}' stamp='2000-01-01T00:00:00Z'/><origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
        ),
    );
    let got = w.stanzas("owner");
    assert_eq!(crate::world::line(&got[0]), "message:groupchat romeo body=hi <stanza-id> <origin-id>");
    let kept = ["stanza-id", "origin-id"]
        .map(|name| got[0].get_child(name, "urn:xmpp:sid:0").and_then(|c| c.attr("id")));
    assert_eq!(kept, [Some("o"), Some("o")]);
}

#[test]
fn history_is_sent_as_it_was_with_the_time_of_reception() {
    // 45-7.2.13-a, 45-7.2.13-c, 45-7.2.13-d, 082-1
    let mut w = room_of_two(&[]);
    message(&mut w, "romeo", "type='groupchat' id='h1'", "<body>first</body>");
    w.wait(60);
    w.join("late");
    let got = w.stanzas("late");
    let old = got.iter().find(|m| m.has_child("body", "jabber:client")).expect("history");
    let delay = old.get_child("delay", "urn:xmpp:delay").expect("delay");
    assert_eq!((old.attr("from"), old.attr("id")), (Some("r@muc.example/romeo"), Some("h1")));
    assert_eq!((delay.attr("from"), delay.attr("stamp")), (Some(ROOM), Some("2026-01-01T00:00:00.000Z")));
}

#[test]
fn client_limits_the_history() {
    // 45-7.2.14-a, 45-7.2.14-c, 45-7.2.14-d, 45-7.2.14-e, 45-7.2.14-g, trap 42
    let mut w = room_of_two(&[]);
    for body in ["1", "2", "3"] {
        w.say("romeo", body);
        w.wait(10);
    }
    assert_eq!(history(&mut w, ""), ["1", "2", "3"]);
    assert_eq!(history(&mut w, "maxstanzas='2'"), ["2", "3"]);
    assert_eq!(history(&mut w, "maxstanzas='0'"), [""; 0]);
    assert_eq!(history(&mut w, "seconds='20'"), ["2", "3"]);
    assert_eq!(history(&mut w, "since='2026-01-01T00:00:20Z'"), ["3"]);
    assert_eq!(history(&mut w, "since='1970-01-01T00:00:00Z'"), ["1", "2", "3"]);
    assert_eq!(history(&mut w, "maxstanzas='100' seconds='10'"), ["3"]);
    assert_eq!(history(&mut w, "maxchars='0'"), [""; 0]);
    assert_eq!(history(&mut w, "maxchars='9'"), [""; 0]);
    assert_eq!(history(&mut w, "maxchars='-5'"), ["1", "2", "3"]);
}

#[test]
fn maxchars_counts_whole_stanzas() {
    // 45-7.2.14-b, 45-7.2.14-f
    let mut w = room_of_two(&[]);
    w.say("romeo", "1");
    w.say("romeo", "2");
    w.join_as("late", "late", "<history maxstanzas='1'/>");
    let one = w.stanzas("late").into_iter().find(|m| m.has_child("body", "jabber:client")).expect("history");
    let chars = conclave::wire::encode::element(&one).chars().count();
    w.send("late", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/late'/>"));
    assert_eq!(history(&mut w, &format!("maxchars='{chars}'")), ["2"]);
    assert_eq!(history(&mut w, &format!("maxchars='{}'", chars - 1)), [""; 0]);
    assert_eq!(history(&mut w, &format!("maxchars='{}'", chars * 2)), ["1", "2"]);
}

#[test]
fn room_bounds_its_history() {
    // 45-7.2.14-h
    let mut w = room_of_two(&[("muc#maxhistoryfetch", "2")]);
    for body in ["1", "2", "3"] {
        w.say("romeo", body);
    }
    for limits in ["", "maxstanzas='50'", "since='1970-01-01T00:00:00Z'", "maxchars='999999'"] {
        assert_eq!(history(&mut w, limits), ["2", "3"], "{limits}");
    }
}

#[test]
fn what_should_not_be_stored_is_no_history() {
    // 334-1, 45-7.2.13-g
    let mut w = room_of_two(&[]);
    message(&mut w, "romeo", "type='groupchat'", "<body>psst</body><no-store xmlns='urn:xmpp:hints'/>");
    message(&mut w, "owner", "type='groupchat'", "<subject>S</subject>");
    message(&mut w, "romeo", "type='groupchat'", "<active xmlns='http://jabber.org/protocol/chatstates'/>");
    assert_eq!(history(&mut w, ""), [""; 0]);
}

#[test]
fn message_sent_as_old_keeps_the_delay_of_its_sender() {
    // 45-7.9-a, 45-7.2.13-c, 45-7.2.13-d
    let mut w = room_of_two(&[]);
    message(
        &mut w,
        "owner",
        "type='groupchat'",
        "<body>old</body><delay xmlns='urn:xmpp:delay' from='owner@example' stamp='2020-01-01T00:00:00Z'/>",
    );
    let delays = |stanzas: Vec<minidom::Element>| -> Vec<String> {
        let old = stanzas.into_iter().find(|m| m.has_child("body", "jabber:client")).expect("the message");
        let delays = old.children().filter(|c| c.name() == "delay");
        delays.map(|delay| delay.attr("from").unwrap_or_default().to_owned()).collect()
    };
    // The room says nothing of the time of what comes now; of what is history it always does, and first.
    assert_eq!(delays(w.stanzas("romeo")), ["owner@example"]);
    w.join("late");
    assert_eq!(delays(w.stanzas("late")), [ROOM, "owner@example"]);
}

#[test]
fn moderator_sets_the_subject_and_joiners_get_it() {
    // 45-8.1-b, 45-8.1-c, 45-8.1-d, 45-7.2.15-b, 45-7.2.15-c, trap 40, trap 41
    let mut w = room_of_two(&[]);
    message(
        &mut w,
        "owner",
        "type='groupchat' id='s'",
        "<subject>Tea</subject><subject xml:lang='de'>Tee</subject>",
    );
    for who in ["owner", "romeo"] {
        assert_eq!(w.got(who), ["message:groupchat owner subject=Tea subject=Tee"]);
    }
    w.wait(60);
    w.join("late");
    let late = w.stanzas("late").pop().expect("the subject");
    assert_eq!(crate::world::line(&late), "message:groupchat owner subject=Tea subject=Tee <delay>");
    let delay = late.get_child("delay", "urn:xmpp:delay").expect("delay");
    assert_eq!((delay.attr("from"), delay.attr("stamp")), (Some(ROOM), Some("2026-01-01T00:00:00.000Z")));
    let tags: Vec<_> = crate::world::as_said(&late).map(conclave::wire::build::lang).collect();
    assert_eq!(tags, [None, Some("de"), None]);
    // 45-8.1-f, 45-7.2.15-e: an empty one clears, and that is told with its time.
    message(&mut w, "owner", "type='groupchat'", "<subject/>");
    w.join("later");
    assert_eq!(w.got("later").last().expect("subject"), "message:groupchat owner subject= <delay>");
}

#[test]
fn message_with_a_body_or_a_thread_changes_no_subject() {
    // 45-8.1-b, trap 40
    let mut w = room_of_two(&[]);
    message(&mut w, "owner", "type='groupchat'", "<subject>S</subject><body/>");
    message(&mut w, "owner", "type='groupchat'", "<subject>S</subject><thread>t</thread>");
    w.join("late");
    assert_eq!(w.got("late").last().expect("subject"), "message:groupchat room subject=");
}

#[test]
fn participant_sets_the_subject_only_where_the_room_lets_him() {
    // 45-8.1-a, 45-8.1-e, 45-7.3-a
    let mut w = room_of_two(&[]);
    message(&mut w, "romeo", "type='groupchat'", "<subject>S</subject>");
    let refused = w.stanzas("romeo");
    assert_eq!(crate::world::line(&refused[0]), "message:error room auth/forbidden");
    assert!(refused[0].has_child("subject", "jabber:client"));
    w.configure("owner", &[("changesubject", "1")]);
    w.clear();
    message(&mut w, "romeo", "type='groupchat'", "<subject>S</subject>");
    assert_eq!(w.got("owner"), ["message:groupchat romeo subject=S"]);
}

#[test]
fn subject_that_changes_nothing_is_shown_only_of_those_who_may_set_it() {
    // 45-8.1-a, 45-8.1-b
    let mut w = room_of_two(&[]);
    let inside = "<subject>S</subject><thread>t</thread><subject xml:lang='de'>T</subject>";
    // Beside a body Profanity takes it for a change, and Converse where the body is empty.
    for body in ["", "<body>b</body>", "<body/>"] {
        for (who, subjects) in [("romeo", 0), ("owner", 2)] {
            w.clear();
            message(&mut w, who, "type='groupchat'", &format!("{body}{inside}"));
            let [heard] = &w.stanzas("owner")[..] else { panic!("one message") };
            assert_eq!(heard.children().filter(|c| c.name() == "subject").count(), subjects, "{who}");
            assert!(heard.has_child("thread", "jabber:client"));
            assert_eq!(heard.has_child("body", "jabber:client"), !body.is_empty());
        }
    }
}

#[test]
fn long_subject_is_refused() {
    // 45-7.4-i
    let language = format!("<subject xml:lang='{}'>s</subject>", "l".repeat(16_000));
    for subjects in [format!("<subject>{}</subject>", "s".repeat(16_000)), language, "<subject/>".repeat(100)]
    {
        let mut w = room_of_two(&[]);
        message(&mut w, "owner", "type='groupchat'", &subjects);
        assert_eq!(w.got("owner"), ["message:error room modify/policy-violation"], "{}", &subjects[..20]);
    }
}

#[test]
fn private_message_goes_to_all_clients_of_a_nick() {
    // 45-7.5-a, 45-7.5-b, 45-7.2.8-d, 280-1
    let mut w = room_of_two(&[]);
    w.join("owner/phone");
    w.clear();
    message(
        &mut w,
        "romeo",
        &format!("type='chat' id='p' to='{ROOM}/owner'"),
        "<body>psst</body><x xmlns='http://jabber.org/protocol/muc#user'><item/></x>",
    );
    for who in ["owner", "owner/phone"] {
        let got = w.stanzas(who);
        assert_eq!(
            (got[0].attr("type"), got[0].attr("id"), got[0].attr("from")),
            (Some("chat"), Some("p"), Some("r@muc.example/romeo"))
        );
        let x: Vec<_> = got[0].children().filter(|c| c.name() == "x").collect();
        assert_eq!((x.len(), x[0].children().count()), (1, 0));
    }
    assert!(w.silent());
}

#[test]
fn private_message_that_cannot_be_delivered_is_answered() {
    // 45-7.5-d, 45-7.5-e, 45-7.5-f, 45-17.2-b
    let mut w = room_of_two(&[]);
    for (who, attributes, answer) in [
        ("romeo", "type='groupchat' to='r@muc.example/owner'", "message:error owner modify/bad-request"),
        ("romeo", "type='chat' to='r@muc.example/nobody'", "message:error nobody cancel/item-not-found"),
        ("stranger", "type='chat' to='r@muc.example/owner'", "message:error owner cancel/not-acceptable"),
    ] {
        message(&mut w, who, attributes, "<body>psst</body>");
        assert_eq!(w.got(who), [answer]);
        assert!(w.silent());
    }
}

#[test]
fn room_says_who_may_send_private_messages() {
    // 45-7.5-c, trap 38
    for (allow, visitor, participant, moderator) in [
        ("visitor", true, true, true),
        ("participant", false, true, true),
        ("moderator", false, false, true),
        ("anyone", true, true, true),
        ("participants", false, true, true),
        ("moderators", false, false, true),
        ("none", false, false, false),
    ] {
        let mut w = room_of_two(&[("moderatedroom", "1"), ("allowpm", allow)]);
        w.admin("owner", "<item nick='romeo' role='participant'/>");
        w.join("visitor");
        for (who, allowed) in [("visitor", visitor), ("romeo", participant), ("owner", moderator)] {
            w.clear();
            message(&mut w, who, &format!("type='chat' to='{ROOM}/romeo'"), "<body>psst</body>");
            let refused = w.got(who).iter().any(|l| l == "message:error romeo auth/forbidden");
            assert_eq!(refused, !allowed, "{allow} {who}");
        }
    }
}

#[test]
fn error_is_never_answered() {
    // 45-G-f, trap 52
    let mut w = room_of_two(&[]);
    for to in [ROOM.to_owned(), format!("{ROOM}/owner"), format!("{ROOM}/nobody")] {
        message(&mut w, "stranger", &format!("type='error' to='{to}'"), "<body>x</body>");
    }
    assert!(w.silent());
}

fn ask_for_voice(w: &mut World, who: &str, fields: &str) {
    message(
        w,
        who,
        "",
        &format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>\
         <field var='muc#role'><value>participant</value></field>{fields}</x>"
        ),
    );
}

#[test]
fn visitor_asks_for_a_voice_and_a_moderator_gives_it() {
    // 45-7.13-a, 45-8.6-a, 45-8.6-b, 45-8.6-c
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    ask_for_voice(&mut w, "romeo", "");
    let asked = w.stanzas("owner");
    let fields: Vec<_> = asked[0]
        .get_child("x", "jabber:x:data")
        .expect("form")
        .children()
        .filter(|c| c.name() == "field")
        .map(|f| (f.attr("var").unwrap_or_default().to_owned(), f.text()))
        .collect();
    assert_eq!(
        fields[1..].iter().map(|f| f.0.as_str()).collect::<Vec<_>>(),
        ["muc#role", "muc#jid", "muc#roomnick", "muc#request_allow"]
    );
    assert!(w.silent(), "nobody else hears of it");

    let verdict = |allow: &str| {
        format!(
            "<field var='muc#jid'><value>romeo@example/pc</value></field><field var='muc#roomnick'><value>romeo</value></field>\
         <field var='muc#request_allow'><value>{allow}</value></field>"
        )
    };
    ask_for_voice(&mut w, "juliet", &verdict("1"));
    assert_eq!(w.got("juliet"), ["message:error room auth/forbidden"]);
    ask_for_voice(&mut w, "owner", &verdict("0"));
    assert!(w.silent());
    ask_for_voice(&mut w, "owner", &verdict("true"));
    assert_eq!(w.got("juliet"), ["available romeo [none participant actor=owner]"]);
    w.clear();
    ask_for_voice(&mut w, "romeo", "");
    assert_eq!(w.got("romeo"), ["message:error room modify/bad-request"]);
    ask_for_voice(&mut w, "stranger", "");
    assert_eq!(w.got("stranger"), ["message:error room cancel/not-acceptable"]);
}

#[test]
fn an_account_asks_for_a_voice_once_a_minute_and_a_domain_does_not_flood_the_moderators() {
    // 45-7.13-a, 45-14.6-a
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    let crowd: Vec<String> = (0..40).map(|n| format!("u{n}@crowd.example/x")).collect();
    for (n, who) in crowd.iter().enumerate() {
        w.join_as(who, &format!("u{n}"), "");
    }
    w.join("romeo");
    w.clear();
    let asks = |w: &mut World, who: &str| {
        ask_for_voice(w, who, "");
        let (refused, asked) = (w.got(who), w.stanzas("owner").len());
        assert_eq!((refused.len(), asked), if refused.is_empty() { (0, 1) } else { (1, 0) }, "{refused:?}");
        refused.is_empty()
    };
    assert!(asks(&mut w, "romeo"));
    ask_for_voice(&mut w, "romeo", "");
    assert_eq!(w.got("romeo"), ["message:error room wait/policy-violation"]);
    assert_eq!(crowd.iter().filter(|who| asks(&mut w, who)).count(), 29);
    w.join("juliet");
    w.clear();
    assert!(asks(&mut w, "juliet"), "of another domain");
    w.wait(60);
    assert!(asks(&mut w, "romeo"));
}

#[test]
fn history_has_all_that_the_message_had() {
    // 45-7.2.13-a, 45-17.2-d, trap 43, trap 55
    let mut w = room_of_two(&[]);
    let inside = "<body>one\n  two</body><e2e xmlns='urn:e'><![CDATA[<a> & b]]><none xmlns=''/></e2e>\
                  <stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example' id='o'/><p:a xmlns:p='urn:p' p:b='c'/>";
    message(&mut w, "romeo", "type='groupchat' id='h' xml:lang='it'", inside);
    let live = w.stanzas("owner").remove(0);
    w.join("late");
    let old = w.stanzas("late").into_iter().find(|m| m.has_child("body", "jabber:client")).expect("history");
    let children = |m: &minidom::Element| {
        let children = m.children().filter(|c| c.name() != "delay");
        children.map(conclave::wire::encode::element).collect::<Vec<_>>()
    };
    assert_eq!(children(&old), children(&live));
    assert_eq!((old.attr("id"), conclave::wire::build::lang(&old)), (Some("h"), Some("it")));
    let sent: minidom::Element = format!("<m xmlns='jabber:client'>{inside}</m>").parse().expect("test xml");
    let said = crate::world::as_said(&live).map(conclave::wire::encode::element).collect::<Vec<_>>();
    assert_eq!(said, children(&sent));
}

#[test]
fn archive_keeps_the_languages_of_what_was_said() {
    // 45-13-a
    let mut w = room_of_two(&[]);
    let inside = "<body>ciao</body><body xml:lang='en'>hi</body>";
    message(&mut w, "romeo", "type='groupchat' id='h' xml:lang='it'", inside);
    w.clear();
    w.send("romeo", "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    let result = w.stanzas("romeo").remove(0);
    let result = result.get_child("result", "urn:xmpp:mam:2").expect("a result");
    let forwarded = result.get_child("forwarded", "urn:xmpp:forward:0").expect("a message inside");
    let old = forwarded.get_child("message", "jabber:client").expect("the message");
    assert_eq!(conclave::wire::build::lang(old), Some("it"));
    let bodies = old.children().filter(|c| c.name() == "body").map(conclave::wire::build::lang);
    assert_eq!(bodies.collect::<Vec<_>>(), [None, Some("en")]);
}

#[test]
fn the_copy_that_tells_the_author_that_he_was_heard_leaves_last() {
    let mut world = World::with_room(&[]);
    let people = ["owner", "juliet", "mercutio", "romeo"];
    people[1..].iter().for_each(|who| world.join(who));
    for who in people {
        let effects = world
            .send(who, "<message xmlns='jabber:client' type='groupchat' id='m'><body>hark</body></message>");
        let to: Vec<_> =
            effects.sends.iter().flat_map(|sent| sent.to.iter()).map(|jid| jid.as_str()).collect();
        assert_eq!(to.len(), people.len(), "everybody once");
        assert_eq!(to.last().copied(), Some(full(who).as_str()));
        assert_eq!(people.iter().filter(|who| to.contains(&full(who).as_str())).count(), people.len());
    }
}

#[test]
fn all_copies_of_an_author_with_several_clients_leave_last_whichever_spoke_before() {
    let mut world = World::with_room(&[]);
    let clients = ["juliet", "juliet/phone", "juliet/tablet"];
    clients.iter().chain(&["romeo", "benvolio"]).for_each(|who| world.join(who));
    let clients = clients.map(full);
    for (shown, speaker) in [("juliet", "juliet/phone"), ("juliet/phone", "juliet"), ("juliet", "juliet")] {
        // Who can be sent what is known before.
        world.say("romeo", "hark");
        world.send(
            shown,
            &format!("<presence xmlns='jabber:client' to='{ROOM}/juliet'><show>away</show></presence>"),
        );
        let message = "<message xmlns='jabber:client' type='groupchat' id='m'><body>hark</body></message>";
        let effects = world.send(speaker, message);
        let to: Vec<_> =
            effects.sends.iter().flat_map(|sent| sent.to.iter()).map(|jid| jid.as_str().to_owned()).collect();
        assert_eq!(to.len(), 6, "everybody once");
        assert!(to[3..].iter().all(|jid| clients.contains(jid)), "{to:?}");
    }
}
