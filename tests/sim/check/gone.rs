//! Nobody is removed for being gone who is there, and nobody who is gone stays for long.
//!
//! Who is there: whoever has a session and a server that can be reached. A server is given three minutes; one that is
//! reachable for three minutes at a stretch has not been out of reach before.

use conclave::wire::inbound::{Kind, MessageType, PresenceType};

use super::Check;
use crate::host::Host;
use crate::net::{Link, Net, Remote};
use crate::run::Scene;
use crate::sheet::Sheet;

/// How long a server may be out of reach before somebody is removed for it, in seconds.
const GRACE_SECONDS: i64 = 180;

/// How long after a gap somebody may still be shown who has vanished before it, in seconds.
const GHOST_SECONDS: i64 = 15;

pub(super) struct Gone;

impl Check for Gone {
    fn name(&self) -> &'static str {
        "gone"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let Some(cause) = &happening.cause else { return Ok(()) };
        let bounce = matches!(
            cause.kind,
            Kind::Presence(PresenceType::Error) | Kind::Message(MessageType::Error) | Kind::Iq(_)
        );
        for client in 0..scene.cast.clients {
            let left =
                happening.before.seat_of(client).is_some() && happening.after.seat_of(client).is_none();
            if !left || !bounce || cause.may_be_answered() {
                continue;
            }
            let name = &scene.cast.entities[client].name;
            if happening.sender != Some(client) {
                return Err(format!("{name} is removed for what came back from somebody else"));
            }
            if !may_be_removed(scene.net, client, scene.second) {
                return Err(format!("{name} is removed, and is there"));
            }
        }
        Ok(())
    }
}

fn may_be_removed(net: &Net, client: usize, second: i64) -> bool {
    if !net.is_online(client) {
        return true;
    }
    if !net.is_remote(client) || net.remote == Remote::Up {
        return false;
    }
    let mut since = second;
    for (start, end) in net.outages.iter().rev() {
        if end.is_some_and(|end| since - end >= GRACE_SECONDS) {
            break;
        }
        since = *start;
    }
    second - since >= GRACE_SECONDS
}

/// After a gap, whoever vanished before it is gone soon, if nothing else went wrong since.
pub(crate) fn ghosts(sheets: &[Sheet], host: &Host<'_>, net: &Net, clients: usize) -> Result<(), String> {
    let Some(up_since) = host.up_since.filter(|_| net.link == Link::Up && !host.stalled) else {
        return Ok(());
    };
    if host.second - up_since.max(host.awake_since) < GHOST_SECONDS {
        return Ok(());
    }
    for client in 0..clients {
        let vanished = net.offline_since[client].is_some_and(|since| since < up_since);
        let unreachable =
            net.is_remote(client) && net.outages.iter().any(|(_, end)| end.is_none_or(|end| end >= up_since));
        if vanished && !unreachable && sheets.iter().any(|sheet| sheet.seat_of(client).is_some()) {
            let seconds = host.second - up_since;
            return Err(format!(
                "client {client}, who vanished in a gap, is still in the room {seconds} s after it"
            ));
        }
    }
    Ok(())
}
