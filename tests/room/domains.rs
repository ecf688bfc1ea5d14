//! An account is no domain: what one address without a local part (a gateway, a bot, a server) does, or is given, never
//! concerns all accounts of its domain.

use conclave::room::Room;
use conclave::room::history::History;
use conclave::room::state::Affiliated;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;

use crate::world::{World, line};

const REGISTER: &str = "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='muc#register_roomnick'><value>echo</value></field></x></query>";

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

/// The affiliations of the bot `bot.example` and of an account of its domain.
fn bot_and_user(w: &mut World) -> [Option<Affiliation>; 2] {
    ["bot.example", "user@bot.example"].map(|who| {
        let listed = |jid: &BareJid| w.room.state().affiliations.get(jid).map(|a| a.affiliation);
        let own = jid(who);
        listed(&own).or_else(|| listed(&jid(own.domain())))
    })
}

fn iq(w: &mut World, who: &str, payload: &str) -> String {
    w.stanzas(who);
    w.send(who, &format!("<iq xmlns='jabber:client' type='set' id='q'>{payload}</iq>"));
    w.got(who).pop().expect("an answer")
}

fn ban(w: &mut World, field: &str, value: &str) -> String {
    let payload = format!(
        "<command xmlns='http://jabber.org/protocol/commands' node='conclave#ban'><x xmlns='jabber:x:data' type='submit'>\
         <field var='{field}'><value>{value}</value></field></x></command>"
    );
    iq(w, "owner", &payload)
}

