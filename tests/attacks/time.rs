//! One event that takes long, on a worker that others need.

use crate::field::{Field, owner_form};
use crate::run::{Attack, By, NOTHING_MORE};
use crate::scale;

/// NFKC makes eighteen characters of it.
const EXPANDS: &str = "\u{fdfa}";

/// As many rooms as there may be workers, and more.
const SEVERAL: [&str; 4] = ["one", "two", "three", "four"];
/// Stored rooms of somebody else.
const QUIET: usize = 20;
/// More rooms than the archive has places for readers.
const ARCHIVES: usize = 6;

pub(crate) const ALL: &[Attack] = &[
    Attack {
        name: "nicks reserved by the hundred",
        by: By::Account,
        settings: "",
        prepare: |field| {
            for room in ["one", "two"] {
                field.create("mallory", room, &[("persistentroom", "1")]);
            }
        },
        restart: false,
        stanza: |field, n| {
            let items = scale::of(60, 140);
            let nick = EXPANDS.repeat(80);
            let item =
                |i| format!("<item affiliation='member' jid='a{n}-{i}@e.example' nick='a{n}-{i}{nick}'/>");
            let items: String = (0..items).map(item).collect();
            let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>");
            ("mallory".to_owned(), iq("set", n, &field.room(["one", "two"][n % 2]), &query))
        },
        short: 4,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "a nick of a mebibyte in a registration",
        by: By::Account,
        settings: "",
        prepare: |field| {
            SEVERAL.iter().for_each(|room| drop(field.create("mallory", room, &[("persistentroom", "1")])));
        },
        restart: false,
        stanza: |field, n| {
            let nick = EXPANDS.repeat(scale::of(100_000, 300_000));
            let room = field.room(SEVERAL[n % SEVERAL.len()]);
            let form = form("http://jabber.org/protocol/muc#register", &[("muc#register_roomnick", &nick)]);
            let query = format!("<query xmlns='jabber:iq:register'>{form}</query>");
            ("mallory".to_owned(), iq("set", n, &room, &query))
        },
        short: 8,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "a nick of a mebibyte in an address",
        by: By::Account,
        settings: "",
        prepare: |field| {
            SEVERAL.iter().for_each(|room| drop(field.create("mallory", room, &[("persistentroom", "1")])));
        },
        restart: false,
        stanza: |field, n| {
            let nick = EXPANDS.repeat(scale::of(100_000, 300_000));
            let to = format!("{}/{nick}", field.room(SEVERAL[n % SEVERAL.len()]));
            (
                "mallory".to_owned(),
                format!("<presence to='{to}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"),
            )
        },
        short: 8,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "one id of the archive asked for 500 times",
        by: By::Account,
        settings: "",
        prepare: |field| {
            for n in 0..ARCHIVES {
                let room = format!("r{n}");
                field.create("mallory", &room, &[("persistentroom", "1")]);
                field.say("mallory", &heavy(field, &room, "<body>b</body>"));
                field.fence("mallory", &room);
            }
        },
        restart: false,
        stanza: |field, n| {
            // Each archive says what it calls its message; if it has none, any id will do.
            let find =
                || (0..ARCHIVES).map(|n| newest(field, &format!("r{n}"))).collect::<Vec<_>>().join(" ");
            let id = field.remembered(find).split(' ').nth(n % ARCHIVES).unwrap_or_default();
            let ids = format!("<value>{id}</value>").repeat(500);
            let form = format!(
                "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>\
                 <field var='ids'>{ids}</field></x>"
            );
            let set = "<set xmlns='http://jabber.org/protocol/rsm'><max>0</max></set>";
            let query = format!("<query xmlns='urn:xmpp:mam:2'>{form}{set}</query>");
            ("mallory".to_owned(), iq("set", n, &field.room(&format!("r{}", n % ARCHIVES)), &query))
        },
        short: 24,
        probe: Some(|field, _| (field.room("calm"), "set", "<query xmlns='urn:xmpp:mam:2'/>".to_owned())),
        check: NOTHING_MORE,
    },
    Attack {
        name: "words searched for in long names",
        by: By::Domain,
        settings: "",
        prepare: |field| {
            // The word stands at the end of every one of them.
            let name = EXPANDS.repeat(1300) + "a";
            for n in 0..scale::of(40, 180) {
                field.create(
                    &format!("m{}", n / 20),
                    &format!("s{n}"),
                    &[("publicroom", "1"), ("roomname", &name)],
                );
            }
        },
        restart: false,
        stanza: |field, n| {
            let words = "a ".repeat(128);
            let form = form("urn:xmpp:channel-search:0:search-params", &[("q", words.trim_end())]);
            let search = format!("<search xmlns='urn:xmpp:channel-search:0:search'>{form}</search>");
            (format!("s{}", n % 60), iq("get", n, &field.muc, &search))
        },
        short: 180,
        probe: Some(|field, _| (field.muc.clone(), "get", "<ping xmlns='urn:xmpp:ping'/>".to_owned())),
        check: |field, _| {
            let form = form("urn:xmpp:channel-search:0:search-params", &[("q", "calm")]);
            let search = format!("<search xmlns='urn:xmpp:channel-search:0:search'>{form}</search>");
            let answer = field.ask("watcher@calm.example", &field.muc, "get", &search);
            match answer.contains("type='result'") {
                true => Ok(()),
                false => Err(format!("others cannot search: {answer}")),
            }
        },
    },
    Attack {
        name: "a form with ten thousand fields",
        by: By::Account,
        settings: "",
        prepare: |field| {
            SEVERAL.iter().for_each(|room| drop(field.create("mallory", room, &[("persistentroom", "1")])));
        },
        restart: false,
        stanza: |field, n| {
            let fields: String = (0..9_900).map(|i| format!("<field var='v{i}'/>")).collect();
            let payload = match n % 3 {
                0 => owner_form(&[]).replace("</x>", &format!("{fields}</x>")),
                1 => {
                    let form = form("http://jabber.org/protocol/muc#register", &[]);
                    format!(
                        "<query xmlns='jabber:iq:register'>{}</query>",
                        form.replace("</x>", &format!("{fields}</x>"))
                    )
                }
                _ => {
                    let form = form("urn:xmpp:mam:2", &[]);
                    format!(
                        "<query xmlns='urn:xmpp:mam:2'>{}</query>",
                        form.replace("</x>", &format!("{fields}</x>"))
                    )
                }
            };
            ("mallory".to_owned(), iq("set", n, &field.room(SEVERAL[n % SEVERAL.len()]), &payload))
        },
        short: 12,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "stored rooms with nothing to show",
        by: By::Account,
        settings: "",
        prepare: |field| {
            for room in 0..10 {
                let room = format!("n{room}");
                field.create("mallory", &room, &[("persistentroom", "1")]);
                for _ in 0..scale::of(1, 40) {
                    field.say("mallory", &heavy(field, &room, "<store xmlns='urn:xmpp:hints'/>"));
                }
                field.fence("mallory", &room);
                let to = format!("{}/mallory", field.room(&room));
                field.say("mallory", &format!("<presence to='{to}' type='unavailable'/>"));
            }
            for n in 0..QUIET {
                let room = format!("quiet{n}");
                field.create("watcher@calm.example", &room, &[("persistentroom", "1")]);
                let to = format!("{}/watcher", field.room(&room));
                field.say("watcher@calm.example", &format!("<presence to='{to}' type='unavailable'/>"));
                field.fence("watcher@calm.example", &room);
            }
        },
        restart: true,
        stanza: |field, n| {
            let query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
            ("stranger".to_owned(), iq("get", n, &field.room(&format!("n{}", n % 10)), query))
        },
        short: 10,
        // Meanwhile another wants rooms that are stored and not in memory.
        probe: Some(|field, n| {
            let query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
            (field.room(&format!("quiet{}", n % QUIET)), "get", query.to_owned())
        }),
        check: NOTHING_MORE,
    },
];

/// A request whose answer is not waited for.
pub(crate) fn iq(type_: &str, n: usize, to: &str, payload: &str) -> String {
    format!("<iq type='{type_}' id='x{n}' to='{to}'>{payload}</iq>")
}

/// A filled-in form.
pub(crate) fn form(form_type: &str, fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = [("FORM_TYPE", form_type)].iter().chain(fields).map(field).collect();
    format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
}

/// A message of 40 KB with nearly as many elements as there may be.
pub(crate) fn heavy(field: &Field, room: &str, inside: &str) -> String {
    let elements = "<a/>".repeat(9_900);
    let to = field.room(room);
    format!("<message type='groupchat' id='h' to='{to}'>{inside}<q xmlns='urn:q'>{elements}</q></message>")
}

/// What the archive of a room calls its newest message.
fn newest(field: &Field, room: &str) -> String {
    let page = "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before/></set></query>";
    let answer = field.ask("mallory", &field.room(room), "set", page);
    let last = answer.split("<last>").nth(1).and_then(|rest| rest.split('<').next());
    last.unwrap_or("none").to_owned()
}
