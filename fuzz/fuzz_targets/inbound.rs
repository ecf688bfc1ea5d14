//! Stanzas of any make: each is read or turned down, and each way to turn it down gives an error that can be read.
#![no_main]

use conclave::wire::encode::Outgoing;
use conclave::wire::inbound::Inbound;
use conclave::wire::parse::Malformed;
use conclave::wire::jid::Jid;
use conclave::wire::refusal::Refusal;
use conclave::wire::stream::{Output, StreamReader};
use conclave::words::{Lang, NO_SUCH_FIELD, Words};
use conclave_fuzz::{OPEN, WIDE, stanzas};
use libfuzzer_sys::fuzz_target;
use minidom::Element;

const REFUSALS: [fn(Words) -> Refusal; 17] = [
    Refusal::bad_request,
    Refusal::conflict,
    Refusal::feature_not_implemented,
    Refusal::forbidden,
    Refusal::item_not_found,
    Refusal::jid_malformed,
    Refusal::not_acceptable,
    Refusal::not_acceptable_here,
    Refusal::not_allowed,
    Refusal::not_authorized,
    Refusal::policy_violation,
    Refusal::registration_required,
    Refusal::resource_constraint,
    Refusal::service_unavailable,
    Refusal::room_full,
    Refusal::remote_server_timeout,
    Refusal::internal_server_error,
];

/// An answer goes back to the sender, says that it is an error, and says which one.
fn check(answer: &Element, name: &str, from: &str) {
    let to = Jid::parse(answer.attr("to").expect("a recipient")).expect("an address");
    let mut bytes = Vec::new();
    Outgoing::one(answer, to.clone()).stanza.splice(&to, &mut bytes);
    let read = stanzas(&bytes);
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].name(), read[0].attr("type"), read[0].attr("to")), (name, Some("error"), Some(from)));
    let errors = read[0].children().filter(|c| c.name() == "error" && c.ns() == read[0].ns());
    let conditions: Vec<usize> = errors.map(|error| error.children().count()).collect();
    assert_eq!(conditions, [2], "one error with a condition and a text");
}

fuzz_target!(|data: &[u8]| {
    let mut reader = StreamReader::new(WIDE);
    let mut out = Vec::new();
    let _ = reader.feed(OPEN, &mut out).and_then(|()| reader.feed(data, &mut out));
    for output in out {
        let Output::Stanza(stanza, _) = output else { continue };
        let sender = stanza.attr("from").and_then(|from| Jid::prepare(from).ok());
        let name = stanza.name().to_owned();
        match Inbound::parse(stanza) {
            Err(Malformed::Silent(_)) => {}
            Err(Malformed::Answer(answer)) => check(&answer, &name, sender.expect("a sender").as_str()),
            Ok(inbound) => {
                let _ = (inbound.payload(), inbound.is_refusable());
                for refusal in REFUSALS {
                    let answer = refusal(NO_SUCH_FIELD.with([inbound.id()])).answer(&inbound, Lang::english());
                    assert_eq!(answer.is_some(), inbound.may_be_answered());
                    if let Some(answer) = answer {
                        check(&answer, &name, inbound.from.as_str());
                    }
                }
            }
        }
    }
});
