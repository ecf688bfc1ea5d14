//! Tokens that invite (XEP-0488).

use conclave::room::part::Part;
use conclave::room::write::Write;
use conclave::wire::ns;
use minidom::Element;

use crate::world::{World, line};

const TOKENS: &str = "urn:xmpp:muc-token-invite:0";

fn private_room() -> World {
    World::with_room(&[("membersonly", "1"), ("persistentroom", "1")])
}

fn iq(w: &mut World, who: &str, type_: &str, payload: &str) -> Element {
    w.clear();
    w.send(who, &format!("<iq xmlns='jabber:client' type='{type_}' id='t'>{payload}</iq>"));
    w.stanzas(who).pop().expect("an answer")
}

fn request(w: &mut World, who: &str, attributes: &str) -> Element {
    iq(w, who, "set", &format!("<request xmlns='{TOKENS}' {attributes}/>"))
}

fn token(w: &mut World, who: &str, attributes: &str) -> String {
    let answer = request(w, who, attributes);
    answer.get_child("token", TOKENS).expect("a token").text()
}

/// The tokens that somebody may revoke: text, counter and delay.
fn list(w: &mut World, who: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let answer = iq(w, who, "get", &format!("<tokens xmlns='{TOKENS}'/>"));
    let tokens = answer.get_child("tokens", TOKENS).expect("tokens");
    let attr = |t: &Element, name| t.attr(name).map(str::to_owned);
    tokens.children().map(|t| (t.text(), attr(t, "counter"), attr(t, "delay"))).collect()
}

fn revoke(w: &mut World, who: &str, token: &str) -> String {
    line(&iq(w, who, "set", &format!("<revoke xmlns='{TOKENS}'>{token}</revoke>")))
}

fn enter(w: &mut World, who: &str, password: &str) -> Vec<String> {
    w.clear();
    w.join_as(who, who, &format!("<password>{password}</password>"));
    w.got(who)
}

#[test]
fn token_lets_a_stranger_in_as_a_member_for_good() {
    // 488-1, 488-2
    let mut w = private_room();
    let answer = request(&mut w, "owner", "delay='3600' counter='5'");
    let given = answer.get_child("token", TOKENS).expect("a token");
    assert_eq!((given.attr("delay"), given.attr("counter")), (Some("3600"), Some("5")));
    let token = given.text();
    assert_eq!(token.len(), 64);
    w.writes.clear();
    let got = enter(&mut w, "romeo", &token);
    assert_eq!(got[1], "available romeo [member participant jid=romeo@example/pc] 110");
    // The membership and the token that was used are durable by then.
    let stored = |w: &Write| match w {
        Write::Part { part: Part::Token(_, Some(token)), .. } => token.uses_left == Some(4),
        Write::Part { part: Part::Numbers(numbers), .. } => numbers.now == 2,
        Write::Affiliation { jid, value, .. } => jid.as_str() == "romeo@example" && value.is_some(),
        _ => false,
    };
    assert_eq!((w.writes.len(), w.writes.iter().all(stored)), (3, true));
    assert_eq!(
        w.got("owner"),
        [
            "message:normal room [member jid=romeo@example]",
            "available romeo [member participant jid=romeo@example/pc]"
        ]
    );
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    w.clear();
    w.join("romeo");
    assert_eq!(w.got("romeo").len(), 3);
}

#[test]
fn room_says_that_there_are_tokens() {
    // 488-1
    let mut w = private_room();
    let answer = iq(&mut w, "romeo", "get", &format!("<query xmlns='{}'/>", ns::DISCO_INFO));
    let query = answer.children().next().expect("a query");
    assert!(query.children().any(|c| c.attr("var") == Some(TOKENS)));
}

