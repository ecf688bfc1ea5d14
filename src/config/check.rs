//! What can only be judged when all settings are together: addresses, ranges, what contradicts what.

use std::path::Path;
use std::sync::Arc;

use toml::{Table, Value};

use super::layers::{Origins, meant};
use super::{Component, ConfigError, Create, PORT_DEFAULT, Place, Raw, Secret, Settings, parent};
use crate::feature;
use crate::room::limits::Limits;
use crate::room::surface::Bound;
use crate::wire::jid::{BareJid, PART_BYTES_MAX};
use crate::words::{Catalogue, Extra, LANGUAGES};

/// The least and the most that each limit may be.
const RANGES: [(&str, i64, i64); 33] = [
    ("stanza_bytes_max", 65_536, 16 << 20),
    ("depth_max", 8, 256),
    ("attributes_max", 16, 4096),
    ("elements_max", 64, 1_000_000),
    ("nick_bytes_max", 1, PART_BYTES_MAX as i64),
    ("text_bytes_max", 64, 1 << 20),
    ("subject_bytes_max", 64, 1 << 20),
    ("vcard_bytes_max", 1024, 16 << 20),
    ("occupants_max", 1, 1_000_000),
    ("sessions_max", 1, 1000),
    ("affiliations_max", 1, 10_000_000),
    ("items_max", 1, 100_000),
    ("invites_max", 1, 10_000),
    ("history_messages_max", 0, 100_000),
    ("history_bytes_max", 1024, 1 << 30),
    ("rooms_max", 1, 10_000_000),
    ("account_rooms_max", 0, 10_000_000),
    ("domain_rooms_max", 0, 10_000_000),
    ("mailbox_stanzas_max", 16, 1_000_000),
    ("mailbox_bytes_max", 65_536, 1 << 32),
    ("mailboxes_bytes_max", 1 << 20, 1 << 40),
    ("queue_bytes_max", 65_536, 4 << 30),
    ("presence_bytes_max", 1024, 1 << 20),
    ("held_bytes_max", 0, 1 << 40),
    ("account_stanzas_per_second", 0, 1_000_000),
    ("account_stanzas_burst", 1, 10_000_000),
    ("account_room_stanzas_per_second", 0, 1_000_000),
    ("account_room_stanzas_burst", 1, 10_000_000),
    ("domain_stanzas_per_second", 0, 1_000_000),
    ("domain_stanzas_burst", 1, 10_000_000),
    ("room_stanzas_per_second", 0, 1_000_000),
    ("room_stanzas_burst", 1, 10_000_000),
    ("delayed_stanzas_max", 0, 10_000),
];

/// The least and the most that each number of the archive's may be.
const ARCHIVE_RANGES: [(&str, i64, i64); 7] = [
    ("interval_ms", 10, 60_000),
    ("days_max", 0, 36_500),
    ("messages_max", 0, 4_000_000_000),
    ("room_bytes_max", 0, 1_000_000_000_000_000),
    ("account_bytes_max", 0, 1_000_000_000_000_000),
    ("domain_bytes_max", 0, 1_000_000_000_000_000),
    ("cache_bytes", 1 << 20, 4_000_000_000),
];

/// The least and the most that each number of the component's may be.
const COMPONENT_RANGES: [(&str, i64, i64); 1] = [("keepalive_seconds", 2, 3600)];

/// The least of `held_bytes_max` that is a bound: with less of it, accounts could hardly make or enter a room.
const HELD_BYTES_MIN: usize = 1 << 20;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Turns what was written into what holds, or names the first contradiction.
pub(super) fn check(raw: Raw, origins: &Origins) -> Result<Settings, ConfigError> {
    let check = Check { raw: &raw, origins };
    let domain = check.domain()?;
    let server = check.server()?;
    let secret = check.secret()?;
    check.component()?;
    let admins = check.admins()?;
    check.service(&domain)?;
    check.admin_fields()?;
    check.registration_fields()?;
    check.limits()?;
    let mut limits = raw.limits.clone();
    limits.archive_days_max = raw.archive.days_max;
    limits.archive_messages_max = raw.archive.messages_max;
    check.default_room(&limits)?;
    check.store()?;
    check.archive()?;
    check.log()?;
    let words = Arc::new(check.words()?);
    let mut service = raw.service;
    service.admins = admins;
    Ok(Settings {
        component: Component {
            domain,
            server,
            secret,
            keepalive_seconds: raw.component.keepalive_seconds,
            addresses: raw.component.addresses,
        },
        service,
        words,
        default_room: raw.default_room,
        limits,
        store: raw.store,
        archive: raw.archive,
        log: raw.log,
    })
}

struct Check<'a> {
    raw: &'a Raw,
    origins: &'a Origins,
}

