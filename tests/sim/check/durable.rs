//! What would be loaded after a crash is what was acknowledged: everything about a persistent room that is configured,
//! nothing about a room that is gone.

use conclave::room::state::State;
use conclave::wire::jid::BareJid;
use jiff::Timestamp;

use crate::sheet::Sheet;

/// Compares how a room stands, after a commit or before a crash, with what the store has.
pub(crate) fn look(sheet: &Sheet, locked: bool, stored: Option<&State>, lags: bool) -> Result<(), String> {
    let lasting = sheet.exists() && !locked && sheet.config().persistent;
    match (lasting.then(|| sheet.room.state()), stored) {
        (None, None) => Ok(()),
        (Some(due), Some(stored)) if due == stored => Ok(()),
        (Some(due), Some(stored)) => {
            let lost = |jid: &&BareJid| due.affiliations.get(*jid) != stored.affiliations.get(*jid);
            let all = due.affiliations.keys().chain(stored.affiliations.keys());
            match all.into_iter().find(lost) {
                Some(jid) => Err(format!("the store has another affiliation of {jid}")),
                None => Err(format!("the store has {:?}, and due is {:?}", stored.record, due.record)),
            }
        }
        // A temporary room is kept for as long as somebody is in it, and written when there is time.
        (None, Some(stored))
            if sheet.exists() && (stored.record.locked || !stored.record.config.persistent) =>
        {
            Ok(())
        }
        // That it is gone is told to a disk that works.
        (None, Some(stored)) if lags && (stored.record.locked || !stored.record.config.persistent) => Ok(()),
        (None, Some(_)) => Err("the store keeps a room that should not outlive the process".to_owned()),
        (Some(_), None) => Err("the store has lost a room".to_owned()),
    }
}

/// The archive has every message that was acknowledged, once, in the order in which they were said; its times go on
/// also when a clock is set back.
pub(crate) fn archive(has: &[(u64, Timestamp)], due: &[(u64, Timestamp)]) -> Result<(), String> {
    let numbers = |all: &[(u64, Timestamp)]| all.iter().map(|(number, _)| *number).collect::<Vec<_>>();
    if numbers(has) != numbers(due) {
        return Err(format!("the archive has {:?}, and due are {:?}", numbers(has), numbers(due)));
    }
    if has.is_sorted_by_key(|(_, at)| *at) { Ok(()) } else { Err("times in the archive go back".to_owned()) }
}
