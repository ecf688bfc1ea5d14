//! Federation for real: two Prosody servers and an ejabberd, each a domain of its own with certificates, a small DNS and
//! encrypted connections between them, on loopback. The service is attached to one of them; what accounts of all three
//! see is asserted on both sides.

mod bounces;
mod cuts;
mod deaths;
mod net;
mod odd;
mod rooms;
#[path = "../servers/mod.rs"]
mod servers;
mod town;
mod world;

#[path = "../faults/far.rs"]
mod far;
#[allow(dead_code, reason = "the faults need more of it")]
#[path = "../faults/proxy.rs"]
mod proxy;

use self::servers::host::Kind;
use self::world::World;

/// One thing that is played, in rooms of its own.
type Play = fn(&mut World);

/// All that is played, in this order: the last ones take servers down.
const PLAYS: &[(&str, Play)] = &[
    ("accounts of three servers talk", rooms::talk),
    ("who was away reads what was said", rooms::sync),
    ("accounts are invited, also while they are offline", rooms::invite),
    ("accounts and whole domains are banned", rooms::ban),
    ("a nick that a server cannot carry", odd::nick),
    ("an account blocks the room", odd::block_the_room),
    ("an account blocks an occupant", odd::block_an_occupant),
    ("a connection is lost without a word", odd::offline),
    ("a domain sends everything back", bounces::everything),
    ("a domain is not there", bounces::nothing_there),
    ("the connection between two servers stands still", cuts::stands_still),
    ("the connection between two servers is cut", cuts::cut),
    ("the service is killed", deaths::service),
    ("a remote server stops in order", deaths::remote_stops),
    ("a remote server dies", deaths::remote_dies),
    ("the server of the service is restarted", deaths::home),
];

/// Plays everything, or what `CONCLAVE_PLAY` is part of the name of.
fn everything(home: Kind) {
    let only = std::env::var("CONCLAVE_PLAY").unwrap_or_default();
    let plays: Vec<_> = PLAYS.iter().filter(|(name, _)| name.contains(&only)).collect();
    assert!(!plays.is_empty(), "no play has {only:?} in its name");
    let mut world = World::new(home).unwrap_or_else(|e| panic!("{e}"));
    for (name, play) in plays {
        let start = std::time::Instant::now();
        eprintln!("behind {}: {name}", home.name());
        play(&mut world);
        eprintln!("behind {}: {name}: {:.1} s", home.name(), start.elapsed().as_secs_f32());
    }
}

#[test]
fn accounts_of_other_servers_are_at_home_in_rooms_behind_prosody() {
    everything(Kind::Prosody);
}

#[test]
fn accounts_of_other_servers_are_at_home_in_rooms_behind_ejabberd() {
    everything(Kind::Ejabberd);
}
