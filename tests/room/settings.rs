//! The configuration form as people see it, and what a new room becomes by it (XEP-0045 §10.1, §10.2).

use conclave::wire::ns;
use minidom::Element;

use crate::world::{World, line};

fn form_in(w: &mut World, who: &str, lang: &str) -> Element {
    w.clear();
    let lang = if lang.is_empty() { String::new() } else { format!(" xml:lang='{lang}'") };
    let query = format!("<query xmlns='{}'/>", ns::MUC_OWNER);
    w.send(who, &format!("<iq xmlns='jabber:client' type='get' id='f'{lang}>{query}</iq>"));
    let answer = w.stanzas(who).pop().expect("an answer");
    let query = answer.get_child("query", ns::MUC_OWNER).expect("a query");
    query.get_child("x", ns::DATA).expect("a form").clone()
}

fn texts(parent: &Element, name: &str) -> Vec<String> {
    parent.children().filter(|c| c.name() == name).map(Element::text).collect()
}

fn field<'f>(form: &'f Element, var: &str) -> Option<&'f Element> {
    form.children().find(|c| c.attr("var") == Some(var))
}

fn values(form: &Element, var: &str) -> Vec<String> {
    texts(field(form, var).expect("the field"), "value")
}

/// What is said between the fields, in order.
fn headings(form: &Element) -> Vec<String> {
    form.children().filter(|c| c.attr("type") == Some("fixed")).flat_map(|c| texts(c, "value")).collect()
}

/// All fields as a client sends them back that shows them and changes nothing.
fn as_shown(form: &Element) -> String {
    let said = form.children().filter(|c| c.name() == "field" && c.attr("type") != Some("fixed"));
    let said = said.map(|field| {
        let values = texts(field, "value").iter().map(|v| format!("<value>{v}</value>")).collect::<String>();
        format!("<field var='{}'>{values}</field>", field.attr("var").expect("a name"))
    });
    format!("<x xmlns='jabber:x:data' type='submit'>{}</x>", said.collect::<String>())
}

#[test]
fn the_form_has_headings_hints_and_instructions_and_begins_with_what_the_room_is() {
    // 45-10.1.3-a, clients-form-f
    let mut w = World::with_room(&[]);
    let form = form_in(&mut w, "owner", "");
    assert_eq!(texts(&form, "title"), ["Settings of r"]);
    assert_eq!(texts(&form, "instructions").len(), 1);
    let all = headings(&form);
    let sections = ["About the room", "Who may enter", "Who may speak", "Who sees what", "History"];
    let places: Vec<_> =
        sections.iter().map(|s| all.iter().position(|h| h == s).expect("the heading")).collect();
    assert!(places.is_sorted(), "{all:?}");
    let vars: Vec<_> = form.children().filter_map(|c| c.attr("var")).collect();
    assert_eq!(&vars[1..4], ["muc#roomconfig_roomname", "muc#roomconfig_roomdesc", "muc#roomconfig_lang"]);
    let moderated = field(&form, "muc#roomconfig_moderatedroom").expect("the field");
    assert!(moderated.attr("label").is_some_and(|label| label.starts_with("Moderated: ")));
    let days = field(&form, "x-muc#roomconfig_archivedays").expect("the field");
    assert!(texts(days, "desc")[0].contains("7 for a week"));
    // Whatever is only said comes back as nothing.
    w.owner("owner", &as_shown(&form));
    assert_eq!(w.got("owner"), ["iq:result room"]);
}

#[test]
fn every_number_says_its_range_and_no_choice_is_refused() {
    // 122-1
    let mut w = World::with_room(&[("maxusers", "75")]);
    (w.service.limits.archive_days_max, w.service.limits.occupants_max) = (30, 200);
    let form = form_in(&mut w, "owner", "");
    for (var, most) in [
        ("muc#maxhistoryfetch", w.service.limits.history_messages_max),
        ("x-muc#roomconfig_archivedays", 30),
        ("x-muc#roomconfig_archivemessages", u32::MAX),
        ("x-muc#roomconfig_quietabove", u32::MAX),
        ("muc#roomconfig_slow_mode_duration", 86_400),
        ("{urn:xmpp:reactions:0:restrictions}max_reactions_per_user", u32::MAX),
    ] {
        let validate = field(&form, var).and_then(|f| f.get_child("validate", ns::VALIDATE)).expect(var);
        let range = validate.get_child("range", ns::VALIDATE).expect(var);
        assert_eq!(validate.attr("datatype"), Some("xs:integer"), "{var}");
        assert_eq!((range.attr("min"), range.attr("max")), (Some("0"), Some(&*most.to_string())), "{var}");
        w.clear();
        w.configure("owner", &[(var, &most.to_string())]);
        assert_eq!(w.got("owner")[0], "iq:result room", "{var}");
    }
    let seats = field(&form, "muc#roomconfig_maxusers").expect("the field");
    let offered: Vec<_> =
        seats.children().filter(|c| c.name() == "option").flat_map(|c| texts(c, "value")).collect();
    assert_eq!(offered, ["none", "10", "20", "30", "50", "75", "100", "200"]);
    assert_eq!(texts(seats, "value"), ["75"]);
    for seats in &offered {
        w.clear();
        w.configure("owner", &[("maxusers", seats)]);
        assert_eq!(w.got("owner")[0], "iq:result room", "{seats}");
    }
}