impl Check<'_> {
    /// A mistake in the value of `path`, with what was meant.
    fn wrong(&self, path: &str, why: impl std::fmt::Display) -> ConfigError {
        ConfigError::new(self.origins.of(path), format!("{path} {why}{}", meant(path)))
    }

    fn missing(&self, path: &str, how: &str) -> ConfigError {
        let file = match &self.origins.file {
            Some(_) => "",
            None => {
                " (no configuration file was found: neither ./component.toml nor /etc/conclave/component.toml)"
            }
        };
        ConfigError::new(self.origins.nearest(path), format!("{path} is not set; {how}{file}"))
    }

    fn admin_fields(&self) -> Result<(), ConfigError> {
        let known = |var: &&String| feature::fields().any(|field| field.var == var.as_str());
        match self.raw.service.admin_fields.iter().find(|var| !known(var)) {
            None => Ok(()),
            Some(var) => {
                let vars: Vec<_> = feature::fields().map(|field| field.var).collect();
                let known = vars.join(", ");
                Err(self.wrong(
                    "service.admin_fields",
                    format_args!("has no room option \"{var}\"; there are {known}"),
                ))
            }
        }
    }

    fn registration_fields(&self) -> Result<(), ConfigError> {
        let known = feature::register::data_fields();
        match self.raw.service.registration_fields.iter().find(|var| !known.contains(&var.as_str())) {
            None => Ok(()),
            Some(var) => Err(self.wrong(
                "service.registration_fields",
                format_args!("has no field \"{var}\"; there are {}", known.join(", ")),
            )),
        }
    }

    /// The languages that the service comes with and those of the operator's file.
    fn words(&self) -> Result<Catalogue, ConfigError> {
        const PATH: &str = "service.texts";
        let service = &self.raw.service;
        let mut extra = Extra::default();
        if !service.texts.is_empty() {
            let path = Path::new(&service.texts);
            let text = std::fs::read_to_string(path).map_err(|error| {
                self.wrong(PATH, format_args!("{} cannot be read: {error}", path.display()))
            })?;
            extra = toml::from_str(&text).map_err(|error| {
                self.wrong(PATH, format_args!("{} is not understood: {error}", path.display()))
            })?;
            Catalogue::new(LANGUAGES[0], &extra, feature::texts())
                .map_err(|why| self.wrong(PATH, format_args!("{}: {why}", path.display())))?;
        }
        Catalogue::new(&service.language, &extra, feature::texts()).map_err(|_| {
            self.wrong(
                "service.language",
                format_args!("is \"{}\", and there are no texts in it", service.language),
            )
        })
    }

    fn domain(&self) -> Result<BareJid, ConfigError> {
        const PATH: &str = "component.domain";
        let text = self.raw.component.domain.to_lowercase();
        if text.is_empty() {
            let how = "write domain = \"rooms.example.org\" under [component], \
                       or set CONCLAVE_DOMAIN, or pass --domain";
            return Err(self.missing(PATH, how));
        }
        let jid = BareJid::parse(&text)
            .map_err(|error| self.wrong(PATH, format_args!("is not a domain: {error}: \"{text}\"")))?;
        if jid.local().is_some() {
            return Err(self.wrong(PATH, format_args!("is not a domain but an account: \"{text}\"")));
        }
        let label_is_bad = |label: &str| label.is_empty() || label.len() > 63 || label.contains(':');
        if text.split('.').any(label_is_bad) {
            return Err(self.wrong(PATH, format_args!("is not a domain: \"{text}\"")));
        }
        Ok(jid)
    }

    fn server(&self) -> Result<String, ConfigError> {
        let text = &self.raw.component.server;
        server(text).map_err(|why| self.wrong("component.server", format_args!("{why}: \"{text}\"")))
    }

    fn secret(&self) -> Result<Secret, ConfigError> {
        let component = &self.raw.component;
        let is_sound = |secret: &Secret| !secret.expose().contains(char::is_control);
        const UNSOUND: &str = "holds a line break or another control character";
        if component.secret_file.is_empty() {
            if component.secret.is_empty() {
                let how = "write secret = \"…\" or secret_file = \"…\" under [component], \
                           or set CONCLAVE_SECRET or CONCLAVE_SECRET_FILE, or pass --secret-file";
                return Err(self.missing("component.secret", how));
            }
            let secret = Secret::new(&component.secret);
            return if is_sound(&secret) { Ok(secret) } else { Err(self.wrong("component.secret", UNSOUND)) };
        }
        const PATH: &str = "component.secret_file";
        let path = Path::new(&component.secret_file);
        let secret = Secret::read(path)
            .map_err(|error| self.wrong(PATH, format_args!("{} cannot be read: {error}", path.display())))?;
        if secret.expose().is_empty() {
            return Err(self.wrong(PATH, format_args!("{} is empty", path.display())));
        }
        if !is_sound(&secret) {
            return Err(self.wrong(PATH, format_args!("{} {UNSOUND}", path.display())));
        }
        Ok(secret)
    }

    fn admins(&self) -> Result<Vec<BareJid>, ConfigError> {
        let account = |jid: &BareJid| {
            let jid = self.raw.component.addresses.prepare(jid.as_str()).map(|jid| jid.to_bare());
            jid.ok().filter(|jid| jid.local().is_some()).ok_or(())
        };
        let each = self.raw.service.admins.iter().map(|jid| {
            account(jid).map_err(|()| {
                self.wrong("service.admins", format_args!("holds \"{jid}\", which is not an account"))
            })
        });
        each.collect()
    }

    fn service(&self, domain: &BareJid) -> Result<(), ConfigError> {
        self.text("service.name", &self.raw.service.name)?;
        let service = &self.raw.service;
        if !service.terms.is_empty() {
            self.uri("service.terms", &service.terms)?;
        }
        for (kind, uris) in service.contacts.each() {
            let path = format!("service.contacts.{kind}");
            uris.iter().try_for_each(|uri| self.uri(&path, uri))?;
        }
        match self.raw.service.create {
            Create::Local if parent(domain.as_str()).is_none() => Err(self.wrong(
                "service.create",
                format_args!("is \"local\", but {domain} has no parent domain whose accounts could be local"),
            )),
            Create::Admins if self.raw.service.admins.is_empty() => Err(self.wrong(
                "service.create",
                "is \"admins\", but service.admins is empty: nobody could create a room",
            )),
            _ => Ok(()),
        }
    }

    fn limits(&self) -> Result<(), ConfigError> {
        let limits = Table::try_from(&self.raw.limits).expect("limits are integers");
        self.ranges("limits", &limits, &RANGES)?;
        let (queue, stanza) = (self.raw.limits.queue_bytes_max, self.raw.limits.stanza_bytes_max);
        if queue < stanza {
            let why = format!("is {queue}, less than limits.stanza_bytes_max, which is {stanza}");
            return Err(self.wrong("limits.queue_bytes_max", why));
        }
        let held = self.raw.limits.held_bytes_max;
        if (1..HELD_BYTES_MIN).contains(&held) {
            let why = format!("is {held}, which is neither 0 nor {HELD_BYTES_MIN} or more");
            return Err(self.wrong("limits.held_bytes_max", why));
        }
        Ok(())
    }

    fn ranges(&self, section: &str, table: &Table, ranges: &[(&str, i64, i64)]) -> Result<(), ConfigError> {
        for (key, least, most) in ranges {
            let value = table.get(*key).and_then(Value::as_integer).expect("every range has its number");
            if !(*least..=*most).contains(&value) {
                let why = format!("is {value}, which is not between {least} and {most}");
                return Err(self.wrong(&format!("{section}.{key}"), why));
            }
        }
        Ok(())
    }

    fn component(&self) -> Result<(), ConfigError> {
        let component = Table::try_from(&self.raw.component).expect("a table of values");
        self.ranges("component", &component, &COMPONENT_RANGES)
    }

    fn archive(&self) -> Result<(), ConfigError> {
        let archive = Table::try_from(&self.raw.archive).expect("a table of values");
        self.ranges("archive", &archive, &ARCHIVE_RANGES)
    }

    /// The defaults of new rooms: what an owner could not set is refused here as well.
    fn default_room(&self, limits: &Limits) -> Result<(), ConfigError> {
        let room = &self.raw.default_room;
        for field in feature::fields() {
            let (path, values) = (format!("default_room.{}", field.key), (field.get)(room));
            self.text(&path, &values.join("\n"))?;
            let number = values.first().and_then(|value| value.parse::<u32>().ok());
            if let Some((Bound { setting: Some(setting), most }, number)) = field.kind.bound().zip(number)
                && number > most(limits)
            {
                // Blame what was written down: the limit may be the one that was changed.
                let is_limit = self.origins.of(&path) == Place::Default;
                let why = format!("{path} is {number}, more than {setting}, which is {}", most(limits));
                return Err(ConfigError::new(self.origins.of(if is_limit { setting } else { &path }), why));
            }
            (field.set)(&mut room.clone(), &values, limits).map_err(|why| self.wrong(&path, why))?;
        }
        if room.password_protected && room.password.is_empty() {
            return Err(self.wrong(
                "default_room.password_protected",
                "is true, but default_room.password is empty: nobody could enter a new room",
            ));
        }
        Ok(())
    }

    fn store(&self) -> Result<(), ConfigError> {
        match self.raw.store.path.as_os_str().is_empty() {
            true => Err(self.wrong("store.path", "is empty")),
            false => Ok(()),
        }
    }

    fn log(&self) -> Result<(), ConfigError> {
        let level = self.raw.log.level.as_str();
        // A lone word that is no level would be taken for the name of a part and silence everything else.
        for word in level.split(',').map(str::trim) {
            if !word.contains('=') && !LEVELS.contains(&word.to_ascii_lowercase().as_str()) {
                return Err(self.wrong("log.level", format_args!("holds \"{word}\", which is not a level")));
            }
        }
        let parsed = tracing_subscriber::EnvFilter::builder().parse(level);
        parsed
            .map(|_| ())
            .map_err(|error| self.wrong("log.level", format_args!("is not understood: {error}")))
    }

    /// An address on the web, of mail, of XMPP: whatever has a scheme.
    fn uri(&self, path: &str, uri: &str) -> Result<(), ConfigError> {
        self.text(path, uri)?;
        match crate::wire::form::is_uri(uri) {
            true => Ok(()),
            false => Err(self.wrong(path, format_args!("holds \"{uri}\", which is not a URI"))),
        }
    }

    /// Text that will stand in stanzas: bounded, and of characters that XML can carry.
    fn text(&self, path: &str, text: &str) -> Result<(), ConfigError> {
        let bytes_max = self.raw.limits.text_bytes_max;
        if text.len() > bytes_max {
            let why =
                format!("has {} bytes, more than limits.text_bytes_max, which is {bytes_max}", text.len());
            return Err(self.wrong(path, why));
        }
        let not_xml =
            |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
        match text.contains(not_xml) {
            true => Err(self.wrong(path, "holds a control character, which XML cannot carry")),
            false => Ok(()),
        }
    }
}

