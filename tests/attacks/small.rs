//! What is small, and others notice it.

use std::time::Duration;

use crate::field::owner_form;
use crate::run::{Attack, By};
use crate::scale;
use crate::time::iq;

/// What a refusal says besides what was refused.
const REFUSAL_BYTES: u64 = 500;

pub(crate) const ALL: &[Attack] = &[
    Attack {
        name: "rooms that wait for their first occupant",
        by: By::Domain,
        settings: "",
        prepare: |_| {},
        restart: false,
        stanza: |field, n| {
            (format!("m{}", n / 48), iq("set", n, &field.room(&format!("w{n}")), &owner_form(&[])))
        },
        short: 1050,
        probe: None,
        check: |field, _| {
            let answer = field.configure("watcher@calm.example", "wanted", &[]);
            match answer.contains("type='result'") {
                true => Ok(()),
                false => Err(format!("nobody else can make a room in advance: {answer}")),
            }
        },
    },
    Attack {
        name: "requests to an occupant who does not answer",
        by: By::Account,
        settings: "",
        prepare: |field| {
            field.create("eve", "one", &[]);
            field.enter("mallory", "one", "");
            field.enter("victim@calm.example", "one", "");
            field.fence("mallory", "one");
            // The first one is the victim's own, which eve is still to answer.
            let to = format!("{}/eve", field.room("one"));
            let number = field.begin("victim@calm.example", &to, "get", "<query xmlns='jabber:iq:version'/>");
            field.remembered(|| number.to_string());
        },
        restart: false,
        stanza: |field, n| {
            let to = format!("{}/eve", field.room("one"));
            ("mallory".to_owned(), iq("get", n, &to, "<query xmlns='jabber:iq:version'/>"))
        },
        short: 1050,
        probe: None,
        check: |field, _| {
            let number = field.remembered(String::new).parse().expect("a number");
            match field.wait(number, Duration::from_millis(200)) {
                None => Ok(()),
                Some((_, answer)) => Err(format!("another's request is given up: {answer}")),
            }
        },
    },
    Attack {
        name: "refusals of invitations that nobody sent",
        by: By::Domain,
        settings: "",
        prepare: |field| {
            field.create("owner@calm.example", "one", &[]);
            field.enter("victim@calm.example", "one", "");
            // What they are sent now is not of the attack.
            field.fence("owner@calm.example", "one");
        },
        restart: false,
        stanza: |field, n| {
            let room = field.room("one");
            let inside = format!("{room}/victim");
            let to =
                ["victim@calm.example", inside.as_str(), "owner@calm.example", "nobody@calm.example"][n % 4];
            let decline = format!("<decline to='{to}'><reason>{}</reason></decline>", "x".repeat(4000));
            let x = format!("<x xmlns='http://jabber.org/protocol/muc#user'>{decline}</x>");
            (format!("m{}", n / 48), format!("<message id='d{n}' to='{room}'>{x}</message>"))
        },
        short: 2000,
        probe: None,
        // None of it reaches the accounts that it names, or their room. Within the rates it is not answered; who sends more gets
        // an error for each stanza.
        check: |_, outcome| {
            let most = match scale::minutes() {
                None => outcome.bytes_in / 10,
                Some(_) => outcome.bytes_in + outcome.stanzas as u64 * REFUSAL_BYTES + (1 << 20),
            };
            match outcome.bytes_to_others == 0 && outcome.bytes_out < most {
                true => Ok(()),
                false => Err(format!(
                    "of {} bytes {} came back and {} went to others",
                    outcome.bytes_in, outcome.bytes_out, outcome.bytes_to_others
                )),
            }
        },
    },
    Attack {
        name: "an id of more than a page",
        by: By::Account,
        settings: "",
        prepare: |field| {
            field.create("mallory", "one", &[("persistentroom", "1")]);
        },
        restart: false,
        stanza: |field, n| {
            let (room, long) = (field.room("one"), "i".repeat(8_300));
            let xml = match n % 2 {
                0 => format!("<message type='groupchat' id='{long}{n}' to='{room}'><body>b</body></message>"),
                _ => format!("<presence to='{room}/mallory'><q xmlns='urn:q' a='{long}'/></presence>"),
            };
            ("mallory".to_owned(), xml)
        },
        short: 6,
        // What is on the disk is sound: `conclave store check` and `compact` read all of it.
        probe: None,
        check: |_, _| Ok(()),
    },
];
