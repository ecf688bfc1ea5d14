//! Whatever is wrong with a stanza to the service, it is answered once or not at all.

#[path = "../room/hostile/mutate.rs"]
mod mutate;

use conclave::service::{Context, answer};
use conclave::wire::build::set_attr;
use conclave::wire::inbound::{Inbound, IqType, Kind};
use conclave::wire::parse::Malformed;
use conclave::words::Lang;
use minidom::Element;

use super::{Desk, INFO, ITEMS, RSM, directory};

const COMMANDS: &str = "http://jabber.org/protocol/commands";

fn stanza(name: &str, type_: &str, inside: &str) -> String {
    let type_ = if type_.is_empty() { String::new() } else { format!(" type='{type_}'") };
    format!("<{name} xmlns='jabber:client' id='x'{type_}>{inside}</{name}>")
}

fn form(form_type: &str, fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = [("FORM_TYPE", form_type)].iter().chain(fields).map(field).collect();
    format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
}

/// A stanza of every kind that the service knows; half of them are an admin's.
fn samples() -> Vec<String> {
    let page = format!("<set xmlns='{RSM}'><max>2</max><after>r001@muc.example</after></set>");
    let search = |ns: &str, form_type: &str, key: &str| {
        let form = form(
            form_type,
            &[("q", "room"), ("sinname", "true"), (key, "{urn:xmpp:channel-search:0:order}nusers")],
        );
        stanza("iq", "get", &format!("<search xmlns='{ns}'>{page}{form}</search>"))
    };
    let command = |node: &str, fields: &[(&str, &str)]| {
        let form = form("http://jabber.org/protocol/admin", fields);
        stanza(
            "iq",
            "set",
            &format!("<command xmlns='{COMMANDS}' node='{node}' action='execute'>{form}</command>"),
        )
    };
    let admin = "http://jabber.org/protocol/admin";
    let mut found = vec![
        stanza("iq", "get", &format!("<query xmlns='{INFO}' node=''/>")),
        stanza("iq", "get", &format!("<query xmlns='{INFO}' node='{COMMANDS}'/>")),
        stanza("iq", "get", &format!("<query xmlns='{ITEMS}'>{page}</query>")),
        stanza("iq", "get", &format!("<query xmlns='{ITEMS}' node='{COMMANDS}'/>")),
        search("urn:xmpp:channel-search:0:search", "urn:xmpp:channel-search:0:search-params", "key"),
        search(
            "https://xmlns.zombofant.net/muclumbus/search/1.0",
            "https://xmlns.zombofant.net/muclumbus/search/1.0#params",
            "key",
        ),
        command(&format!("{admin}#announce"), &[("announcement", "a\nb"), ("subject", "s")]),
        command(&format!("{admin}#get-online-users-num"), &[]),
        command(&format!("{admin}#get-online-users-list"), &[("max_items", "25")]),
        command(&format!("{admin}#shutdown"), &[("delay", "60"), ("announcement", "a")]),
        command("conclave#rooms", &[]),
        command("conclave#create-room", &[("room", "new"), ("owner", "romeo@example"), ("name", "n")]),
        command("conclave#destroy-room", &[("room", "r001"), ("reason", "r")]),
    ];
    for payload in [
        "query xmlns='jabber:iq:version'",
        "query xmlns='jabber:iq:last'",
        "time xmlns='urn:xmpp:time'",
        "ping xmlns='urn:xmpp:ping'",
        "unique xmlns='http://jabber.org/protocol/muc#unique'",
        "a xmlns='urn:q'",
    ] {
        found.extend(
            ["get", "set", "result", "error"].map(|type_| stanza("iq", type_, &format!("<{payload}/>"))),
        );
    }
    for type_ in ["", "chat", "groupchat", "headline", "error"] {
        found.push(stanza(
            "message",
            type_,
            "<body>b</body><privilege xmlns='urn:xmpp:privilege:2'><perm access='roster'/></privilege>",
        ));
    }
    for type_ in ["", "unavailable", "subscribe", "probe", "error"] {
        found.push(stanza("presence", type_, "<status>s</status>"));
    }
    found
}

/// What is wrong with what comes of a stanza; nothing, if all is well.
fn play(desk: &mut Desk, from: &str, mut stanza: Element) -> Option<String> {
    // Within what searches are admitted.
    desk.wait(60);
    set_attr(&mut stanza, "from", from);
    set_attr(&mut stanza, "to", "muc.example");
    let inbound = match Inbound::parse(stanza) {
        Ok(inbound) => inbound,
        Err(Malformed::Answer(answer)) => {
            return (answer.attr("type") != Some("error")).then(|| format!("{answer:?}"));
        }
        Err(Malformed::Silent(_)) => return None,
    };
    let directory = directory(5);
    let mut cx = Context {
        now: desk.now,
        started: desk.started,
        service: &desk.service,
        directory: &directory,
        rooms: &desk.rooms,
        memory: &mut desk.memory,
    };
    let mut effects = answer(&inbound, &mut cx);
    if let Some(search) = effects.search.take() {
        effects.answer = search.answer(&|| true, Lang::english());
    }
    let is_request = matches!(inbound.kind, Kind::Iq(IqType::Get | IqType::Set));
    let answered = effects.answer.as_ref();
    let refused = answered.is_some_and(|a| a.attr("type") == Some("error"));
    let does = effects.order.is_some() || effects.announcement.is_some() || effects.stop_after.is_some();
    let is_admin = from.starts_with("root@");
    let wrong = if answered.is_some() && !inbound.may_be_answered() {
        "an error is answered"
    } else if is_request && answered.is_none() && effects.order.is_none() {
        "a request is not answered"
    } else if answered
        .is_some_and(|a| a.attr("id").unwrap_or_default() != inbound.id() || a.attr("to") != Some(from))
    {
        "an answer is for somebody else"
    } else if does && (refused || !is_admin) {
        "something is done for whom nothing should be"
    } else {
        return None;
    };
    Some(format!("{wrong}: {effects:?}"))
}

// 45-G-a, 45-G-d, 45-G-e, 45-G-f
#[test]
fn whatever_is_wrong_with_a_stanza_the_service_bears_it() {
    let mut desk = Desk::new();
    let (mut played, mut problems) = (0, Vec::new());
    for xml in samples() {
        let stanza: Element = xml.parse().expect("test xml");
        for from in ["root@example/pc", "romeo@example/pc"] {
            let mutants = mutate::mutants(&stanza);
            for (what, mutant) in std::iter::once(("the whole".to_owned(), stanza.clone())).chain(mutants) {
                played += 1;
                if let Some(wrong) = play(&mut desk, from, mutant) {
                    problems.push(format!(
                        "{what} in {from}'s {xml}\n    {}",
                        wrong.chars().take(600).collect::<String>()
                    ));
                }
            }
        }
    }
    assert!(played > 5000, "only {played} were played");
    let count = problems.len();
    problems.truncate(20);
    assert!(problems.is_empty(), "{count} of {played}, such as\n{}", problems.join("\n"));
}