#[test]
fn tokens_are_for_those_who_may_invite_for_good() {
    // 488-1
    let mut w = private_room();
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.admin("owner", "<item affiliation='admin' jid='juliet@example'/>");
    assert_eq!(line(&request(&mut w, "romeo", "")), "iq:error room auth/forbidden");
    assert_eq!(line(&request(&mut w, "stranger", "")), "iq:error room auth/forbidden");
    assert_eq!(line(&request(&mut w, "juliet", "")), "iq:result room <token>");
    w.configure("owner", &[("allowinvites", "1")]);
    let by_member = token(&mut w, "romeo", "");
    // What a member gave out is worth nothing once he may not invite.
    w.configure("owner", &[("allowinvites", "0")]);
    assert_eq!(enter(&mut w, "nurse", &by_member), ["error nurse auth/not-authorized"]);
    w.configure("owner", &[("allowinvites", "1")]);
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    assert_eq!(enter(&mut w, "nurse", &by_member), ["error nurse auth/not-authorized"]);
    // A guest of an open room may invite, but makes nobody a member.
    let mut w = World::with_room(&[("allowinvites", "1")]);
    w.join("romeo");
    assert_eq!(line(&request(&mut w, "romeo", "")), "iq:error room auth/forbidden");
}

#[test]
fn token_is_used_up_by_those_without_an_affiliation_only() {
    // 488-2, 488-4
    let mut w = private_room();
    w.admin("owner", "<item affiliation='member' jid='juliet@example'/>");
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'/>");
    let token = token(&mut w, "owner", "counter='2'");
    assert_eq!(enter(&mut w, "juliet", &token).len(), 3);
    assert_eq!(enter(&mut w, "tybalt", &token), ["error tybalt auth/forbidden"]);
    // An entry that fails for another reason costs nothing.
    w.clear();
    w.join_as("romeo", "owner", &format!("<password>{token}</password>"));
    assert_eq!(w.got("romeo"), ["error owner cancel/conflict"]);
    assert_eq!(list(&mut w, "owner")[0].1.as_deref(), Some("2"));
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=juliet@example]"]
    );
    assert_eq!(enter(&mut w, "romeo", &token).len(), 4);
    assert_eq!(list(&mut w, "owner")[0].1.as_deref(), Some("1"));
    assert_eq!(enter(&mut w, "nurse", &token).len(), 5);
    assert_eq!(list(&mut w, "owner"), []);
    assert_eq!(enter(&mut w, "mercutio", &token), ["error mercutio auth/not-authorized"]);
    // Who was made a member enters again with the token that the client remembers.
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    assert_eq!(enter(&mut w, "romeo", &token).len(), 5);
}

#[test]
fn expired_token_is_told_from_no_token() {
    // 488-3
    let mut w = private_room();
    let token = token(&mut w, "owner", "delay='60'");
    w.wait(59);
    assert_eq!(list(&mut w, "owner"), [(token.clone(), None, Some("1".to_owned()))]);
    w.wait(1);
    assert_eq!(list(&mut w, "owner"), []);
    w.clear();
    w.join_as("romeo", "romeo", &format!("<password>{token}</password>"));
    let got = w.stanzas("romeo");
    assert_eq!(line(&got[0]), "error romeo auth/not-authorized");
    let error = got[0].children().find(|c| c.name() == "error").expect("an error");
    assert!(error.has_child("expired-token", TOKENS));
    assert_eq!(enter(&mut w, "romeo", "guess"), ["error romeo auth/registration-required"]);
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo auth/registration-required"]);
}

#[test]
fn nobody_gets_a_token_without_an_end_or_without_a_use() {
    // 488-1
    let mut w = private_room();
    let answer = request(&mut w, "owner", "delay='4294967295'");
    assert_eq!(answer.get_child("token", TOKENS).and_then(|t| t.attr("delay")), Some("31536000"));
    let answer = request(&mut w, "owner", "");
    let token = answer.get_child("token", TOKENS).expect("a token");
    assert_eq!((token.attr("delay"), token.attr("counter")), (Some("31536000"), None));
    for nonsense in ["delay='0'", "counter='0'", "counter='-1'", "delay='soon'", "counter='4294967296'"] {
        assert_eq!(
            line(&request(&mut w, "owner", nonsense)),
            "iq:error room modify/bad-request",
            "{nonsense}"
        );
    }
}

