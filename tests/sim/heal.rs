//! The end of a story: nothing is wrong any more, and everything heals within a bounded time, by what the standard has for
//! it: whoever believes to be in a room asks the room (XEP-0410) and enters anew if it does not know him; whoever is gone
//! is found out.

use conclave::wire::ns;

use crate::check;
use crate::host::Outcome;
use crate::net::{Link, Remote};
use crate::picture::Stage;
use crate::run::{Fault, Run};
use crate::workload::escape;

/// How long after the last fault everything has healed, in seconds.
const HEALED_SECONDS: i64 = 40;

impl Run<'_> {
    /// Lets everything heal, and looks whether it has.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.host.stall(false);
        let outcomes = self.host.work_all();
        self.take(outcomes, false)?;
        self.host.disk(None, None);
        self.net.set_remote(Remote::Up, self.host.second);
        self.net.link = Link::Up;
        self.host.up();
        for _ in 0..HEALED_SECONDS {
            self.wait(1)?;
        }
        for place in 0..self.cast.rooms.len() {
            for client in 0..self.cast.clients {
                if matches!(self.pictures[place][client].stage, Stage::In | Stage::Lost) {
                    self.ask(place, client)?;
                }
            }
        }
        self.healed().map_err(|what| Fault { check: "healed", what, seen: Vec::new() })?;
        for (place, sheet) in self.sheets.iter().enumerate() {
            if sheet.exists() && sheet.config().archive {
                check::durable::archive(&self.host.archived(place), self.ledgers[place].archived_of(sheet))
                    .map_err(|what| Fault { check: "durable", what, seen: Vec::new() })?;
            }
            if let Some(what) = check::bounds::memory(&sheet.room, self.cast) {
                return Err(Fault { check: "bounds", what, seen: Vec::new() });
            }
        }
        Ok(())
    }

    /// A client asks whether it is in the room, and enters anew if it is not, or not as it believes.
    fn ask(&mut self, place: usize, client: usize) -> Result<(), Fault> {
        let picture = &self.pictures[place][client];
        let (stage, misled) = (picture.stage, picture.blur.own_nick);
        let to = escape(&format!("{}/{}", self.cast.rooms[place], picture.nick));
        let ping = format!(
            "<iq xmlns='jabber:client' type='get' id='self' to='{to}'><ping xmlns='{}'/></iq>",
            ns::PING
        );
        let outcomes = self.send(client, &ping, false);
        let condition = outcomes.as_ref().ok().and_then(|outcomes| match &outcomes[..] {
            [Outcome::Room(happening)] => {
                happening.sent.iter().find(|s| s.is_error()).and_then(|s| s.condition()).map(str::to_owned)
            }
            _ => None,
        });
        self.take(outcomes, false)?;
        let right = match condition.as_deref() {
            None => stage == Stage::In,
            // The room has it under another nick.
            Some("item-not-found") => misled || stage == Stage::Lost,
            Some("not-acceptable") => stage == Stage::Lost,
            Some(_) => false,
        };
        if !right && !misled {
            let name = &self.cast.entities[client].name;
            let what = format!("{name} is {stage:?}, asks, and gets {condition:?}");
            return Err(Fault { check: "healed", what, seen: Vec::new() });
        }
        if condition.is_some() {
            let password = escape(&self.sheets[place].config().password);
            let entry = format!(
                "<presence xmlns='jabber:client' id='again' to='{to}'><x xmlns='{}'><password>{password}</password>\
                 <history maxstanzas='0'/></x></presence>",
                ns::MUC
            );
            let outcomes = self.send(client, &entry, false);
            let refused = outcomes.as_ref().is_ok_and(
                |o| matches!(&o[..], [Outcome::Room(happening)] if happening.refused || happening.unstored),
            );
            self.take(outcomes, false)?;
            if refused {
                let seated = self.sheets[place].seat_of(client).is_some();
                self.pictures[place][client].leaves(seated);
            }
        }
        Ok(())
    }

    /// Whether everybody is where he believes to be.
    fn healed(&self) -> Result<(), String> {
        for (place, sheet) in self.sheets.iter().enumerate() {
            for client in 0..self.cast.clients {
                let (seated, stage) = (sheet.seat_of(client).is_some(), self.pictures[place][client].stage);
                let right = match stage {
                    Stage::In => seated && self.net.is_online(client),
                    Stage::Out => !seated,
                    Stage::Lost => false,
                    // It has left, the room has forgotten that, and it is still there to be reached.
                    Stage::Ghost => !seated || self.net.is_online(client),
                };
                if !right {
                    let name = &self.cast.entities[client].name;
                    return Err(format!("{name} is {stage:?} in the end, in the room: {seated}"));
                }
            }
        }
        Ok(())
    }
}