#[test]
fn the_form_is_in_the_language_of_the_owner_or_else_of_the_room() {
    let mut w = World::with_room(&[]);
    for (lang, heading) in [
        ("de", "Über den Raum"),
        ("fr-CA", "À propos du salon"),
        ("es", "Sobre la sala"),
        ("tlh", "About the room"),
    ] {
        assert_eq!(headings(&form_in(&mut w, "owner", lang))[0], heading, "{lang}");
    }
    w.configure("owner", &[("lang", "de")]);
    assert_eq!(headings(&form_in(&mut w, "owner", ""))[0], "Über den Raum");
    assert_eq!(headings(&form_in(&mut w, "owner", "en"))[0], "About the room");
}

#[test]
fn public_logs_are_offered_where_the_service_has_them_or_the_room_says_so() {
    // 45-10.1.1-d
    const VAR: &str = "muc#roomconfig_enablelogging";
    let mut w = World::with_room(&[]);
    w.service.public_logs = false;
    assert!(field(&form_in(&mut w, "owner", ""), VAR).is_none());
    w.configure("owner", &[(VAR, "1"), ("roomname", "Verona")]);
    assert_eq!(
        w.got("owner"),
        ["iq:result room", "message:groupchat room 104"],
        "what is not offered is ignored"
    );
    w.service.public_logs = true;
    assert_eq!(values(&form_in(&mut w, "owner", ""), VAR), ["0"]);
    w.configure("owner", &[(VAR, "1")]);
    w.service.public_logs = false;
    assert_eq!(values(&form_in(&mut w, "owner", ""), VAR), ["1"], "it can be taken back");
    w.configure("owner", &[(VAR, "0")]);
    assert_eq!(w.got("owner"), ["iq:result room", "message:groupchat room 104 171"]);
}

#[test]
fn the_form_of_a_new_room_keeps_it_once_it_is_sent() {
    // 45-10.1.3-a, 45-10.1.3-b, trap 63
    const VAR: &str = "muc#roomconfig_persistentroom";
    let mut w = World::new();
    w.join("owner");
    let form = form_in(&mut w, "owner", "");
    assert_eq!(
        (values(&form, VAR), values(&form, "muc#roomconfig_enablearchiving")),
        (vec!["1".into()], vec!["1".into()])
    );
    w.owner("owner", &as_shown(&form));
    assert_eq!(values(&form_in(&mut w, "owner", ""), VAR), ["1"]);
    // Without the field, and without a form, it goes with its last occupant.
    for submit in ["", "<field var='muc#roomconfig_roomname'><value>Verona</value></field>"] {
        let mut w = World::new();
        w.join("owner");
        form_in(&mut w, "owner", "");
        w.owner("owner", &format!("<x xmlns='jabber:x:data' type='submit'>{submit}</x>"));
        assert_eq!(values(&form_in(&mut w, "owner", ""), VAR), ["0"], "{submit}");
    }
    let mut w = World::new();
    w.join("owner");
    w.wait(301);
    w.join("romeo");
    assert_eq!(values(&form_in(&mut w, "owner", ""), VAR), ["0"], "opened by time");
    // The form of a room that is in use says what is.
    w.configure("owner", &[("persistentroom", "1")]);
    w.configure("owner", &[("persistentroom", "0")]);
    assert_eq!(values(&form_in(&mut w, "owner", ""), VAR), ["0"]);
}

#[test]
fn what_only_admins_of_the_service_change_is_not_filled_in_for_others() {
    let mut w = World::new();
    w.service.admin_fields = vec!["muc#roomconfig_persistentroom".to_owned()];
    w.join("owner");
    let form = form_in(&mut w, "owner", "");
    assert!(field(&form, "muc#roomconfig_persistentroom").is_none());
    w.owner("owner", &as_shown(&form));
    let got = w.stanzas("owner");
    assert_eq!(line(&got[0]), "iq:result room");
}