#[test]
fn invitation_makes_no_whole_domain_a_member() {
    // 45-7.8.2-d, 45-9.5-l
    let mut w = World::with_room(&[("membersonly", "1"), ("allowinvites", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.join("romeo");
    let invite = |w: &mut World, who: &str, to: &str| {
        w.clear();
        let x = format!("<x xmlns='http://jabber.org/protocol/muc#user'><invite to='{to}'/></x>");
        w.send(who, &format!("<message xmlns='jabber:client' id='i'>{x}</message>"));
    };
    for to in ["big.example", "big.example/pc"] {
        invite(&mut w, "romeo", to);
        assert_eq!(w.got("romeo"), ["message:error room modify/not-acceptable"], "{to}");
        assert!(w.silent());
    }
    w.join("x@big.example/pc");
    assert_eq!(w.got("x@big.example/pc"), ["error x@big.example auth/registration-required"]);
    // Where an admin let the domain in, the bot at its address is one of those who may be invited, by those who see that.
    w.admin("owner", "<item affiliation='member' jid='big.example'/>");
    invite(&mut w, "owner", "big.example");
    assert_eq!(w.got("big.example").len(), 1);
    invite(&mut w, "romeo", "big.example");
    assert_eq!(w.got("romeo"), ["message:error room modify/not-acceptable"]);
}

#[test]
fn sender_without_a_local_part_creates_no_room() {
    // 45-10.1.1-a
    let mut w = World::new();
    w.join_as("bot.example/res", "echo", "");
    assert_eq!(w.got("bot.example/res"), ["error echo cancel/not-allowed"]);
    w.owner("bot.example/res", "<x xmlns='jabber:x:data' type='submit'/>");
    assert_eq!(w.got("bot.example/res"), ["iq:error room cancel/not-allowed"]);
    assert!(!w.room.exists());
}

#[test]
fn bot_without_a_local_part_joins_speaks_and_is_given_a_voice_for_itself_alone() {
    // 45-7.2.1-a, 45-8.3-a
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join_as("bot.example/res", "echo", "");
    assert_eq!(w.got("bot.example/res")[1], "available echo [none visitor jid=bot.example/res] 110");
    w.admin("owner", "<item nick='echo' role='participant'/>");
    w.clear();
    w.say("bot.example/res", "hello");
    assert_eq!(w.got("owner"), ["message:groupchat echo body=hello"]);
    w.join_as("user@bot.example/pc", "user", "");
    assert!(
        w.got("user@bot.example/pc")
            .contains(&"available user [none visitor jid=user@bot.example/pc] 110".to_owned())
    );
}

#[test]
fn sender_without_a_local_part_makes_no_member_of_its_domain() {
    // 45-7.10-a, 488-2, trap 46
    let mut w = World::with_room(&[("x-muc#roomconfig_registration", "1")]);
    w.join_as("bot.example/res", "echo", "");
    assert_eq!(iq(&mut w, "bot.example/res", REGISTER), "iq:error room cancel/not-allowed");
    w.send(
        "owner",
        "<iq xmlns='jabber:client' type='set' id='t'><request xmlns='urn:xmpp:muc-token-invite:0'/></iq>",
    );
    let answer = w.stanzas("owner").pop().expect("an answer");
    let token = answer.children().next().expect("a token").text();
    w.configure("owner", &[("membersonly", "1")]);
    w.clear();
    w.join_as("bot.example/res", "echo", &format!("<password>{token}</password>"));
    assert_eq!(w.got("bot.example/res"), ["error echo modify/not-acceptable"]);
    assert_eq!(bot_and_user(&mut w), [None, None]);
}

#[test]
fn bot_does_not_end_the_membership_of_its_domain() {
    // 45-7.10-a, trap 46
    let mut w = World::with_room(&[("x-muc#roomconfig_registration", "1")]);
    w.admin("owner", "<item affiliation='member' jid='bot.example'/>");
    let remove = "<query xmlns='jabber:iq:register'><remove/></query>";
    assert!(iq(&mut w, "bot.example/res", remove).starts_with("iq:error"));
    assert_eq!(bot_and_user(&mut w), [Some(Affiliation::Member); 2]);
}

#[test]
fn nick_or_client_of_a_bot_names_no_domain() {
    // 45-9.1-a, 45-9.2-e, trap 33
    let mut w = World::with_room(&[]);
    w.join_as("bot.example/res", "echo", "");
    for (what, affiliation) in [
        ("nick='echo'", "member"),
        ("nick='echo'", "outcast"),
        ("jid='bot.example/res'", "member"),
        ("jid='bot.example/res'", "outcast"),
    ] {
        w.clear();
        w.admin("owner", &format!("<item {what} affiliation='{affiliation}'/>"));
        assert_eq!(w.got("owner"), ["iq:error room modify/not-acceptable"], "{what} {affiliation}");
    }
    assert_eq!(ban(&mut w, "nick", "echo"), "iq:error room modify/not-acceptable");
    assert_eq!(ban(&mut w, "jid", "bot.example/res"), "iq:error room modify/not-acceptable");
    assert_eq!(bot_and_user(&mut w), [None, None]);
    // Who names the domain means the domain.
    w.admin("owner", "<item jid='bot.example' affiliation='outcast'/>");
    assert_eq!(bot_and_user(&mut w), [Some(Affiliation::Outcast); 2]);
}

#[test]
fn words_of_a_bot_are_retracted_without_those_of_its_domain() {
    // 425-3
    let mut w = World::with_room(&[]);
    w.join_as("bot.example/res", "echo", "");
    w.join_as("user@bot.example/pc", "user", "");
    w.say("bot.example/res", "ding");
    w.say("user@bot.example/pc", "what was that?");
    w.clear();
    let command = "<command xmlns='http://jabber.org/protocol/commands' node='conclave#retract-recent'>\
                   <x xmlns='jabber:x:data' type='submit'><field var='nick'><value>echo</value></field></x></command>";
    w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='q'>{command}</iq>"));
    let retractions = w.stanzas("user@bot.example/pc");
    assert_eq!(retractions.len(), 1);
    assert!(retractions[0].has_child("retract", "urn:xmpp:message-retract:1"));
}

#[test]
fn domain_that_made_a_room_in_former_times_owns_it_as_one_address() {
    // 45-5.2-a
    let mut w = World::with_room(&[("persistentroom", "1")]);
    let mut state = w.room.state().clone();
    let old = (jid("bot.example"), Affiliated::new(Affiliation::Owner));
    let all = state.affiliations.iter().map(|(jid, a)| (jid.clone(), a.clone()));
    state.affiliations = all.chain([old]).collect();
    w.room = Room::stored(jid(crate::world::ROOM), state, History::default()).into();
    w.join_as("user@bot.example/pc", "user", "");
    assert_eq!(
        w.stanzas("user@bot.example/pc").last().map(line).as_deref(),
        Some("message:groupchat room subject="),
    );
    w.owner("user@bot.example/pc", "<x xmlns='jabber:x:data' type='submit'/>");
    assert_eq!(w.got("user@bot.example/pc"), ["iq:error room auth/forbidden"]);
    w.owner("bot.example/res", "<x xmlns='jabber:x:data' type='submit'/>");
    assert_eq!(w.got("bot.example/res"), ["iq:result room"]);
    // Owners take it off the list, by form as by request.
    w.configure("owner", &[("roomowners", "owner@example")]);
    assert_eq!(bot_and_user(&mut w), [None, None]);
}

#[test]
fn who_may_change_no_affiliation_learns_nothing_of_an_occupant_by_trying() {
    // 45-5.2.2-b, 45-17.4-c
    let mut w = World::with_room(&[]);
    w.join_as("bot.example/res", "echo", "");
    w.join("romeo");
    w.clear();
    for who in ["romeo", "stranger"] {
        for nick in ["echo", "owner", "nobody"] {
            w.admin(who, &format!("<item nick='{nick}' affiliation='member'/>"));
            assert_eq!(w.got(who), ["iq:error room auth/forbidden"], "{who}: {nick}");
        }
    }
}

/// A room with an owner, an admin, a member who may invite, and accounts of `evil.example` that came in on four ways.
fn room_of_one_domain(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.admin(
        "owner",
        "<item jid='admin@example' affiliation='admin'/><item jid='friend@example' affiliation='member'/>",
    );
    ["admin", "friend"].iter().for_each(|who| w.join(who));
    w
}

/// Whether an account is let in, under its own name as the nick, with a password or none.
fn enters(w: &mut World, account: &str, password: &str) -> bool {
    let who = format!("{account}/x");
    w.stanzas(&who);
    let nick = account.split('@').next().expect("a name");
    w.send(
        &who,
        &format!(
            "<presence xmlns='jabber:client' to='r@muc.example/{nick}'><x xmlns='http://jabber.org/protocol/muc'>\
             <password>{password}</password></x></presence>"
        ),
    );
    !w.got(&who).iter().any(|line| line.contains("error"))
}

#[test]
fn ban_of_a_domain_ends_the_memberships_that_no_admin_gave() {
    // 45-9.2-e, 45-9.2-c
    let mut w = room_of_one_domain(&[("x-muc#roomconfig_registration", "1"), ("allowinvites", "1")]);
    // By registration, by a token, by a member's invitation, by an admin's, and by the list.
    assert!(enters(&mut w, "registered@evil.example", ""));
    assert_eq!(iq(&mut w, "registered@evil.example/x", REGISTER), "iq:result room");
    w.configure("owner", &[("membersonly", "1")]);
    w.clear();
    w.send(
        "owner",
        "<iq xmlns='jabber:client' type='set' id='t'><request xmlns='urn:xmpp:muc-token-invite:0'/></iq>",
    );
    let answer = w.stanzas("owner").pop().expect("an answer");
    let token = answer.children().next().expect("a token").text();
    assert!(enters(&mut w, "token@evil.example", &token));
    for (by, account) in [("friend", "invited@evil.example"), ("admin", "wanted@evil.example")] {
        w.send(
            by,
            &format!(
                "<message xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='{account}'/></x></message>"
            ),
        );
        assert!(enters(&mut w, account, ""), "{account}");
    }
    w.admin("owner", "<item jid='listed@evil.example' affiliation='member'/><item jid='chief@evil.example' affiliation='admin'/>");
    // Who registers a nick besides stays what they are.
    assert!(enters(&mut w, "listed@evil.example", ""));
    assert_eq!(iq(&mut w, "listed@evil.example/x", &REGISTER.replace("echo", "other")), "iq:result room");
    let before = w.room.roster().len();
    w.clear();
    ban(&mut w, "jid", "evil.example");
    for account in ["registered@evil.example", "token@evil.example", "invited@evil.example"] {
        let gone = w.got(&format!("{account}/x"));
        assert!(gone.iter().any(|line| line.contains(" 301 ")), "{account}: {gone:?}");
        assert!(!enters(&mut w, account, &token), "{account}");
    }
    // They are on no list any more that others see.
    w.clear();
    w.send("owner", "<iq xmlns='jabber:client' type='get' id='l'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query></iq>");
    let list = w.stanzas("owner").pop().expect("a list");
    let listed: Vec<_> =
        list.children().flat_map(minidom::Element::children).filter_map(|item| item.attr("jid")).collect();
    assert_eq!(listed, ["friend@example", "listed@evil.example", "wanted@evil.example"]);
    assert_eq!(w.room.roster().len(), before - 3);
    for account in ["wanted@evil.example", "listed@evil.example", "chief@evil.example"] {
        assert!(enters(&mut w, account, ""), "{account} has what an admin gave");
    }
    // It is as before when the ban is lifted, and after an admin has put the account on the list.
    w.admin("owner", "<item jid='token@evil.example' affiliation='member'/>");
    assert!(enters(&mut w, "token@evil.example", ""));
    w.admin("owner", "<item jid='evil.example' affiliation='none'/>");
    assert!(enters(&mut w, "invited@evil.example", ""));
}

#[test]
fn nick_that_an_account_of_a_banned_domain_reserved_is_free() {
    // 45-7.10-g, 45-9.2-e
    let mut w = room_of_one_domain(&[("x-muc#roomconfig_registration", "1")]);
    assert!(enters(&mut w, "registered@evil.example", ""));
    assert_eq!(iq(&mut w, "registered@evil.example/x", REGISTER), "iq:result room");
    w.admin("owner", "<item jid='chief@evil.example' affiliation='member' nick='chief'/>");
    let wants = |w: &mut World, nick: &str| {
        w.clear();
        w.join_as("romeo", nick, "");
        let got = w.got("romeo");
        w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
        !got.iter().any(|line| line.contains("conflict"))
    };
    for nick in ["echo", "ech\u{43e}"] {
        assert!(!wants(&mut w, nick), "{nick} is reserved");
    }
    ban(&mut w, "jid", "evil.example");
    assert!(wants(&mut w, "ech\u{43e}") && wants(&mut w, "echo"), "the ban frees it");
    assert!(!wants(&mut w, "chief"), "a member by an admin is not banned with the domain");
    // Who is banned has no last word.
    let remove = "<query xmlns='jabber:iq:register'><remove/></query>";
    assert_eq!(iq(&mut w, "registered@evil.example/x", remove), "iq:error room auth/forbidden");
    // What is not registered meanwhile is theirs again when the ban is lifted.
    w.admin("owner", "<item jid='evil.example' affiliation='none'/>");
    assert!(!wants(&mut w, "echo"));
}

#[test]
fn nick_that_is_registered_during_the_ban_of_its_holder_is_the_new_holders_for_good() {
    // 45-7.10-g, 45-9.2-e
    let mut w = room_of_one_domain(&[("x-muc#roomconfig_registration", "1")]);
    for account in ["registered@evil.example", "romeo@quiet.example"] {
        assert!(enters(&mut w, account, ""));
        assert_eq!(iq(&mut w, &format!("{account}/x"), REGISTER), "iq:result room");
        ban(&mut w, "jid", "evil.example");
    }
    w.admin("owner", "<item jid='evil.example' affiliation='none'/>");
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=friend@example] [member jid=registered@evil.example] \
          [member jid=romeo@quiet.example nick=echo]"]
    );
    assert_eq!(iq(&mut w, "registered@evil.example/x", REGISTER), "iq:error room cancel/conflict");
    // A membership that no admin gave is still one.
    ban(&mut w, "jid", "evil.example");
    assert!(!enters(&mut w, "registered@evil.example", ""));
}

#[test]
fn ban_of_a_domain_tells_how_many_of_it_stay() {
    // 45-9.2-e
    let mut w = room_of_one_domain(&[]);
    w.admin("owner", "<item jid='a@evil.example' affiliation='member'/><item jid='b@evil.example' affiliation='admin'/><item jid='c@evil.example' affiliation='outcast'/><item jid='d@notevil.example' affiliation='member'/>");
    let payload = "<command xmlns='http://jabber.org/protocol/commands' node='conclave#ban'><x xmlns='jabber:x:data' type='submit'>\
         <field var='jid'><value>evil.example</value></field></x></command>";
    w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='q'>{payload}</iq>"));
    let answer = w.stanzas("owner").pop().expect("an answer");
    let command = answer.children().next().expect("a command");
    let note = command.get_child("note", "http://jabber.org/protocol/commands").expect("a note").text();
    assert_eq!(
        note,
        "evil.example is banned for good. Accounts of it that stay, because admins have put them on a list themselves: 2."
    );
}
