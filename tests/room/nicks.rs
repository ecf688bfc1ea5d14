//! Nicks that could be taken for those of others (XEP-0045 §14.6, §17.1).

use conclave::room::nick::Nicks;

use crate::world::{ROOM, World, line};

/// The answer to `who`, who asks for `nick`, as one line.
fn asks_for(w: &mut World, who: &str, nick: &str) -> String {
    w.clear();
    w.join_as(who, nick, "");
    let got = w.stanzas(who);
    got.first().map(line).unwrap_or_default()
}

fn is_conflict(answer: &str) -> bool {
    answer.starts_with("error ") && answer.ends_with("cancel/conflict")
}

#[test]
fn nick_that_looks_like_somebody_elses_is_a_conflict() {
    // 45-14.6-a, 45-7.2.8-a, trap 60
    let mut w = World::with_room(&[]);
    w.service.nicks = Nicks::Any;
    w.join_as("romeo", "Paypal", "");
    for nick in ["Paypal", "раураl", "PaypaI", "Ｐаｙｐаｌ", "Pay\u{200b}pa1", "p\u{430}ypal"] {
        let answer = asks_for(&mut w, "mallory", nick);
        assert!(is_conflict(&answer), "{nick}: {answer}");
    }
    // What looks different is free, in any script and in several.
    for nick in ["Пауль", "Paypal2", "רומיאו", "Paypal شركة", "ペイパル", "Πέτρος"] {
        let answer = asks_for(&mut w, "mallory", nick);
        assert!(!answer.starts_with("error "), "{nick}: {answer}");
    }
}

#[test]
fn nick_that_looks_like_a_reserved_one_is_a_conflict_on_all_ways() {
    // 45-14.6-a, 45-7.6-e, 45-7.10-g
    let mut w = World::with_room(&[]);
    let registration = |nick: &str| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='r'><query xmlns='jabber:iq:register'>\
             <x xmlns='jabber:x:data' type='submit'><field var='muc#register_roomnick'><value>{nick}</value></field>\
             </x></query></iq>"
        )
    };
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Bill'/><item affiliation='member' jid='mallory@example'/>");
    assert!(is_conflict(&asks_for(&mut w, "mallory", "BiII")), "entering");
    w.join("mallory");
    w.clear();
    w.send("mallory", &format!("<presence xmlns='jabber:client' to='{ROOM}/Bi1l'/>"));
    assert_eq!(w.got("mallory"), ["error Bi1l cancel/conflict"], "a change of nick");
    w.send("mallory", &registration("Вill"));
    assert_eq!(w.got("mallory"), ["iq:error room cancel/conflict"], "registration");
    w.admin("owner", "<item affiliation='member' jid='mallory@example' nick='Bil1'/>");
    assert_eq!(w.got("owner"), ["iq:error room cancel/conflict"], "a reservation by an admin");
    assert!(w.silent());
}

#[test]
fn another_spelling_of_ones_own_nick_that_looks_like_anothers_is_a_conflict() {
    // 45-14.6-a, 45-7.6-e, 45-7.10-g, trap 60
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "paypal", "");
    w.join_as("mallory", "paypai", "");
    w.clear();
    w.send("mallory", &format!("<presence xmlns='jabber:client' to='{ROOM}/paypaI'/>"));
    assert_eq!(w.got("mallory"), ["error paypaI cancel/conflict"]);
    // Also where the first spelling is reserved.
    w.admin("owner", "<item affiliation='member' jid='eve@example' nick='paypai1'/><item affiliation='member' jid='bill@example' nick='paypai2'/>");
    w.join_as("juliet", "paypal2", "");
    assert!(is_conflict(&asks_for(&mut w, "bill", "paypaI2")));
    assert!(!is_conflict(&asks_for(&mut w, "bill", "paypai2")));
}

#[test]
fn ones_own_nicks_may_look_alike() {
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Bill'/>");
    // On another client, for a change, and under the reserved nick while somebody came in before it was reserved.
    assert!(!is_conflict(&asks_for(&mut w, "romeo", "Bi11")));
    assert!(!is_conflict(&asks_for(&mut w, "romeo/phone", "Bill")));
    w.clear();
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='{ROOM}/BiII'/>"));
    assert!(w.got("romeo")[0].starts_with("unavailable Bi11"));
}

#[test]
fn nick_that_turns_text_around_is_refused_whichever_way_it_comes() {
    // 45-14.6-a, 45-17.1-d
    let mut w = World::with_room(&[]);
    let nick = "\u{202e}ecila";
    assert_eq!(asks_for(&mut w, "mallory", nick), format!("error {nick} modify/jid-malformed"));
    w.join("mallory");
    w.clear();
    w.send("mallory", &format!("<presence xmlns='jabber:client' to='{ROOM}/{nick}'/>"));
    assert_eq!(w.got("mallory"), [format!("error {nick} modify/jid-malformed")]);
    w.admin("owner", &format!("<item affiliation='member' jid='mallory@example' nick='{nick}'/>"));
    assert_eq!(w.got("owner"), ["iq:error room modify/jid-malformed"]);
}

