//! Host servers prepare addresses by one of two standards: what is one account with the one is two with the other. Rights
//! and bans are those of exactly the accounts that the host server has.

use conclave::wire::jid::{BareJid, Profile};
use conclave::wire::muc::Affiliation;
use minidom::Element;

use crate::world::{World, line};

/// A room of which `gross@example` is an owner, behind a host server of this profile.
fn room(profile: Profile) -> World {
    let mut w = World::new();
    w.service.profile = profile;
    w.join("owner");
    w.configure("owner", &[]);
    w.admin("owner", "<item jid='Gross@Example' affiliation='owner'/>");
    w.clear();
    w
}

fn recorded(w: &World, jid: &str) -> Option<Affiliation> {
    w.room.state().affiliations.get(&BareJid::parse(jid).expect("an address")).map(|a| a.affiliation)
}

/// How the room presents who enters from an address, or the error.
fn enter(w: &mut World, from: &str) -> String {
    w.clear();
    w.join_as(from, "someone", "");
    let text = |s: &Element, name: &str| s.attr(name).unwrap_or_default().to_owned();
    let own = |s: &Element| !text(s, "to").starts_with("owner@") && text(s, "from").ends_with("/someone");
    let own = w.everything().into_iter().find(own);
    line(&own.expect("an answer"))
}

#[test]
fn one_account_of_a_host_of_the_older_standard_is_one_however_it_logs_in() {
    // 45-17.1-a, 45-9.1-a, trap 87, trap 88
    for from in ["gross@example/pc", "GROSS@example/pc", "Groß@example/pc", "groß@example/pc"] {
        let mut w = room(Profile::Stringprep);
        assert!(enter(&mut w, from).contains("[owner moderator jid=gross@example/pc]"), "{from}");
        let mut w = room(Profile::Stringprep);
        w.admin("owner", "<item jid='groß@example' affiliation='outcast'/>");
        assert_eq!(recorded(&w, "gross@example"), Some(Affiliation::Outcast));
        assert_eq!(enter(&mut w, from), "error someone auth/forbidden", "{from}");
    }
}

#[test]
fn two_accounts_of_a_host_of_the_newer_standard_are_two() {
    // 45-17.1-a, 45-9.1-a, trap 87
    let mut w = room(Profile::Precis);
    assert!(enter(&mut w, "groß@example/pc").contains("[none participant jid=groß@example/pc]"));
    let mut w = room(Profile::Precis);
    assert!(enter(&mut w, "gross@example/pc").contains("[owner moderator jid=gross@example/pc]"));
    w.admin("owner", "<item jid='GROß@EXAMPLE/pc' affiliation='outcast'/>");
    assert_eq!(recorded(&w, "groß@example"), Some(Affiliation::Outcast));
    assert_eq!(recorded(&w, "gross@example"), Some(Affiliation::Owner));
    assert_eq!(enter(&mut w, "groß@example/pc"), "error someone auth/forbidden");
    // Neither does the owner's form, nor a command, mistake one for the other.
    w.configure("owner", &[("roomowners", "owner@example,gross@example"), ("roomadmins", "Größe@example")]);
    assert_eq!(recorded(&w, "größe@example"), Some(Affiliation::Admin));
    assert_eq!(recorded(&w, "gross@example"), Some(Affiliation::Owner));
    let ban = "<command xmlns='http://jabber.org/protocol/commands' node='conclave#ban'><x xmlns='jabber:x:data' type='submit'>\
               <field var='jid'><value>Fuß@example</value></field></x></command>";
    w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='c'>{ban}</iq>"));
    assert_eq!(recorded(&w, "fuß@example"), Some(Affiliation::Outcast));
    assert_eq!(recorded(&w, "fuss@example"), None);
}
