//! Stanzas that are more than they look.

use crate::field::Field;
use crate::run::{Attack, By, NOTHING_MORE};
use crate::scale;

pub(crate) const ALL: &[Attack] = &[
    Attack {
        name: "a long namespace in every element",
        by: By::Account,
        settings: "",
        prepare: |field| {
            field.create("mallory", "one", &[("persistentroom", "1")]);
        },
        restart: false,
        stanza: |field, n| {
            let namespace = format!("urn:{}", "n".repeat(scale::of(10_000, 900_000)));
            let children = "<p:a/>".repeat(9_900);
            let inside = format!("<q xmlns='urn:q' xmlns:p='{namespace}'>{children}</q>");
            (
                mallory(),
                format!("<message type='groupchat' id='n{n}' to='{}'>{inside}</message>", field.room("one")),
            )
        },
        short: 4,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "presences of empty elements",
        by: By::Account,
        settings: "",
        prepare: rooms,
        restart: false,
        stanza: |field, n| {
            let inside = format!("<q xmlns='urn:q'>{}</q>", "<a/>".repeat(2_300));
            let to = format!("{}/mallory", field.room(&format!("r{}", n % 10)));
            // Twenty clients of one account.
            let who = format!("mallory/c{}", n / 10 % 20);
            (
                who,
                format!("<presence to='{to}'><x xmlns='http://jabber.org/protocol/muc'/>{inside}</presence>"),
            )
        },
        short: 200,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "a history of empty elements",
        by: By::Account,
        settings: "",
        prepare: rooms,
        restart: false,
        stanza: |field, n| {
            let inside = format!("<body>b</body><q xmlns='urn:q'>{}</q>", "<a/>".repeat(2_500));
            let to = field.room(&format!("r{}", n % 10));
            (mallory(), format!("<message type='groupchat' id='e{n}' to='{to}'>{inside}</message>"))
        },
        short: 900,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "a language of a mebibyte",
        by: By::Account,
        settings: "",
        prepare: rooms,
        restart: false,
        stanza: |field, n| {
            let room = field.room(&format!("r{}", n % 10));
            let language = "l".repeat(scale::of(200_000, 1_000_000));
            if n % 2 == 0 {
                return (mallory(), format!("<presence to='{room}/mallory' xml:lang='{language}'/>"));
            }
            let subject = format!("<subject xml:lang='{language}'>s</subject>");
            (mallory(), format!("<message type='groupchat' id='l{n}' to='{room}'>{subject}</message>"))
        },
        short: 40,
        probe: None,
        check: NOTHING_MORE,
    },
];

fn mallory() -> String {
    "mallory".to_owned()
}

/// Ten rooms of one account.
fn rooms(field: &Field) {
    for room in 0..10 {
        field.create("mallory", &format!("r{room}"), &[("persistentroom", "1")]);
    }
}
