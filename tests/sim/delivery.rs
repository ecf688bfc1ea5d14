//! What leaves reaches clients, is lost or comes back; clients answer by themselves what clients do.

use std::collections::BTreeMap;

use conclave::wire::build;
use conclave::wire::ns;
use minidom::Element;

use crate::happening::{Happening, Sent};
use crate::net::{Fate, Net};
use crate::run::{Fault, Run, lines};

/// How the ids begin under which a room asks whether somebody is there.
pub(crate) const LOOK: &str = "look-";

impl Run<'_> {
    /// Brings what left to those whom it is for.
    pub(crate) fn deliver(&mut self, happening: &Happening) -> Result<(), Fault> {
        let place = happening.place;
        let accepted = happening.entry().is_some() && !happening.refused && !happening.unstored;
        let entrant = happening.sender.filter(|sender| accepted && self.net.reaches(*sender));
        if let Some(entrant) = entrant {
            self.pictures[place][entrant].is_let_in();
        }
        let mut missed: BTreeMap<usize, Vec<&Sent>> = BTreeMap::new();
        for sent in happening.overdue.iter().chain(&happening.sent) {
            self.tally.meet(sent);
            for entity in sent.entities.iter().flatten().copied() {
                match self.net.fate_of_sent_to(entity, sent) {
                    Fate::Arrives => {
                        self.receive(happening, entity, sent)?;
                        continue;
                    }
                    Fate::Returns(condition) => {
                        let back = Net::returned(self.cast, entity, &sent.stanza, condition);
                        self.due.push_back((entity, back));
                    }
                    Fate::Lost => {}
                }
                missed.entry(entity).or_default().push(sent);
            }
        }
        if let Some(entrant) = entrant {
            let got: Vec<&Sent> = happening.got_by(entrant).collect();
            self.pictures[place][entrant].was_let_in(&got);
        }
        for client in 0..self.cast.clients {
            let missed = missed.remove(&client).unwrap_or_default();
            let picture = &mut self.pictures[place][client];
            if self.net.reaches(client) {
                picture.overlooks(&missed);
            } else {
                picture.misses(&missed, happening.after.seat_of(client).is_some());
            }
        }
        Ok(())
    }

    fn receive(&mut self, happening: &Happening, entity: usize, sent: &Sent) -> Result<(), Fault> {
        self.tally.stanzas += 1;
        let cast = self.cast;
        let fault = |what| {
            let name = &cast.entities[entity].name;
            Fault { check: "picture", what: format!("{name}: {what}"), seen: lines(cast, happening) }
        };
        self.pictures[happening.place][entity].receives(sent).map_err(fault)?;
        let request = sent.stanza.name() == "iq" && matches!(sent.type_(), "get" | "set");
        let invited = sent.x().is_some_and(|x| x.has_child("invite", ns::MUC_USER)) && !sent.is_error();
        if request && sent.stanza.attr("id").is_some_and(|id| id.starts_with(LOOK)) {
            self.due.push_back((entity, self.pong(entity, &sent.stanza)));
        } else if request || invited {
            self.asked.entry(entity).or_default().push_back(sent.stanza.clone());
        }
        Ok(())
    }

    /// The answer to a ping; some clients know none.
    fn pong(&self, entity: usize, ping: &Element) -> Element {
        let inside = "<error type='cancel'><service-unavailable \
                      xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
        let (type_, inside) = if entity.is_multiple_of(3) { ("error", inside) } else { ("result", "") };
        let pong = format!("<iq xmlns='jabber:client' type='{type_}'>{inside}</iq>").parse::<Element>();
        let mut pong = pong.expect("well-formed");
        build::set_attr(&mut pong, "from", self.cast.entities[entity].jid.as_str());
        for (name, of) in [("to", "from"), ("id", "id")] {
            build::set_attr(&mut pong, name, ping.attr(of).unwrap_or_default());
        }
        pong
    }
}
