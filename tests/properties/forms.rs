//! The owner's form, filled in with anything (XEP-0045 §10.2, XEP-0004 §3.3).

use conclave::feature::fields;
use conclave::room::limits::Limits;
use conclave::room::surface::FieldKind;
use conclave::wire::build::{Build, el, set_attr};
use conclave::wire::encode;
use minidom::Element;
use proptest::prelude::*;

use crate::world::{World, line};

const DATA: &str = "jabber:x:data";
const OWNER: &str = "http://jabber.org/protocol/muc#owner";

type Filled = Vec<(String, Vec<String>)>;

fn var() -> impl Strategy<Value = String> {
    let known: Vec<&str> = fields().flat_map(|f| f.aliases.iter().copied().chain([f.var])).collect();
    let lists = vec!["muc#roomconfig_roomowners", "muc#roomconfig_roomadmins"];
    let password = vec!["muc#roomconfig_passwordprotectedroom", "muc#roomconfig_roomsecret"];
    prop_oneof![
        10 => prop::sample::select(known).prop_map(str::to_owned),
        2 => prop::sample::select(lists).prop_map(str::to_owned),
        2 => prop::sample::select(password).prop_map(str::to_owned),
        1 => Just("FORM_TYPE".to_owned()),
        1 => "[a-z#_]{0,12}",
    ]
}

/// Text that XML can carry.
fn text(most: usize) -> impl Strategy<Value = String> {
    let allowed = any::<char>()
        .prop_filter("forbidden in XML", |c| !matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'));
    prop::collection::vec(
        prop_oneof![9 => allowed, 1 => prop::sample::select(vec!['\n', '\t', ' ', '\r'])],
        0..most,
    )
    .prop_map(String::from_iter)
}

fn value() -> impl Strategy<Value = String> {
    let known = vec![
        "0",
        "1",
        "true",
        "false",
        " 1 ",
        "anyone",
        "moderators",
        "participants",
        "none",
        "moderator",
        "participant",
        "visitor",
        "10",
        "7",
        "201",
        "5001",
        "-1",
        "99999999999999999999",
        "en",
        "pt-BR",
        "de_DE",
        "owner@example",
        "romeo@example/pc",
        "JULIET@example",
        "example",
        "@",
        "http://jabber.org/protocol/muc#roomconfig",
    ];
    prop_oneof![6 => prop::sample::select(known).prop_map(str::to_owned), 1 => text(12), 1 => Just("é".repeat(2100))]
}

fn filled() -> impl Strategy<Value = Filled> {
    prop::collection::vec((var(), prop::collection::vec(value(), 0..3)), 0..8)
}

fn submitted(filled: &Filled) -> Element {
    let mut x = el("x", DATA).with("type", "submit");
    for (var, values) in filled {
        let values = values.iter().map(|v| el("value", DATA).text_node(v));
        x.append_child(values.fold(el("field", DATA).with("var", var), Build::child));
    }
    x
}

fn submit(world: &mut World, x: &Element) -> bool {
    world.clear();
    world.owner("owner", &encode::standalone(x));
    let answers: Vec<Element> = world.stanzas("owner");
    let answer = answers.iter().find(|s| s.name() == "iq").expect("an answer");
    answer.attr("type") == Some("result")
}

/// The form as the owner is shown it, made ready to be sent back.
fn shown(world: &mut World) -> Element {
    world.clear();
    world
        .send("owner", &format!("<iq xmlns='jabber:client' type='get' id='g'><query xmlns='{OWNER}'/></iq>"));
    let answer = world.stanzas("owner").pop().expect("an answer");
    let mut x =
        answer.get_child("query", OWNER).and_then(|q| q.get_child("x", DATA)).expect("a form").clone();
    set_attr(&mut x, "type", "submit");
    x
}

fn is_owner(world: &World) -> bool {
    use conclave::wire::muc::Affiliation::Owner;
    let affiliations = world.room.state().affiliations.iter();
    affiliations.filter(|(_, a)| a.affiliation == Owner).any(|(jid, _)| jid.as_str() == "owner@example")
}

proptest! {
    #![proptest_config(crate::cases(300))]

    // 45-10.2-h, 45-10.2-l, 45-10.2.1-c, 45-10.1.3-c, 004-1, 004-2
    #[test]
    fn any_form_is_refused_whole_or_taken_whole(forms in prop::collection::vec(filled(), 1..4)) {
        let mut world = World::with_room(&[]);
        world.join("romeo");
        world.join("juliet");
        for form in forms {
            let before = world.room.clone();
            if !submit(&mut world, &submitted(&form)) {
                prop_assert_eq!(world.room.state(), before.state());
                prop_assert!(world.silent(), "others heard of a refused form");
            }
            if !is_owner(&world) {
                return Ok(());
            }
            let again = shown(&mut world);
            let before = world.room.state().clone();
            prop_assert!(submit(&mut world, &again), "what is shown is taken back: {:?}", again);
            prop_assert_eq!(world.room.state(), &before);
            let told: Vec<String> = ["romeo", "juliet"].iter().flat_map(|who| world.stanzas(who)).map(|s| line(&s)).collect();
            prop_assert!(told.is_empty(), "nothing changed, but {:?} was said", told);
        }
    }

    // 004-3, 45-10.2-l
    #[test]
    fn every_value_within_the_options_is_taken(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..10),
        name in text(40),
    ) {
        let mut form = vec![("muc#roomconfig_roomsecret".to_owned(), vec!["s".to_owned()])];
        let fields: Vec<_> = fields().collect();
        for (which, option, mask) in picks {
            let field = which.get(&fields);
            let values = match field.kind {
                FieldKind::Boolean => vec![(*option.get(&["0", "1", "true", "false"])).to_owned()],
                FieldKind::One(options) => vec![option.get(options).0.to_owned()],
                FieldKind::Many(options) => {
                    let chosen = options.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0);
                    chosen.map(|(_, (word, _))| (*word).to_owned()).collect()
                }
                FieldKind::Integer(bound) => {
                    vec![option.index((bound.most)(&Limits::default()) as usize + 1).to_string()]
                }
                FieldKind::Choice(numbers, _) => vec![option.get(numbers).to_string()],
                FieldKind::Text | FieldKind::Private | FieldKind::Lines | FieldKind::Jids => continue,
            };
            form.push((field.var.to_owned(), values));
        }
        form.push(("muc#roomconfig_roomname".to_owned(), vec![name.clone()]));
        let mut world = World::with_room(&[]);
        prop_assert!(submit(&mut world, &submitted(&form)), "{form:?}");
        prop_assert_eq!(&world.room.state().record.config.name, &name);
        for field in fields {
            let mine = form.iter().rev().find(|(var, _)| var == field.var);
            if let Some((_, values)) = mine {
                let now = (field.get)(&world.room.state().record.config);
                let boolean = |v: &String| if v == "true" { "1".into() } else if v == "false" { "0".into() } else { v.clone() };
                prop_assert_eq!(now, values.iter().map(boolean).collect::<Vec<String>>(), "{}", field.var);
            }
        }
    }
}
