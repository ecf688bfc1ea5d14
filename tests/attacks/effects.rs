//! One event of which too much goes out.

use crate::field::{Field, owner_form};
use crate::run::{Attack, By, NOTHING_MORE};
use crate::scale;
use crate::time::iq;

/// As long as a presence may be, nearly.
const PRESENCE_BYTES: usize = 15_000;

pub(crate) const ALL: &[Attack] = &[
    Attack {
        name: "real addresses shown to a full room",
        by: By::Domain,
        settings: "",
        prepare: |field| crowd(field, "one", scale::of(150, 1000), 0),
        restart: true,
        stanza: whois,
        short: 4,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "real addresses shown with long presences",
        by: By::Domain,
        settings: "",
        prepare: |field| crowd(field, "one", scale::of(100, 200), PRESENCE_BYTES),
        restart: true,
        stanza: whois,
        short: 2,
        probe: None,
        check: NOTHING_MORE,
    },
    Attack {
        name: "invitations with long reasons",
        by: By::Account,
        settings: "",
        prepare: |field| {
            field.create("mallory", "one", &[("persistentroom", "1")]);
        },
        restart: false,
        stanza: |field, n| {
            let reason = "r".repeat(4000);
            let invite = |i| format!("<invite to='v{i}@victim.example'><reason>{reason}</reason></invite>");
            let invites: String = (0..50).map(invite).collect();
            let x = format!("<x xmlns='http://jabber.org/protocol/muc#user'>{invites}</x>");
            ("mallory".to_owned(), format!("<message id='i{n}' to='{}'>{x}</message>", field.room("one")))
        },
        short: 20,
        // What is said in the room's name to anybody is no more than what came in.
        probe: None,
        check: |_, outcome| match outcome.bytes_out <= 2 * outcome.bytes_in + (1 << 20) {
            true => Ok(()),
            false => Err(format!("{} bytes go out of {}", outcome.bytes_out, outcome.bytes_in)),
        },
    },
    Attack {
        name: "long words on leaving",
        by: By::Account,
        settings: "",
        prepare: |field| crowd(field, "one", scale::of(100, 200), 0),
        restart: true,
        stanza: |field, n| {
            let to = format!("{}/mallory", field.room("one"));
            if n % 2 == 0 {
                let enter =
                    format!("<presence to='{to}'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
                return ("mallory".to_owned(), enter);
            }
            let status = format!("<status>{}</status>", "s".repeat(16_000)).repeat(40);
            ("mallory".to_owned(), format!("<presence type='unavailable' to='{to}'>{status}</presence>"))
        },
        short: 8,
        probe: None,
        check: |_, outcome| {
            let each = scale::of(100, 200) as u64 * 20_000;
            match outcome.bytes_out <= outcome.stanzas as u64 * each + (1 << 20) {
                true => Ok(()),
                false => Err(format!("{} bytes go out of {} stanzas", outcome.bytes_out, outcome.stanzas)),
            }
        },
    },
];

/// A room of mallory's with so many people, each with a presence of about so many bytes.
fn crowd(field: &Field, room: &str, people: usize, bytes: usize) {
    field.create("mallory", room, &[("persistentroom", "1"), ("whois", "moderators")]);
    let status = format!("<status>{}</status>", "s".repeat(bytes));
    for n in 0..people {
        field.enter(&format!("p{n}"), room, if bytes > 0 { &status } else { "" });
        if n % 10 == 9 {
            field.fence("mallory", room);
        }
    }
    field.fence("mallory", room);
}

/// The owner shows and hides real addresses in turn.
fn whois(field: &Field, n: usize) -> (String, String) {
    let form = owner_form(&[("whois", ["anyone", "moderators"][n % 2])]);
    ("mallory".to_owned(), iq("set", n, &field.room("one"), &form))
}
