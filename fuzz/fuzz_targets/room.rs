//! A story: what people do in a room, step by step. What must hold after every step is checked by the world.
#![no_main]

use conclave_fuzz::action::Action;
use conclave_fuzz::world::World;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|story: Vec<Action>| {
    let mut world = World::new();
    for action in story.iter().take(60) {
        action.take_place(&mut world);
    }
});
