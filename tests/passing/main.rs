//! What other specifications put into stanzas passes through a room of ours, behind real servers: what an occupant gets
//! is, in canonical form, what the sender wrote, child for child and in order.

mod canonical;
mod messages;
mod party;
mod samples;
#[path = "../servers/mod.rs"]
mod servers;

use crate::messages::{ABOUT, TALK, WRAPPED};
use crate::party::Party;
use crate::samples::{EXCHANGES, PRESENCES, Sample};
use crate::servers::host::Kind;

fn messages() -> Vec<Sample> {
    [TALK, ABOUT, WRAPPED].concat()
}

/// Everything through one server: a server takes seconds to start.
fn everything_passes(kind: Kind) {
    let mut party = Party::start(kind);
    let messages = messages();
    for sample in &messages {
        party.says_to_all(sample);
    }
    party.history_holds(&messages);
    party.archive_holds(&messages);
    for sample in &messages {
        party.says_to_one(sample);
    }
    for sample in PRESENCES {
        party.shows(sample);
    }
    party.newcomer_sees(PRESENCES.last().expect("a sample"));
    for sample in PRESENCES {
        party.enters_with(sample);
    }
    for exchange in EXCHANGES {
        party.asks(exchange);
    }
    party.judge();
}

#[test]
fn payloads_pass_untouched_through_prosody() {
    // 45-7.4-a 45-7.4-c 45-7.5-a 45-7.14-d 45-17.2-d 45-17.3-g 45-17.4-b 045-1 280-1 308-1 313-10
    // 313-12 333-1 359-3
    everything_passes(Kind::Prosody);
}

#[test]
fn payloads_pass_untouched_through_ejabberd() {
    // 45-7.4-a 45-7.4-c 45-7.5-a 45-7.14-d 45-17.2-d 45-17.3-g 45-17.4-b 045-1 280-1 308-1 313-10
    // 313-12 333-1 359-3
    everything_passes(Kind::Ejabberd);
}

#[test]
fn every_specification_that_only_passes_has_a_sample() {
    let specs: Vec<&str> = messages()
        .iter()
        .chain(PRESENCES)
        .map(|sample| sample.spec)
        .chain(EXCHANGES.iter().map(|exchange| exchange.spec))
        .collect();
    for number in [
        "0004", "0027", "0066", "0071", "0080", "0085", "0115", "0131", "0153", "0172", "0184", "0201",
        "0224", "0231", "0245", "0249", "0258", "0272", "0292", "0297", "0301", "0308", "0319", "0333",
        "0334", "0353", "0359", "0363", "0364", "0367", "0372", "0373", "0374", "0380", "0382", "0384",
        "0385", "0390", "0393", "0394", "0420", "0422", "0428", "0439", "0444", "0446", "0447", "0448",
        "0449", "0461", "0466", "0481", "0482", "0483", "0491", "0511", "0513",
    ] {
        assert!(specs.iter().any(|spec| spec.contains(&format!("XEP-{number}"))), "XEP-{number}");
    }
    let different: std::collections::BTreeSet<_> = specs.iter().collect();
    assert_eq!(different.len(), specs.len(), "every sample has a name of its own");
}
