//! A room out of the store.

use std::sync::Arc;

use tracing::error;

use super::send::send;
use super::{Events, Host, Mailbox, Meter, refuse};
use crate::feature::restart::Told;
use crate::feature::{self, restart};
use crate::host::places::InLine;
use crate::room::Room;
use crate::room::effect::Effects;
use crate::room::event::Event;
use crate::store::StoreError;
use crate::wire::jid::{BareJid, Jid};
use crate::words::{self, Lang};

/// Reads the room from the store. If that fails, whatever waits is refused with `wait`, so that clients come back,
/// and the next stanza tries again.
pub(super) async fn load(
    host: &Arc<Host>,
    jid: &BareJid,
    asker: Option<Jid>,
    mailbox: &Mailbox,
    events: &mut Events,
) -> Option<(Room, Told)> {
    let of_asker = || asker.as_ref().map(|asker| InLine::from(&asker.to_bare())).unwrap_or_default();
    let line = host.quotas.line(jid).unwrap_or_else(of_asker);
    loop {
        let (reader, key, payer) = (host.clone(), jid.clone(), asker.clone());
        let place = host.loading.turn(&line).place().await;
        let read = move || {
            let meter = Meter::start();
            let read = stored(&reader, &key);
            payer.iter().for_each(|payer| reader.charge(payer, meter.tokens()));
            read
        };
        let read = tokio::task::spawn_blocking(read).await;
        drop(place);
        match read {
            Ok(Ok(room)) => {
                host.rooms_read.works();
                return Some(room);
            }
            Ok(Err(e)) => host.rooms_read.fails(&e),
            Err(e) => error!(room = %jid, "reading the room broke off: {e}"),
        }
        while let Ok(waiting) = events.try_recv() {
            send(host, jid, "", unreadable(&mailbox.taken(waiting).0, host.lang())).await;
        }
        if host.retire(jid, mailbox) {
            return None;
        }
    }
}

/// The room as the store and the archive have it, and what the store was told.
fn stored(host: &Host, jid: &BareJid) -> Result<(Room, Told), StoreError> {
    let of_service = |room: Room| {
        let service = &host.service;
        let owners: &[BareJid] = if service.admins_own_rooms { &service.admins } else { &[] };
        room.with_service_admins(owners)
            .with_versions(service.affiliation_versions)
            .with_each_session(service.item_per_session)
            .with_goodbyes(host.goodbyes.take(jid))
    };
    let Some(state) = host.store.load(jid)? else {
        return Ok((of_service(Room::absent(jid.clone())), Told::default()));
    };
    let (config, archive) = (&state.record.config, &state.record.archive);
    let history = feature::history::restore(config, &host.service.limits, |each| {
        host.archive.look_back(archive, each)
    })?;
    let room = of_service(Room::stored(jid.clone(), state, history));
    // Made here, where no stanza waits, and kept from then on.
    room.reserved();
    let mut occupants = host.store.occupants(jid)?;
    occupants.iter_mut().for_each(|stored| Arc::make_mut(&mut stored.occupant).hold(&host.service));
    Ok(restart::bring_back(room, occupants))
}

fn unreadable(event: &Event, lang: Lang<'_>) -> Effects {
    refuse(event, &words::ROOM_UNREADABLE, lang)
}
