//! A room out of the store.

use std::sync::Arc;

use tracing::error;

use super::pay::OfRoom;
use super::send::send;
use super::{Events, Host, Mailbox, Meter};
use crate::engine::Machine;
use crate::engine::restart::{self, PersistedView};
use crate::room;
use crate::room::Room;
use crate::room::effect::Effects;
use crate::store::{StoreError, wait};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::refusal::Refusal;
use crate::words;

/// Reads the room from the store. One that would take too much memory waits once until rooms that need not be there have gone,
/// and is read again. If there is no space then either, or if reading fails, what waits is refused with `wait`, so that clients
/// come back, and the next stanza tries again.
pub(super) async fn load(
    host: &Arc<Host>,
    jid: &BareJid,
    asker: Option<Jid>,
    mailbox: &Mailbox,
    events: &mut Events,
) -> Option<Box<(Machine, PersistedView)>> {
    let line = host.quotas.line(jid, asker.as_ref().map(Jid::to_bare).as_ref());
    let mut is_again = false;
    loop {
        let (reader, key, payer) = (host.clone(), jid.clone(), asker.clone());
        let place = host.loading.turn(&line).place().await;
        let read = move || {
            let meter = Meter::start();
            let read = stored(&reader, &key).map(Box::new);
            payer.iter().for_each(|payer| reader.charge(payer, meter.tokens()));
            read
        };
        let read = tokio::task::spawn_blocking(read).await;
        drop(place);
        let mut refusal = Refusal::internal_server_error(&words::ROOM_UNREADABLE);
        match read {
            Ok(Ok(read)) => {
                host.rooms_read.works();
                if OfRoom::may_come(&host.service, &read.0) {
                    return Some(read);
                }
                if !is_again && !host.is_stopping() {
                    // What was read takes memory, too: it is read again.
                    drop(read);
                    is_again = true;
                    Box::pin(host.send_away()).await;
                    continue;
                }
                refusal = Refusal::resource_constraint(&words::ROOMS_TAKE_TOO_MUCH);
            }
            Ok(Err(e)) => host.rooms_read.fails(&e),
            Err(e) => error!(room = %jid, "reading the room broke off: {e}"),
        }
        is_again = false;
        while let Ok(waiting) = events.try_recv() {
            let (event, _) = mailbox.taken(*waiting);
            let refused = event.inbound().map(|inbound| Effects::refused(&refusal, inbound, host.lang()));
            Box::pin(send(host, jid, "", refused.unwrap_or_default())).await;
        }
        if host.retire(jid, mailbox) {
            return None;
        }
    }
}

/// The room as the store and the archive have it, and what the store was told.
pub(super) fn stored(host: &Host, jid: &BareJid) -> Result<(Machine, PersistedView), StoreError> {
    let of_service = |room: Room| {
        let service = &host.service;
        let owners: &[BareJid] = if service.admins_own_rooms { &service.admins } else { &[] };
        room.with_service_admins(owners)
            .with_versions(service.affiliation_versions)
            .with_each_session(service.item_per_session)
    };
    let Some(state) = wait(host.store.load(jid))? else {
        return Ok((of_service(Room::absent(jid.clone())).into(), PersistedView::default()));
    };
    let (config, archive) = (&state.record.config, &state.record.archive);
    let history = room::recent::restore(config, &host.service.limits, |each| {
        wait(host.archive.look_back(archive, each))
    })?;
    let room = of_service(Room::stored(jid.clone(), state, history));
    // Made here, where no stanza waits, and kept from then on.
    room.reserved();
    let mut occupants = wait(host.store.occupants(jid))?;
    occupants.iter_mut().for_each(|stored| Arc::make_mut(&mut stored.occupant).hold(&host.service));
    Ok(restart::bring_back(room, occupants))
}
