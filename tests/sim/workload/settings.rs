//! Owners and their forms.

use conclave::wire::muc::Affiliation;
use conclave::wire::ns;

use super::{Stage, Workload};

/// Fields with values that rooms take.
const FIELDS: [(&str, &[&str]); 23] = [
    ("muc#roomconfig_persistentroom", &["1", "1", "true", "0"]),
    ("muc#roomconfig_persistentroom", &["1", "1", "1", "0"]),
    ("muc#roomconfig_publicroom", &["1", "0"]),
    ("muc#roomconfig_membersonly", &["1", "0", "0", "false"]),
    ("muc#roomconfig_moderatedroom", &["1", "0"]),
    ("muc#roomconfig_passwordprotectedroom", &["1", "0", "0"]),
    ("muc#roomconfig_roomsecret", &["secret", "a &amp; b", ""]),
    ("muc#roomconfig_whois", &["anyone", "moderators", "moderators"]),
    ("muc#roomconfig_changesubject", &["1", "0"]),
    ("muc#roomconfig_allowinvites", &["1", "0"]),
    ("x-muc#roomconfig_invitenewmembers", &["1", "0"]),
    ("x-muc#roomconfig_registration", &["1", "0"]),
    ("x-muc#roomconfig_reservednick", &["1", "0"]),
    ("muc#roomconfig_allowpm", &["anyone", "participants", "moderators", "none"]),
    (
        "muc#roomconfig_presencebroadcast",
        &["moderator", "participant", "visitor", "moderator|participant", "none|"],
    ),
    ("muc#roomconfig_presencebroadcast", &["moderator|participant|visitor", "moderator|participant"]),
    ("muc#roomconfig_getmemberlist", &["moderator", "moderator|participant"]),
    ("x-muc#roomconfig_quietabove", &["0", "1", "2", "4"]),
    ("muc#roomconfig_forwardmentions", &["0", "1"]),
    ("muc#roomconfig_enablelogging", &["1", "0"]),
    ("muc#maxhistoryfetch", &["0", "2", "10", "100000"]),
    ("muc#roomconfig_maxusers", &["none", "2", "5", "10", "0", "100000"]),
    (
        "muc#roomconfig_roomname",
        &[
            "The Hall",
            "",
            "A name of more than two hundred bytes: ................................................................................................................................................................................................",
        ],
    ),
];

impl Workload {
    /// A form, a question for it, or the end of the room.
    pub(super) fn settings(&mut self, stage: &Stage<'_>) -> String {
        let id = self.id();
        let (type_, inside) = match self.random.below(100) {
            0..6 => ("get", String::new()),
            6..9 => ("set", self.destroy(stage)),
            9..14 => ("set", format!("<x xmlns='{}' type='cancel'/>", ns::DATA)),
            14 => ("set", format!("<x xmlns='{}' type='novel'/>", ns::DATA)),
            15 => ("set", String::new()),
            _ => ("set", self.form(stage)),
        };
        format!(
            "<iq xmlns='jabber:client' type='{type_}' id='{id}' to='{}'><query xmlns='{}'>{inside}</query></iq>",
            stage.room,
            ns::MUC_OWNER
        )
    }

    fn destroy(&mut self, stage: &Stage<'_>) -> String {
        let venue = stage.cast.rooms[self.random.below(stage.cast.rooms.len())].as_str();
        match self.random.below(4) {
            0 => format!("<destroy jid='{venue}'><reason>we moved</reason><password>x</password></destroy>"),
            1 => "<destroy jid='@'/>".to_owned(),
            _ => "<destroy/>".to_owned(),
        }
    }

    fn form(&mut self, stage: &Stage<'_>) -> String {
        let mut fields = String::new();
        if self.random.chance(70) {
            let type_ = if self.random.chance(97) { ns::MUC_ROOMCONFIG } else { "urn:example:other" };
            fields.push_str(&format!("<field var='FORM_TYPE' type='hidden'><value>{type_}</value></field>"));
        }
        let mut chosen: Vec<usize> =
            (0..self.random.below(6)).map(|_| self.random.below(FIELDS.len())).collect();
        chosen.sort_unstable();
        chosen.dedup_by_key(|i| FIELDS[*i].0);
        for i in chosen {
            let (var, values) = FIELDS[i];
            let value = match self.random.below(40) {
                0 => "nonsense",
                1..4 => "",
                _ => *self.random.pick(values),
            };
            let values: String =
                value.split('|').filter(|v| !v.is_empty()).map(|v| format!("<value>{v}</value>")).collect();
            fields.push_str(&format!("<field var='{var}'>{values}</field>"));
        }
        for var in ["muc#roomconfig_roomowners", "muc#roomconfig_roomadmins"] {
            if self.random.chance(12) {
                fields.push_str(&self.list_of(stage, var));
            }
        }
        format!("<x xmlns='{}' type='submit'>{fields}</x>", ns::DATA)
    }

    /// A whole list: mostly who is on it already, with some more.
    fn list_of(&mut self, stage: &Stage<'_>, var: &str) -> String {
        let mut jids: Vec<String> = Vec::new();
        for (jid, record) in &stage.sheet.room.state().affiliations {
            if record.affiliation >= Affiliation::Admin && self.random.chance(60) {
                jids.push(jid.as_str().to_owned());
            }
        }
        for _ in 0..self.random.below(3) {
            jids.push(self.some_address(stage));
        }
        if self.random.chance(5) {
            jids.push((*self.random.pick(&["south.example", "@", ""])).to_owned());
        }
        let values: String = jids.iter().map(|jid| format!("<value>{jid}</value>")).collect();
        format!("<field var='{var}' type='jid-multi'>{values}</field>")
    }
}
