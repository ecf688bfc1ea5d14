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
    let said = headings(&form);
    assert!(
        said[1].starts_with("Picture: if this form shows one, click it"),
        "where clients show it: {said:?}"
    );
    let numbered: Vec<_> = said.iter().filter(|said| !said.starts_with("Picture")).collect();
    assert_eq!(
        numbered,
        [
            "1. About the room",
            "2. Who may enter",
            "3. Who may speak",
            "4. Who sees what",
            "5. History",
            "6. People in charge",
            "7. What is seldom needed"
        ]
    );
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

/// What else people need to know of a field, in English.
fn hint(form: &Element, var: &str) -> String {
    texts(field(form, var).expect("the field"), "desc").concat()
}

#[test]
fn hints_say_what_the_label_leaves_open() {
    // 45-10.1.3-a
    let mut w = World::with_room(&[]);
    w.service.limits.archive_days_max = 30;
    let form = form_in(&mut w, "owner", "en");
    for (var, says) in [
        ("muc#roomconfig_lang", "Can be left empty."),
        ("muc#roomconfig_membersonly", "Members are added in the list of people"),
        ("muc#roomconfig_roomsecret", "there it is needed."),
        ("x-muc#roomconfig_registration", "Members may write in a moderated room, too."),
        ("muc#roomconfig_moderatedroom", "Others ask a moderator"),
        ("muc#roomconfig_presencebroadcast", "All three show everybody."),
        ("muc#roomconfig_roomadmins", "One address in each line, such as ann@example.org."),
        ("muc#roomconfig_roomowners", "One address in each line, and one at least."),
        ("x-muc#roomconfig_archivedays", "older ones are deleted for good."),
    ] {
        assert!(hint(&form, var).contains(says), "{var}: {}", hint(&form, var));
    }
    // Clients that do not check the range say nothing of it either.
    for (var, most) in [
        ("muc#maxhistoryfetch", "It may be 200 at most."),
        ("x-muc#roomconfig_archivedays", "It may be 30 at most."),
        ("muc#roomconfig_slow_mode_duration", "It may be 86400 at most."),
    ] {
        assert!(hint(&form, var).ends_with(most), "{var}: {}", hint(&form, var));
    }
    assert!(!hint(&form, "x-muc#roomconfig_archivemessages").contains("at most"), "there is no bound");
    let german = form_in(&mut w, "owner", "de");
    assert!(hint(&german, "muc#maxhistoryfetch").ends_with("Es darf höchstens 200 sein."));
    // Not all clients show the hint of a list.
    for var in ["muc#roomconfig_presencebroadcast", "muc#roomconfig_getmemberlist"] {
        let label = field(&form, var).and_then(|f| f.attr("label")).expect("a label");
        assert!(label.contains("(several can be chosen;"), "{label}");
    }
}

#[test]
fn a_language_can_be_called_by_its_name() {
    const VAR: &str = "muc#roomconfig_lang";
    let mut w = World::with_room(&[]);
    for (said, kept) in [
        ("English", "en"),
        ("English (UK)", "en"),
        ("deutsch", "de"),
        ("FRANÇAIS", "fr"),
        ("Spanisch / Deutsch", "es"),
        ("pt-BR", "pt-BR"),
        ("de-AT", "de-AT"),
        ("", ""),
    ] {
        w.configure("owner", &[(VAR, said)]);
        assert_eq!(values(&form_in(&mut w, "owner", "en"), VAR), [kept], "{said}");
    }
    w.configure("owner", &[(VAR, "Deutsch")]);
    assert_eq!(headings(&form_in(&mut w, "owner", ""))[0], "1. Über den Raum");
}

#[test]
fn several_addresses_in_one_line_of_a_list_are_told_apart() {
    const ADMINS: &str = "muc#roomconfig_roomadmins";
    const CONTACTS: &str = "x-muc#roomconfig_contactjid";
    let mut w = World::with_room(&[]);
    let mut listed = |var: &str, line: &str| {
        let value = format!("<field var='{var}'><value>{line}</value></field>");
        w.owner("owner", &format!("<x xmlns='jabber:x:data' type='submit'>{value}</x>"));
        values(&form_in(&mut w, "owner", ""), var)
    };
    for line in [
        "bo@example, cy@example",
        "bo@example,cy@example",
        "cy@example; bo@example,",
        " bo@example cy@example ",
    ] {
        assert_eq!(listed(ADMINS, line), ["bo@example", "cy@example"], "{line}");
        assert!(listed(ADMINS, "").is_empty());
    }
    // A comma may be in an address.
    assert_eq!(listed(ADMINS, "bo,cy@example"), ["bo,cy@example"]);
    assert_eq!(listed(CONTACTS, "bo@example, cy@example"), ["bo@example", "cy@example"]);
}

#[test]
fn the_form_is_in_the_language_of_the_owner_or_else_of_the_room() {
    let mut w = World::with_room(&[]);
    for (lang, heading) in [
        ("de", "1. Über den Raum"),
        ("fr-CA", "1. À propos du salon"),
        ("es", "1. Sobre la sala"),
        ("tlh", "1. About the room"),
    ] {
        assert_eq!(headings(&form_in(&mut w, "owner", lang))[0], heading, "{lang}");
    }
    w.configure("owner", &[("lang", "de")]);
    assert_eq!(headings(&form_in(&mut w, "owner", ""))[0], "1. Über den Raum");
    assert_eq!(headings(&form_in(&mut w, "owner", "en"))[0], "1. About the room");
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
