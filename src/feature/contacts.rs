//! Whom to write to about a room (`muc#roominfo_contactjid`, XEP-0045 §16.5.4).

use crate::room::surface::{Feature, Field, FieldKind, Section};
use crate::wire::form;
use crate::wire::jid::Profile;
use crate::words::{self, Value, Words, texts};

/// Most addresses.
const CONTACTS_MAX: usize = 20;

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        key: "contacts",
        var: "x-muc#roomconfig_contactjid",
        aliases: &["muc#roominfo_contactjid"],
        label: &CONTACTS,
        desc: Some(&CONTACTS_HINT),
        section: Section::People,
        offered: |_, _| true,
        kind: FieldKind::Jids,
        get: |config| config.contacts.clone(),
        set: |config, values, _| {
            config.contacts = read(values)?;
            Ok(())
        },
    }],
    info: |room, info| {
        info.extend(room.config().contacts.iter().map(|jid| ("muc#roominfo_contactjid", jid.clone())));
    },
    texts: ALL,
    ..Feature::new("contacts")
};

texts! {
    CONTACTS =>
        en "Addresses for questions about the room"
        de "An wen man sich wegen des Raums wenden kann"
        fr "À qui écrire au sujet du salon"
        es "A quién escribir sobre la sala";
    CONTACTS_HINT =>
        en "One chat address in each line, such as ann@example.org. Everybody can see them."
        de "Eine Chat-Adresse in jeder Zeile, wie anna@example.org. Alle können sie sehen."
        fr "Une adresse de messagerie instantanée par ligne, comme anne@example.org. Tout le monde peut les voir."
        es "Una dirección de chat por línea, como ana@example.org. Todos pueden verlas.";
}

/// Addresses in the order in which they come, each once.
fn read(values: &[String]) -> Result<Vec<String>, Words> {
    let mut contacts: Vec<String> = Vec::new();
    for value in values.iter().flat_map(|line| form::addresses(line)) {
        // Only shown: whose it is, the server of whoever writes to it says.
        let jid = Profile::Precis
            .prepare(value)
            .map_err(|e| words::CONTACT_WRONG.with([Value::quoted(value), e.words().into()]))?;
        if !contacts.iter().any(|known| known == jid.as_str()) {
            contacts.push(jid.as_str().to_owned());
        }
        if contacts.len() > CONTACTS_MAX {
            return Err(words::ADDRESSES_MOST.with([CONTACTS_MAX]));
        }
    }
    Ok(contacts)
}
