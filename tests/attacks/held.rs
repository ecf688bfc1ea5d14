//! What stays in memory when all is said: it has a bound for all accounts of a domain together.

use crate::field::Field;
use crate::run::{Attack, By, NOTHING_MORE};

/// Accounts that attack, and how many clients each has in a room.
const ACCOUNTS: usize = 20;
const CLIENTS: usize = 20;

pub(crate) const ALL: &[Attack] = &[Attack {
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
}];

/// A client of an account enters a room.
fn enter(field: &Field, account: usize, client: &str, room: &str, inside: &str) -> (String, String) {
    let to = format!("{}/m{account}", field.room(room));
    (
        format!("m{account}/{client}"),
        format!("<presence to='{to}'><x xmlns='http://jabber.org/protocol/muc'/>{inside}</presence>"),
    )
}
