//! What is stored, and no account pays for.

use std::thread;
use std::time::Duration;

use crate::field::{Field, owner_form};
use crate::run::{Attack, By, NOTHING_MORE};
use crate::scale;
use crate::time::{form, iq};

pub(crate) const ALL: &[Attack] = &[
    Attack {
        name: "renames of a room with a big record",
        by: By::Account,
        settings: "",
        prepare: |field| {
            field.create("mallory", "one", &[("persistentroom", "1"), ("roomdesc", &"d".repeat(4000))]);
            let subject =
                format!("<subject xml:lang='{}'>s</subject>", "l".repeat(scale::of(500_000, 1_000_000)));
            let to = field.room("one");
            field.say("mallory", &format!("<message type='groupchat' id='s' to='{to}'>{subject}</message>"));
            make_hats(field, 60);
        },
        restart: false,
        stanza: |field, n| {
            (
                "mallory".to_owned(),
                iq("set", n, &field.room("one"), &owner_form(&[("roomname", &format!("name {n}"))])),
            )
        },
        short: 150,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "hats given and taken",
        by: By::Account,
        settings: "",
        prepare: |field| {
            field.create("mallory", "one", &[("persistentroom", "1")]);
            make_hats(field, 8);
        },
        restart: false,
        stanza: |field, n| {
            let (hat, long) = (format!("urn:hat:{}:{}", n % 8, "t".repeat(200)), "j".repeat(600));
            let jid = format!("{}-{long}@e.example", n / 8);
            let fields = [("hats#jid", jid.as_str()), ("hat", hat.as_str())];
            ("mallory".to_owned(), iq("set", n, &field.room("one"), &order("assign", &fields)))
        },
        short: 300,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "a small presence of one session of many",
        by: By::Account,
        settings: "",
        prepare: |field| {
            let said = format!("<status>{}</status>", "s".repeat(30_000));
            for n in 0..5 {
                field.create("mallory", &format!("r{n}"), &[("persistentroom", "1")]);
                for session in 1..20 {
                    field.enter(&format!("mallory/{session}"), &format!("r{n}"), &said);
                }
                field.fence("mallory", &format!("r{n}"));
            }
            // All of it is written before the attack begins.
            thread::sleep(Duration::from_secs(4));
        },
        restart: false,
        stanza: |field, n| {
            thread::sleep(Duration::from_millis(50));
            let to = field.room(&format!("r{}", n % 5));
            ("mallory/7".to_owned(), format!("<presence to='{to}/mallory'><status>{n}</status></presence>"))
        },
        short: 200,
        probe: None,
        check: |_, outcome| match outcome.written <= 16 * outcome.bytes_in + (1 << 17) {
            true => Ok(()),
            false => Err(format!("{} bytes sent, {} written", outcome.bytes_in, outcome.written)),
        },
    },
    Attack {
        name: "every place for a room taken",
        by: By::Domain,
        settings: "[limits]\nrooms_max = 300\n",
        prepare: |field| {
            for room in ["stored", "later"] {
                field.create("watcher@calm.example", room, &[("persistentroom", "1")]);
            }
        },
        restart: true,
        stanza: |field, n| {
            let who = format!("m{}", n / 40);
            (
                who,
                format!(
                    "<presence to='{}/m'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
                    field.room(&format!("p{n}"))
                ),
            )
        },
        short: 400,
        probe: None,
        check: |field, _| {
            let stored = field.configure("watcher@calm.example", "stored", &[("roomname", "mine")]);
            let new = field.create("watcher@calm.example", "new", &[]);
            match [&stored, &new].iter().all(|answer| answer.contains("type='result'")) {
                true => Ok(()),
                false => Err(format!("others find no room: {stored} {new}")),
            }
        },
    },
];

fn order(name: &str, fields: &[(&str, &str)]) -> String {
    let (namespace, form) = ("http://jabber.org/protocol/commands", form("urn:xmpp:hats:commands", fields));
    format!(
        "<command xmlns='{namespace}' node='urn:xmpp:hats:commands:{name}' action='execute'>{form}</command>"
    )
}

/// The owner has a command run.
fn command(field: &Field, name: &str, fields: &[(&str, &str)]) {
    field.ask("mallory", &field.room("one"), "set", &order(name, fields));
}

/// So many hats with long names and titles.
fn make_hats(field: &Field, count: usize) {
    let text = "t".repeat(200);
    for n in 0..count {
        command(field, "create", &[("hats#title", &text), ("hats#uri", &format!("urn:hat:{n}:{text}"))]);
    }
}
