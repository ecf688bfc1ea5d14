//! What an operator sets otherwise than usual, as people behind both servers see it.

use conclave::wire::build::{Build, el};
use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, condition, entry, is_error, is_from, is_own_presence};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::service::{Service, configuration};

const SETTINGS: &str = "[service]\nlocked_rooms = \"strict\"\nadmins_own_rooms = false\nitem_per_session = true\n\
    nicks = \"refuse\"\ninvitation_bodies = false\nregistration_fields = [\"muc#register_email\"]\n";

fn invite(who: &Guest, to: &Guest) -> String {
    let account = to.jid().split('/').next().expect("a part before the resource");
    let invite = format!("<invite to='{account}'><reason>cake</reason></invite>");
    format!(
        "<message xmlns='jabber:client' to='party@{MUC}' from='{}'><x xmlns='http://jabber.org/protocol/muc#user'>{invite}</x></message>",
        who.jid()
    )
}

/// How many items the room's part of a presence has.
fn items(presence: &Element) -> usize {
    let x = presence.get_child("x", ns::MUC_USER).expect("the room's part");
    x.children().filter(|c| c.name() == "item").count()
}

fn settings_of_an_operator_hold(kind: Kind) {
    let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    let settings = configuration(&host, &folder).replace("[service]\n", SETTINGS);
    let _service = Service::start_with(&host, &folder, &settings).unwrap_or_else(|e| panic!("{e}"));
    let room = format!("party@{MUC}");
    let [mut owner, mut guest] = ["owner", "guest"].map(|name| Guest::new(&host, name));
    owner.enters(&room, "owner");

    // A locked room waits for the form, and an invitation has no text.
    guest.says("<presence xmlns='jabber:client'/>");
    guest.catches_up();
    owner.says(&invite(&owner, &guest));
    let invitation =
        guest.hears("the invitation", |s| s.name() == "message" && s.attr("from") == Some(&*room));
    assert!(!invitation.has_child("body", ns::CLIENT), "{invitation:?}");
    guest.says(&entry(&room, "guest"));
    let answer = guest.hears("an answer", |s| is_error(s) || is_own_presence(s, &room, "guest"));
    assert_eq!(condition(&answer), Some("item-not-found"));
    owner.configures(&room, &[("x-muc#roomconfig_registration", "1")]);
    guest.enters(&room, "guest");

    // Who sees real addresses sees each client of a nick.
    let mut phone = Guest::again(&host.door(), "guest", "phone");
    phone.enters(&room, "guest");
    let both = owner.hears("both clients", |s| is_from(s, &room, "guest") && items(s) == 2);
    assert_eq!(both.attr("type"), None);

    // The form to register asks for what the operator wants to know.
    let form = guest.asks("get", &room, Element::bare("query", "jabber:iq:register"));
    let x = form.children().next().and_then(|query| query.get_child("x", ns::DATA)).expect("a form");
    let asked: Vec<_> = x.children().filter_map(|field| field.attr("var")).collect();
    assert_eq!(asked, ["FORM_TYPE", "muc#register_roomnick", "muc#register_email"]);

    // An admin of the service is an account like others.
    let item =
        el("item", ns::MUC_ADMIN).with("affiliation", "outcast").with("jid", &format!("admin@{DOMAIN}"));
    let answer = owner.asks("set", &room, el("query", ns::MUC_ADMIN).child(item));
    assert_eq!(answer.attr("type"), Some("result"));
    assert_eq!(owner.lists(&room, "outcast"), [format!("admin@{DOMAIN}")]);

    // ejabberd lets no such nick through.
    if kind == Kind::Prosody {
        let mut other = Guest::new(&host, "other");
        other.says(&entry(&room, "🤖"));
        let answer = other.hears("an answer", |s| is_error(s) || s.name() == "presence");
        assert_eq!(condition(&answer), Some("jid-malformed"));
    }
}

#[test]
fn settings_of_an_operator_hold_behind_prosody() {
    // 45-7.2.10-a, 45-7.8.2-a, 45-7.10-f, 45-9.1-a, 45-7.2.2-f, trap 22, trap 28
    settings_of_an_operator_hold(Kind::Prosody);
}

#[test]
fn settings_of_an_operator_hold_behind_ejabberd() {
    // 45-7.2.10-a, 45-7.8.2-a, 45-7.10-f, 45-9.1-a, trap 22, trap 28
    settings_of_an_operator_hold(Kind::Ejabberd);
}