/// Asks for a change of nick, or sends the presence of a client that goes on with the nick it was set to.
fn changes_to(w: &mut World, who: &str, nick: &str) -> Vec<String> {
    w.clear();
    w.send(who, &format!("<presence xmlns='jabber:client' to='{ROOM}/{nick}'/>"));
    w.got(who)
}

#[test]
fn what_other_servers_cannot_carry_of_a_nick_is_left_out_on_entry() {
    // 45-7.2.2-f, 45-17.1-a, 45-7.2.2-g, trap 60a
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "🌙 Romeo", "");
    assert_eq!(w.got("romeo")[1], "available Romeo 210 [none participant jid=romeo@example/pc] 110");
    // The client goes on with the nick that it was set to, and enters again under it.
    assert_eq!(
        changes_to(&mut w, "romeo", "🌙 Romeo"),
        ["available Romeo [none participant jid=romeo@example/pc] 110"]
    );
    w.join_as("romeo", "🌙 Romeo", "");
    assert_eq!(w.got("romeo")[1], "available Romeo 210 [none participant jid=romeo@example/pc] 110");
    // Of this nothing is left: the account gets the same nick each time.
    w.join_as("tybalt", "🤖", "");
    let given = w.stanzas("tybalt").iter().map(line).find(|l| l.contains(" 210 ")).expect("in");
    assert!(given.starts_with("available guest-"), "{given}");
    w.send("tybalt", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/🤖'/>"));
    w.clear();
    w.join_as("tybalt", "👾", "");
    assert_eq!(w.stanzas("tybalt").iter().map(line).find(|l| l.contains(" 210 ")), Some(given));
}

#[test]
fn nick_that_other_servers_cannot_carry_is_refused_at_a_change_and_at_a_reservation() {
    // 45-7.6-g, 45-17.1-a, 45-17.1-d, trap 60a
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    assert_eq!(changes_to(&mut w, "romeo", "Montague 🤖"), ["error Montague 🤖 modify/jid-malformed"]);
    w.clear();
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='🤖'/>");
    assert_eq!(w.got("owner"), ["iq:error room modify/jid-malformed"]);
    w.send(
        "romeo",
        "<iq xmlns='jabber:client' type='set' id='r'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' \
         type='submit'><field var='muc#register_roomnick'><value>🤖</value></field></x></query></iq>",
    );
    assert_eq!(w.got("romeo"), ["iq:error room modify/jid-malformed"]);
}

#[test]
fn reserved_nick_that_other_servers_cannot_carry_is_kept_and_rewritten_on_entry() {
    // 45-7.2.2-f, 45-7.2.2-g, 45-7.10-g
    let mut w = World::with_room(&[]);
    w.service.nicks = Nicks::Any;
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='🌙 Romeo'/>");
    w.service.nicks = Nicks::Rewrite;
    w.configure("owner", &[("x-muc#roomconfig_reservednick", "1")]);
    // What is left of it is theirs as well.
    assert!(is_conflict(&asks_for(&mut w, "mallory", "romeo")));
    w.join_as("romeo", "Somebody", "");
    assert_eq!(w.got("romeo")[1], "available Romeo 210 [member participant jid=romeo@example/pc] 110");
    // An admin who sends the list back changes nothing of it.
    w.clear();
    w.admin("owner", "<item affiliation='admin' jid='romeo@example' nick='🌙 Romeo'/>");
    assert!(w.got("owner").iter().any(|l| l == "iq:result room"));
    let kept = w.room.state().affiliations.iter().find_map(|(_, a)| a.nick.clone());
    assert_eq!(kept.as_deref(), Some("🌙 Romeo"));
}

#[test]
fn nick_that_other_servers_cannot_carry_is_refused_before_it_is_said_whether_there_is_a_room() {
    // 45-17.1-a, 45-17.1-d
    for mut w in [World::new(), World::with_room(&[("membersonly", "1")])] {
        w.service.nicks = Nicks::Refuse;
        w.join_as("romeo", "🤖", "");
        let answers = w.stanzas("romeo");
        assert_eq!(line(&answers[0]), "error 🤖 modify/jid-malformed");
        let error = answers[0].children().find(|c| c.name() == "error").expect("an error");
        assert_eq!(error.attr("by"), Some(ROOM));
    }
}

#[test]
fn reserved_nick_lets_its_holder_in_also_as_every_server_carries_it() {
    // 45-17.1-a, trap 60a
    let mut w = World::with_room(&[]);
    w.join_as("ada", "M0SS", "");
    w.admin("owner", "<item affiliation='member' jid='dan@example' nick='Mo\u{17f}s'/>");
    w.clear();
    w.join_as("dan", "Mo\u{17f}s", "");
    let own = w.room.roster().iter().find(|o| o.account.as_str() == "dan@example");
    assert_eq!(own.map(|o| o.nick.as_str()), Some("Moss"), "though another looks so");
}
