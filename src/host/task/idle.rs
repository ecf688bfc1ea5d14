//! What rooms take in memory that wait, to be read or for something to do, and which never come to be.

use std::mem::size_of_val;
use std::path::Path;

use super::*;
use crate::config::{self, Sources};
use crate::engine::Machine;
use crate::link;
use crate::room::Room;
use crate::room::roster::Roster;
use crate::store::memory::MemoryArchive;
use crate::store::memory::MemoryStore;
use crate::wire::size;

fn host() -> Arc<Host> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("component.toml");
    let settings = config::load(&Sources { file: Some(file), ..Sources::default() });
    let settings = settings.expect("the sample is complete");
    let (outbox, _outlet) = link::outbox(settings.limits.queue_bytes_max);
    let (store, archive) = (Arc::new(MemoryStore::new()), Arc::new(MemoryArchive::new()));
    Host::start(&settings, store, archive, outbox).expect("stores in memory work")
}

/// A stanza from an account of a domain; gives whether its room is in memory then.
fn say(host: &Arc<Host>, who: &str, room: &str, xml: &str) -> bool {
    let addresses = format!(" xmlns='jabber:client' from='{who}/x' to='{room}/nick' ");
    let stanza: minidom::Element = xml.replacen(' ', &addresses, 1).parse().expect("xml");
    let size = size::of(&stanza);
    host.route(stanza, size);
    host.rooms().contains_key(&BareJid::parse(room).expect("a room"))
}

const JOIN: &str = "<presence ><x xmlns='http://jabber.org/protocol/muc'/></presence>";

// 45-14.6-a
#[tokio::test]
async fn rooms_that_wait_to_be_read_and_those_where_nothing_happens_are_small() {
    let host = host();
    let room = BareJid::parse("room@rooms.example.org").expect("a room");
    let (mailbox, events) = Mailbox::new(host.bounds.clone());
    let mailbox = Arc::new(mailbox);
    let starts = run(host.clone(), room.clone(), None, mailbox.clone(), events);
    assert!(size_of_val(&starts) <= 1200, "{} bytes", size_of_val(&starts));
    let (_, events) = Mailbox::new(host.bounds.clone());
    let lives =
        Task::new(host, Machine::from(Room::absent(room)), PersistedView::default(), mailbox).live(events);
    let own = size_of::<Task>();
    assert!(size_of_val(&lives) <= 2 * own + 2400, "{} bytes, {own} of the task", size_of_val(&lives));
}

// 45-14.6-a
#[tokio::test]
async fn a_domain_has_no_more_rooms_that_wait_to_be_read_than_it_may_have_waiting() {
    let host = host();
    let max = host.service.limits.mailbox_bytes_max;
    // No room is read meanwhile: there is one thread, and this keeps it.
    let started = (0..5_000)
        .filter(|n| say(&host, &format!("a{n}@loud.example"), &format!("r{n}@rooms.example.org"), JOIN));
    let started = started.count();
    let most = max / 2 / (4 << 10);
    assert!((most / 2..most).contains(&started), "{started} of {most}");
    assert_eq!(host.rooms().len(), started, "what is refused starts no task");
    assert!(say(&host, "a@quiet.example", "quiet@rooms.example.org", JOIN));
    // A room that is read counts no more than what waits for it.
    let (mailbox, _events) = Mailbox::new(host.bounds.clone());
    mailbox.note(Arc::new(Roster::default()));
    let event = || {
        Event::Stanza(Box::new(
            crate::wire::inbound::Inbound::parse(
                "<message xmlns='jabber:client' from='a@other.example/x' to='r@s'/>".parse().expect("xml"),
            )
            .expect("a stanza"),
        ))
    };
    let taken = std::iter::repeat_with(|| mailbox.put(event())).take_while(Result::is_ok).count();
    assert!(taken > 1_500, "{taken}");
}

// 45-14.6-a
#[tokio::test]
async fn what_tells_a_room_that_is_not_there_that_an_account_is_gone_starts_nothing() {
    let host = host();
    let room = "room@rooms.example.org";
    for gone in [
        "<presence type='unavailable'/>",
        "<presence type='error'/>",
        "<message type='error'/>",
        "<iq type='result' id='i'/>",
        "<iq type='error' id='i'/>",
    ] {
        assert!(!say(&host, "a@b.example", room, gone), "{gone}");
    }
    // One that is stored is read for it, and one that is in memory gets it.
    host.quotas.know(&BareJid::parse(room).expect("a room"), None, true);
    assert!(say(&host, "a@b.example", room, "<presence type='unavailable'/>"));
    assert!(say(&host, "a@b.example", "other@rooms.example.org", JOIN));
    assert!(say(&host, "a@b.example", "other@rooms.example.org", "<presence type='unavailable'/>"));
}
