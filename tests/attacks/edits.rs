//! What some write keeps others waiting who have little to write.

use std::thread;
use std::time::Duration;

use crate::field::{Field, owner_form};
use crate::run::{Attack, By, Outcome, Request};
use crate::scale;
use crate::time::iq;

/// Rooms with many affiliations, each of another owner.
const LARGE: usize = 3;
/// Who helps an owner to fill a room: what one account may send is not enough.
const HELPERS: usize = 8;
/// Accounts that write in rooms of their own.
const WRITERS: usize = 40;
/// Items of one request.
const ITEMS: usize = 500;

pub(crate) const ALL: &[Attack] = &[
    Attack {
        name: "large rooms made persistent and temporary",
        by: By::Domain,
        settings: "",
        prepare: |field| {
            for room in 0..LARGE {
                let (owner, name) = (owner(room), large(room));
                field.create(&owner, &name, &[]);
                let helpers: Vec<String> = (0..HELPERS).map(|n| format!("helper{n}")).collect();
                let item = |who: &String| format!("<item affiliation='owner' jid='{who}@evil.example'/>");
                field.ask(&owner, &field.room(&name), "set", &admin(helpers.iter().map(item)));
                let mut asked = Vec::new();
                for part in 0..scale::of(4, 180) {
                    let items = (0..ITEMS).map(|n| member(part * ITEMS + n, true));
                    // What is beyond the bounds is refused: then the room is as large as it can be.
                    asked.push(field.begin(
                        &helpers[part % HELPERS],
                        &field.room(&name),
                        "set",
                        &admin(items),
                    ));
                }
                asked.into_iter().for_each(|number| drop(field.wait(number, scale::PATIENCE)));
            }
            // All of it is written before the service stops.
            thread::sleep(Duration::from_secs(scale::of(4, 20) as u64));
        },
        restart: true,
        stanza: |field, n| {
            let (room, persistent) = (n % LARGE, if (n / LARGE).is_multiple_of(2) { "1" } else { "0" });
            (
                owner(room),
                iq("set", n, &field.room(&large(room)), &owner_form(&[("persistentroom", persistent)])),
            )
        },
        short: 12,
        probe: Some(edit),
        check: edits_are_quick,
    },
    Attack {
        name: "long lists of many accounts in persistent rooms",
        by: By::Domain,
        settings: "",
        prepare: |field| {
            for n in 0..WRITERS {
                field.create(&format!("w{n}"), &format!("w{n}"), &[("persistentroom", "1")]);
            }
        },
        restart: false,
        stanza: |field, n| {
            let (writer, round) = (format!("w{}", n % WRITERS), n / WRITERS);
            let items = (0..scale::of(ITEMS / 5, ITEMS)).map(|n| member(n, round % 2 == 0));
            (writer.clone(), iq("set", n, &field.room(&writer), &admin(items)))
        },
        short: 2 * WRITERS,
        probe: Some(edit),
        check: edits_are_quick,
    },
];

fn owner(room: usize) -> String {
    format!("owner{room}")
}

fn large(room: usize) -> String {
    format!("large{room}")
}

fn member(n: usize, is_member: bool) -> String {
    let affiliation = if is_member { "member" } else { "none" };
    format!("<item affiliation='{affiliation}' jid='m{n}@e.example'/>")
}

fn admin(items: impl Iterator<Item = String>) -> String {
    format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{}</query>", items.collect::<String>())
}

/// The owner of an unrelated persistent room changes an affiliation.
fn edit(field: &Field, n: usize) -> Request {
    (field.room("calm"), "set", admin([member(n / 2, n.is_multiple_of(2))].into_iter()))
}

fn edits_are_quick(_: &Field, outcome: &Outcome) -> Result<(), String> {
    let (took, bound) = (outcome.probe_worst(), scale::ping_bound());
    if took <= bound { Ok(()) } else { Err(format!("an edit of an unrelated room takes {took:?}")) }
}
