//! What rooms tell of themselves, and their forms.

use minidom::Element;

use super::*;
use crate::world::World;

#[test]
fn room_has_one_feature_of_each_pair_always() {
    // clients-join-a, clients-check-q
    let pairs = [
        ["muc_public", "muc_hidden"],
        ["muc_persistent", "muc_temporary"],
        ["muc_membersonly", "muc_open"],
        ["muc_moderated", "muc_unmoderated"],
        ["muc_passwordprotected", "muc_unsecured"],
        ["muc_nonanonymous", "muc_semianonymous"],
    ];
    let fields = ["publicroom", "persistentroom", "membersonly", "moderatedroom", "roomsecret", "whois"];
    for bits in 0..64_u32 {
        let on = |field: &usize| bits & (1 << *field) != 0;
        let chosen: Vec<_> = (0..6)
            .filter(on)
            .map(|i| (fields[i], if fields[i] == "whois" { "anyone" } else { "1" }))
            .collect();
        let features = features(&mut World::with_room(&chosen));
        for (i, [yes, no]) in pairs.iter().enumerate() {
            let has = |var: &str| features.iter().any(|f| f == var);
            assert_eq!((has(yes), has(no)), (on(&i), !on(&i)), "{yes} of {chosen:?}");
        }
        assert!(features.iter().any(|f| f == MUC));
    }
}

#[test]
fn room_tells_what_clients_look_for() {
    // clients-info-a, clients-info-b, clients-info-c, clients-info-d, clients-info-e
    let mut w = World::with_room(&[
        ("roomname", "Verona"),
        ("roomdesc", "fair"),
        ("lang", "it"),
        ("publicroom", "1"),
        ("changesubject", "1"),
        ("allowpm", "participants"),
    ]);
    let answer = get(&mut w, "asker", &format!("<query xmlns='{INFO}'/>"));
    let identity =
        answer.get_child("query", INFO).and_then(|q| q.get_child("identity", INFO)).expect("identity");
    assert_eq!(identity.attr("name"), Some("Verona"));
    for (var, value) in [
        ("muc#roomconfig_roomname", "Verona"),
        ("muc#roominfo_description", "fair"),
        ("muc#roominfo_lang", "it"),
        ("muc#roominfo_occupants", "1"),
        ("muc#roomconfig_changesubject", "1"),
        ("muc#roominfo_subjectmod", "1"),
        ("muc#roomconfig_allowinvites", "1"),
        ("muc#roomconfig_allowpm", "participants"),
    ] {
        assert_eq!(info(&mut w, var).as_deref(), Some(value), "{var}");
    }
    w.configure("owner", &[("membersonly", "1"), ("allowinvites", "0"), ("changesubject", "0")]);
    for var in ["muc#roomconfig_allowinvites", "muc#roomconfig_changesubject", "muc#roominfo_subjectmod"] {
        assert_eq!(info(&mut w, var).as_deref(), Some("0"), "{var}");
    }
    w.configure("owner", &[("allowinvites", "1")]);
    assert_eq!(info(&mut w, "muc#roomconfig_allowinvites").as_deref(), Some("1"));
}

#[test]
fn nothing_but_a_change_changes_what_a_room_tells() {
    // clients NEW-12
    let mut w = open();
    let told = |w: &mut World| {
        let answer = get(w, "asker", &format!("<query xmlns='{INFO}'/>"));
        conclave::wire::encode::element(&answer)
    };
    let before = told(&mut w);
    w.join("romeo");
    w.say("romeo", "hi");
    w.send("owner", &format!("<message xmlns='{CLIENT}' type='groupchat'><subject>Tea</subject></message>"));
    w.admin("owner", "<item jid='nurse@example' affiliation='member'/>");
    w.wait(100_000);
    assert_eq!(told(&mut w), before);
}

#[test]
fn registration_has_both_features_and_one_field() {
    // clients-feature-l
    let mut w = World::with_room(&[("x-muc#roomconfig_registration", "1")]);
    let features = features(&mut w);
    for var in ["jabber:iq:register", "http://jabber.org/protocol/muc#register"] {
        assert!(features.iter().any(|f| f == var), "{var}");
    }
    let answer = get(&mut w, "romeo", "<query xmlns='jabber:iq:register'/>");
    let query = answer.get_child("query", "jabber:iq:register").expect("a query");
    let required: Vec<_> = fields(query.get_child("x", DATA).expect("a form"))
        .into_iter()
        .filter(|field| field.has_child("required", DATA))
        .filter_map(|field| field.attr("var").map(str::to_owned))
        .collect();
    assert_eq!(required, ["muc#register_roomnick"]);
}

#[test]
fn form_shows_in_every_client() {
    // clients-form-a, clients-form-b, clients-form-c, clients-form-d, clients-form-e, clients-preset-b
    let form = form(&mut open());
    let field = |var: &str| {
        form.children().find(|f| f.attr("var") == Some(var)).unwrap_or_else(|| panic!("no {var}"))
    };
    for field in fields(&form) {
        let type_ = field.attr("type").expect("every field has a type");
        assert_eq!(
            field.attr("var").is_none(),
            type_ == "fixed",
            "headings, and only they, have no variable"
        );
        assert!(
            matches!(type_, "hidden" | "fixed") || field.attr("label").is_some(),
            "{:?}",
            field.attr("var")
        );
        assert!(!field.has_child("required", DATA), "{:?}", field.attr("var"));
        for option in field.children().filter(|c| c.name() == "option") {
            assert!(option.attr("label").is_some_and(|label| !label.is_empty()), "{:?}", field.attr("var"));
        }
    }
    let values = |var: &str| -> Vec<String> {
        let options = field(var).children().filter(|c| c.name() == "option");
        options.flat_map(Element::children).map(Element::text).collect()
    };
    let mut whois = values("muc#roomconfig_whois");
    whois.sort();
    assert_eq!(whois, ["anyone", "moderators"]);
    let mut allowpm = values("muc#roomconfig_allowpm");
    allowpm.sort();
    assert_eq!(allowpm, ["anyone", "moderators", "none", "participants"]);
    assert_eq!(field("muc#roomconfig_roomdesc").attr("type"), Some("text-single"));
    for var in ["persistentroom", "membersonly"] {
        assert_eq!(field(&format!("muc#roomconfig_{var}")).attr("type"), Some("boolean"));
    }
    assert_eq!(
        field("FORM_TYPE").children().map(Element::text).collect::<String>(),
        "http://jabber.org/protocol/muc#roomconfig"
    );
}

/// The fields that nearly everybody sets come first.
#[test]
fn form_begins_with_what_is_set_most() {
    // clients-form-f
    let form = form(&mut open());
    let place = |var: &str| {
        let var = format!("muc#roomconfig_{var}");
        fields(&form).iter().position(|f| f.attr("var") == Some(&var)).unwrap_or_else(|| panic!("no {var}"))
    };
    let often =
        ["roomname", "roomdesc", "persistentroom", "publicroom", "membersonly", "roomsecret", "whois"];
    let rarely = ["presencebroadcast", "getmemberlist", "enablelogging", "roomowners"];
    assert!(often.map(place).iter().max() < rarely.map(place).iter().min());
}
