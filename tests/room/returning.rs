//! Occupants whom a restart has brought back.

use conclave::engine::restart::{PersistedView, bring_back};
use conclave::room::Room;
use conclave::room::write::Write;
use conclave::store::LocalStore as _;
use conclave::store::memory::MemoryStore;
use conclave::wire::jid::BareJid;

use crate::world::{ROOM, World};

/// The service was killed: the room is as it was when the store was told of it.
fn crash(w: &mut World, writes: &[Write]) {
    let store = MemoryStore::new();
    store.commit(&w.writes).expect("this store always takes");
    store.commit(writes).expect("this store always takes");
    let room = BareJid::parse(ROOM).expect("a jid");
    let state = store.load(&room).expect("this store always reads").expect("the room is stored");
    let occupants = store.occupants(&room).expect("this store always reads");
    w.room = bring_back(Room::stored(room, state, Default::default()), occupants).0;
}

#[test]
fn who_left_in_the_moments_before_a_crash_is_shown_to_the_others_when_he_comes_back() {
    // 45-7.2.2-c
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.join("romeo");
    w.join("juliet");
    let (writes, _) = PersistedView::default().catch_up(&w.room);
    w.send("romeo", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/romeo'/>"));
    w.clear();
    crash(&mut w, &writes);
    // The room has him still, Juliet saw him leave.
    w.join("romeo");
    assert_eq!(w.got("juliet"), ["available romeo [none participant]"], "he is there again");
    // Once is enough: now the room and she agree.
    w.join("romeo");
    assert_eq!(w.got("juliet"), [""; 0], "nothing new");
}