/// Completes "host", "host:port", "[v6]" or "[v6]:port" to host and port.
fn server(text: &str) -> Result<String, &'static str> {
    if text.contains("://") || text.contains('/') {
        return Err("must be \"host:port\", without a scheme or a path");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("holds a space");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']').ok_or("has a [ without its ]")?;
            inside.parse::<std::net::Ipv6Addr>().map_err(|_| "holds no IPv6 address between [ and ]")?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':').unwrap_or("")) };
            (format!("[{inside}]"), port)
        }
        None if text.parse::<std::net::Ipv6Addr>().is_ok() => (format!("[{text}]"), None),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        },
    };
    if host.is_empty() || host.contains(':') && !host.starts_with('[') {
        return Err("must be \"host:port\"");
    }
    let port = match port {
        None => PORT_DEFAULT,
        Some(port) => {
            port.parse().ok().filter(|port| *port > 0).ok_or("has a port that is not 1 to 65535")?
        }
    };
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ArchiveSettings, SAMPLE};
    use crate::room::limits::Limits;

    #[test]
    fn every_limit_has_a_range_that_holds_its_default_and_stands_in_the_sample() {
        let limits = Table::try_from(Limits::default()).expect("limits are integers");
        assert_eq!(limits.len(), RANGES.len());
        for (key, least, most) in RANGES {
            let default = limits[key].as_integer().expect("an integer");
            assert!((least..=most).contains(&default), "{key}");
            let comment = meant(&format!("limits.{key}"));
            assert!(comment.contains(&format!("{least} to {most}")), "{key}: {comment}");
        }
        assert!(SAMPLE.contains("[limits]"));
        let archive = Table::try_from(ArchiveSettings::default()).expect("a table of values");
        assert_eq!(archive.values().filter(|value| value.is_integer()).count(), ARCHIVE_RANGES.len());
        for (key, least, most) in ARCHIVE_RANGES {
            let default = archive[key].as_integer().expect("an integer");
            assert!((least..=most).contains(&default), "{key}");
            let comment = meant(&format!("archive.{key}"));
            assert!(comment.contains(&format!("{least} to {most}")), "{key}: {comment}");
        }
    }

    #[test]
    fn a_server_is_completed_with_the_usual_port() {
        for (written, complete) in [
            ("localhost", "localhost:5347"),
            ("xmpp.example.org:8888", "xmpp.example.org:8888"),
            ("::1", "[::1]:5347"),
            ("[::1]", "[::1]:5347"),
            ("[2001:db8::1]:5275", "[2001:db8::1]:5275"),
        ] {
            assert_eq!(server(written).as_deref(), Ok(complete), "{written}");
        }
    }

    #[test]
    fn a_server_that_is_no_host_and_port_is_refused() {
        for written in [
            "",
            ":5347",
            "host:",
            "host:0",
            "host:65536",
            "host:x",
            "tcp://host",
            "a b",
            "[::1",
            "[x]",
            "a:b:1",
        ] {
            assert!(server(written).is_err(), "{written}");
        }
    }
}
