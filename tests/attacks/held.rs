//! What stays in memory when all is said: it has a bound for all accounts of a domain together.

use crate::field::{Field, owner_form};
use crate::run::{Attack, By, NOTHING_MORE};
use crate::time::iq;

/// Accounts that attack, and how many clients each has in a room.
const ACCOUNTS: usize = 20;
const CLIENTS: usize = 20;

/// What an account that is there for this alone does: so many rooms, with so many of its clients in each.
const OWN_ROOMS: usize = 2;
const OWN_CLIENTS: usize = 5;

pub(crate) const ALL: &[Attack] = &[CLIENTS_THAT_TAKE_MUCH, ACCOUNTS_WITHOUT_END];

const CLIENTS_THAT_TAKE_MUCH: Attack = Attack {
    name: "clients that say little and take much",
    by: By::Domain,
    settings: "",
    prepare: |_| (),
    restart: false,
    stanza: |field, n| {
        let (account, client) = (n % ACCOUNTS, n / ACCOUNTS);
        let inside = format!("<u xmlns='u'>{}</u>", "<a b=''/>".repeat(22));
        let room = format!("r{account}-{}", client / CLIENTS);
        enter(field, account, &format!("c{client}"), &room, &inside)
    },
    short: 3_600,
    probe: None,
    check: NOTHING_MORE,
};

/// None has more than is usual: two rooms, five clients with a status, a message of 14 KB.
const ACCOUNTS_WITHOUT_END: Attack = Attack {
    name: "accounts without end, each with what is usual",
    by: By::Domain,
    // What may be held follows this: it is soon reached.
    settings: "[limits]\nheld_bytes_max = 4194304\ndomain_stanzas_per_second = 0\n",
    prepare: |_| (),
    restart: false,
    stanza: |field, n| {
        let (part, room) = (n % (OWN_CLIENTS + 2), n / (OWN_CLIENTS + 2));
        let (account, name) = (room / OWN_ROOMS, format!("u{room}"));
        match part {
            1 => (format!("m{account}/0"), iq("set", n, &field.room(&name), &owner_form(&[]))),
            6 => {
                let said = format!("<body>{}</body>", "b".repeat(14_000));
                let to = field.room(&name);
                (format!("m{account}/0"), format!("<message type='groupchat' to='{to}'>{said}</message>"))
            }
            part => {
                let said = format!("<status>{}</status>", "s".repeat(1_000));
                enter(field, account, &part.to_string(), &name, &said)
            }
        }
    },
    short: 10_500,
    probe: None,
    check: NOTHING_MORE,
};

/// A client of an account enters a room.
fn enter(field: &Field, account: usize, client: &str, room: &str, inside: &str) -> (String, String) {
    let to = format!("{}/m{account}", field.room(room));
    (
        format!("m{account}/{client}"),
        format!("<presence to='{to}'><x xmlns='http://jabber.org/protocol/muc'/>{inside}</presence>"),
    )
}
