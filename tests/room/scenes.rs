//! What only these tests do with a room; what others do as well is in [`World`].

use conclave::room::event::Event;
use minidom::Element;

use crate::world::{MUC, World, line};

impl World {
    /// From now on answers of the archive stay on their way until [`World::arrive`].
    pub(crate) fn hold(&mut self) {
        self.held = Some(Vec::new());
    }

    /// What is on its way arrives, and so does at once whatever it leads to.
    pub(crate) fn arrive(&mut self) {
        for found in self.held.take().unwrap_or_default() {
            self.event(&Event::Found(Box::new(found)));
        }
    }

    /// Sends an admin request of items.
    pub(crate) fn admin(&mut self, who: &str, items: &str) {
        self.send(
            who,
            &format!(
                "<iq xmlns='jabber:client' type='set' id='a'><query xmlns='{MUC}#admin'>{items}</query></iq>"
            ),
        );
    }

    /// Asks for a list.
    pub(crate) fn list(&mut self, who: &str, item: &str) -> Vec<String> {
        self.clear();
        self.send(
            who,
            &format!(
                "<iq xmlns='jabber:client' type='get' id='l'><query xmlns='{MUC}#admin'>{item}</query></iq>"
            ),
        );
        self.got(who)
    }

    /// What came to `who` since the last look, one line each.
    pub(crate) fn got(&mut self, who: &str) -> Vec<String> {
        self.stanzas(who).iter().map(line).collect()
    }

    /// What came to anybody since the last look.
    pub(crate) fn everything(&mut self) -> Vec<Element> {
        self.inbox.drain().flat_map(|(_, stanzas)| stanzas).collect()
    }

    /// Something that was sent to `who` comes back with this condition, and so does what the room says to look whether
    /// anybody is there. What came to the others stays.
    pub(crate) fn comes_back(&mut self, who: &str, condition: &str) {
        self.stanzas(who);
        self.error(who, "m", condition);
        let looks = self.stanzas(who);
        looks.iter().filter_map(|look| look.attr("id")).for_each(|id| self.error(who, id, condition));
    }

    /// An error about a message of this id, to the room.
    pub(crate) fn error(&mut self, who: &str, id: &str, condition: &str) {
        let error = format!("<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
        self.send(
            who,
            &format!("<message xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>{error}</error></message>"),
        );
    }
}
