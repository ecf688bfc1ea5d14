//! The other side of the link: the lines that each host server needs for these settings.

use std::fmt::Write;

use super::Settings;

/// A server that takes external components (XEP-0114).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostServer {
    /// Prosody 0.12 and later.
    Prosody,
    /// ejabberd 23.01 and later.
    Ejabberd,
    /// Openfire 4.8 and later.
    Openfire,
    /// MongooseIM after 6.3.
    Mongooseim,
}

/// What stands for the secret unless it was asked for.
pub const PLACEHOLDER: &str = "THE-SECRET";

/// The lines for `server`, comments included. The secret is [`PLACEHOLDER`] unless `show_secret`.
pub fn lines(server: HostServer, settings: &Settings, show_secret: bool) -> String {
    let (host, port) = settings.component.server.rsplit_once(':').expect("settings hold host:port");
    let facts = Facts {
        domain: settings.component.domain.as_str(),
        parent: settings.parent_domain(),
        name: &settings.service.name,
        host: host.trim_matches(['[', ']']),
        port,
        secret: if show_secret { settings.component.secret.expose() } else { PLACEHOLDER },
    };
    let mut text = match server {
        HostServer::Prosody => facts.prosody(),
        HostServer::Ejabberd => facts.ejabberd(),
        HostServer::Openfire => facts.openfire(),
        HostServer::Mongooseim => facts.mongooseim(),
    };
    if !show_secret {
        let comment = if server == HostServer::Prosody { "--" } else { "#" };
        let _ =
            writeln!(text, "{comment} {PLACEHOLDER} is the secret of the settings: --show-secret prints it.");
    }
    text
}

struct Facts<'a> {
    domain: &'a str,
    parent: Option<&'a str>,
    name: &'a str,
    host: &'a str,
    port: &'a str,
    secret: &'a str,
}

impl Facts<'_> {
    /// Whether server and service share a machine, so that nobody else needs to reach the port.
    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The address that the server listens on.
    fn interface(&self) -> &str {
        match self.host {
            "localhost" => "127.0.0.1",
            host if self.is_loopback() => host,
            host if host.contains(':') => "::",
            _ => "0.0.0.0",
        }
    }

    /// A warning for links that leave the machine.
    fn open_link(&self, comment: &str) -> String {
        match self.is_loopback() {
            true => String::new(),
            false => format!(
                "{comment} This link is not encrypted: let only the service's machine reach port {}.\n",
                self.port
            ),
        }
    }

    fn prosody(&self) -> String {
        let Self { domain, port, .. } = self;
        let interfaces = match self.is_loopback() {
            true => String::new(),
            false => format!("component_interfaces = {{ \"{}\" }}\n", self.interface()),
        };
        let listed = match self.parent {
            Some(parent) => format!(
                "-- Clients of {parent} find the service by themselves. For another VirtualHost, add there:\n\
                 --     disco_items = {{ {{ {}, {} }} }}\n",
                lua(domain),
                lua(self.name)
            ),
            None => String::new(),
        };
        format!(
            "-- prosody.cfg.lua, at the top, ahead of every VirtualHost and Component:\n\
             component_ports = {{ {port} }}\n\
             {interfaces}{}\n\
             -- prosody.cfg.lua, at the end:\n\
             Component {}\n    \
                 component_secret = {}\n    \
                 name = {}\n    \
                 component_conflict_resolve = \"kick_old\"\n\n\
             {listed}",
            self.open_link("--"),
            lua(domain),
            lua(self.secret),
            lua(self.name)
        )
    }

    fn ejabberd(&self) -> String {
        let Self { domain, port, .. } = self;
        let own = match self.parent {
            Some(parent) if *domain == format!("conference.{parent}") => format!(
                "# {domain} is what ejabberd's own mod_muc serves by default: remove mod_muc or give it another `host`,\n\
                 # or stanzas are split between the two.\n"
            ),
            _ => format!(
                "# If mod_muc is loaded, its `host` or `hosts` must not be {domain}: stanzas would be split between the two.\n"
            ),
        };
        format!(
            "# ejabberd.yml, in the list under `listen:`\n  \
               -\n    \
                 port: {port}\n    \
                 ip: \"{}\"\n    \
                 module: ejabberd_service\n    \
                 access: all\n    \
                 max_fsm_queue: 100000\n    \
                 global_routes: false\n    \
                 hosts:\n      \
                   {}:\n        \
                     password: {}\n\n\
             {own}{}",
            self.interface(),
            quoted(domain),
            quoted(self.secret),
            self.open_link("#")
        )
    }

    fn openfire(&self) -> String {
        let Self { domain, port, secret, .. } = self;
        let (label, parent) = domain.split_once('.').unwrap_or((domain, "the XMPP domain"));
        let own = match label {
            "conference" => {
                "# Openfire's own group chat is called \"conference\" by default: delete that service first\n\
                 # (Group Chat > Group Chat Settings), or choose another domain here.\n"
            }
            _ => "",
        };
        format!(
            "# Admin console > Server > Server Settings > External Components\n\
             Service Enabled:   Enabled, port {port}\n\
             Allowed to Connect, add:\n    \
                 Subdomain:     {label}\n    \
                 Shared secret: {secret}\n\n\
             # Or as system properties (Server > Server Manager > System Properties); the secret then is the default for all\n\
             # components:\n\
             xmpp.component.socket.active = true\n\
             xmpp.component.socket.port = {port}\n\
             xmpp.component.defaultSecret = {secret}\n\n\
             # Openfire's XMPP domain must be {parent}, the domain after the first dot.\n\
             {own}{}",
            self.open_link("#")
        )
    }

    fn mongooseim(&self) -> String {
        let Self { domain, port, .. } = self;
        format!(
            "# mongooseim.toml (up to version 6.3 the section is called [[listen.service]])\n\
             [[listen.component]]\n  \
               port = {port}\n  \
               ip_address = \"{}\"\n  \
               access = \"all\"\n  \
               password = {}\n  \
               conflict_behaviour = \"kick_old\"\n\n\
             # Whoever knows the password may register any domain that is free: keep the port to yourself.\n\
             # {domain} must not be the host of MongooseIM's own mod_muc or mod_muc_light.\n\
             # general.routing_modules, if it is set, must hold mongoose_router_external_localnode and\n\
             # mongoose_router_external.\n\
             {}",
            self.interface(),
            quoted(self.secret),
            self.open_link("#")
        )
    }
}

/// A Lua string.
fn lua(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\{:03}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}

/// A string in double quotes as YAML and TOML both read it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_for_the_language_they_stand_in() {
        assert_eq!(lua("a\"b\\c\nd"), r#""a\"b\\c\010d""#);
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000Ad\"");
    }
}