#[test]
fn issuers_revoke_their_own_tokens_and_moderators_all() {
    // 488-4
    let mut w = World::with_room(&[("membersonly", "1"), ("allowinvites", "1")]);
    w.admin(
        "owner",
        "<item affiliation='member' jid='romeo@example'/><item affiliation='member' jid='juliet@example'/>",
    );
    // They are told in the order in which they end.
    let by_romeo = token(&mut w, "romeo", "");
    w.wait(1);
    let by_juliet = token(&mut w, "juliet", "");
    w.wait(1);
    let by_owner = token(&mut w, "owner", "");
    let seen = |w: &mut World, who: &str| -> Vec<String> { list(w, who).into_iter().map(|t| t.0).collect() };
    assert_eq!(seen(&mut w, "romeo").concat(), by_romeo);
    assert_eq!(seen(&mut w, "owner"), [by_romeo.clone(), by_juliet.clone(), by_owner]);
    assert_eq!(revoke(&mut w, "romeo", &by_juliet), "iq:error room cancel/item-not-found");
    assert_eq!(revoke(&mut w, "romeo", "unknown"), "iq:error room cancel/item-not-found");
    assert_eq!(revoke(&mut w, "stranger", &by_juliet), "iq:error room auth/forbidden");
    let answer = iq(&mut w, "stranger", "get", &format!("<tokens xmlns='{TOKENS}'/>"));
    assert_eq!(line(&answer), "iq:error room auth/forbidden");
    assert_eq!(revoke(&mut w, "romeo", &by_romeo), "iq:result room");
    assert_eq!(revoke(&mut w, "owner", &by_juliet), "iq:result room");
    assert!(seen(&mut w, "juliet").is_empty());
    assert_eq!(enter(&mut w, "nurse", &by_juliet), ["error nurse auth/not-authorized"]);
}

#[test]
fn moderator_without_an_affiliation_sees_and_revokes_tokens_and_lets_nobody_in_by_them() {
    // 488-4
    let mut w = World::with_room(&[]);
    let secret = token(&mut w, "owner", "");
    w.join("romeo");
    w.admin("owner", "<item nick='romeo' role='moderator'/>");
    let seen: Vec<String> = list(&mut w, "romeo").into_iter().map(|t| t.0).collect();
    assert_eq!(seen.len(), 1);
    assert_ne!(seen[0], secret);
    w.admin("owner", "<item affiliation='owner' jid='owner@example'/>");
    enter(&mut w, "nurse", &seen[0]);
    let answer = iq(&mut w, "nurse", "get", &format!("<tokens xmlns='{TOKENS}'/>"));
    assert_eq!(line(&answer), "iq:error room auth/forbidden", "the name of a token makes no member");
    assert_eq!(revoke(&mut w, "romeo", &seen[0]), "iq:result room");
    assert!(list(&mut w, "owner").is_empty());
}

#[test]
fn token_takes_the_place_of_the_password_once() {
    // 488-2
    let mut w = World::with_room(&[("roomsecret", "s"), ("membersonly", "0")]);
    let token = token(&mut w, "owner", "");
    assert_eq!(enter(&mut w, "romeo", &token).len(), 3);
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    // Members give the password like everybody.
    assert_eq!(enter(&mut w, "romeo", &token), ["error romeo auth/not-authorized"]);
    assert_eq!(enter(&mut w, "romeo", "s").len(), 3);
    assert_eq!(enter(&mut w, "nurse", "s").len(), 4);
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=romeo@example]"]
    );
}

#[test]
fn number_of_tokens_is_bounded() {
    // 488-1
    let mut w = private_room();
    let first = token(&mut w, "owner", "delay='60'");
    for _ in 1..50 {
        token(&mut w, "owner", "");
    }
    assert_eq!(line(&request(&mut w, "owner", "")), "iq:error room wait/resource-constraint");
    assert_eq!(revoke(&mut w, "owner", &first), "iq:result room");
    token(&mut w, "owner", "delay='60'");
    assert_eq!(line(&request(&mut w, "owner", "")), "iq:error room wait/resource-constraint");
    w.wait(60);
    token(&mut w, "owner", "");
}
