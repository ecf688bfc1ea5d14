//! What an owner submits is what the room is set to: a field that is absent keeps its value, one that is present and
//! empty clears it, one that is wrong refuses the whole form.

use conclave::room::config::{AllowPm, Config, Roles, Whois};
use conclave::room::limits::Limits;
use conclave::wire::muc::Affiliation;
use conclave::wire::ns;
use minidom::Element;

use super::Check;
use crate::happening::Sent;
use crate::run::Scene;

pub(super) struct Settings;

impl Check for Settings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let (before, after) = (&happening.before, &happening.after);
        let (false, Some(cause)) = (happening.unstored, &happening.cause) else { return Ok(()) };
        if !before.exists() {
            return made(scene);
        }
        let submitted = happening.set_of(ns::MUC_OWNER).filter(|q| !q.has_child("destroy", ns::MUC_OWNER));
        let submitted = submitted.and_then(|q| q.get_child("x", ns::DATA));
        let submitted = submitted.filter(|x| x.attr("type") == Some("submit"));
        let by_owner = before.affiliation_of(&cause.from) == Affiliation::Owner;
        let Some(x) = submitted.filter(|_| by_owner) else {
            let same = !after.exists() || before.config() == after.config();
            return if same { Ok(()) } else { Err("the settings changed without a form".to_owned()) };
        };
        if !happening.refused && after.exists() {
            told(scene)?;
        }
        let service = &scene.cast.service;
        let by_admin = scene.cast.is_service_admin(&cause.from.to_bare());
        let kept: &[String] = if by_admin { &[] } else { &service.admin_fields };
        let wanted = apply(before.config(), x, &service.limits, kept);
        match wanted {
            None if happening.refused => Ok(()),
            None => Err("a form with a wrong field was accepted".to_owned()),
            Some(_) if happening.refused && !has_list(x) => {
                Err("a form was refused, and nothing is wrong with it".to_owned())
            }
            Some(config) if !happening.refused && after.exists() && after.config() != &config => {
                Err(format!("the form leads to {config:?}, and the room has {:?}", after.config()))
            }
            Some(_) => Ok(()),
        }
    }
}

/// A room that is made by a form is as the form has it, and the rest as rooms are by default.
fn made(scene: &Scene<'_>) -> Result<(), String> {
    let (happening, service) = (scene.happening, &scene.cast.service);
    let (Some(x), Some(cause)) = (happening.making(), &happening.cause) else { return Ok(()) };
    let by_admin = scene.cast.is_service_admin(&cause.from.to_bare());
    let kept: &[String] = if by_admin { &[] } else { &service.admin_fields };
    let may = service.may_create(&cause.from.to_bare());
    match apply(&service.default_room, x, &service.limits, kept).filter(|_| may) {
        None if happening.refused => Ok(()),
        None => Err("a room was made by a form that is to be refused".to_owned()),
        Some(_) if happening.refused && !has_list(x) => {
            Err("a form that makes a room was refused, and nothing is wrong with it".to_owned())
        }
        Some(config) if !happening.refused && happening.after.config() != &config => {
            Err(format!("the form makes {config:?}, and the room has {:?}", happening.after.config()))
        }
        Some(_) => Ok(()),
    }
}

/// Everybody is told once that the settings changed, and of what concerns privacy, by code; nobody if nothing changed
/// (45-10.2.1-a to 45-10.2.1-c).
fn told(scene: &Scene<'_>) -> Result<(), String> {
    let happening = scene.happening;
    let (before, after) = (&happening.before, &happening.after);
    let is_notice = |s: &&Sent| s.stanza.name() == "message" && s.type_() == "groupchat";
    let notices: Vec<&Sent> = happening.sent.iter().filter(is_notice).collect();
    let due = before.config() != after.config() && !after.seats.is_empty();
    let [notice] = notices[..] else {
        let right = notices.is_empty() && !due;
        return if right { Ok(()) } else { Err(format!("{} notices of new settings", notices.len())) };
    };
    let mut got: Vec<usize> = notice.entities.iter().flatten().copied().collect();
    let mut here: Vec<usize> = after.seats.iter().flat_map(|s| s.sessions.iter().copied()).collect();
    got.sort_unstable();
    here.sort_unstable();
    if !due || got != here {
        return Err(format!("clients {got:?} are told of new settings, {here:?} are here"));
    }
    let (was, now) = (before.config(), after.config());
    let opened = was.whois != now.whois && now.whois == Whois::Anyone;
    let closed = was.whois != now.whois && now.whois == Whois::Moderators;
    let codes = [
        ("170", !was.logging && now.logging),
        ("171", was.logging && !now.logging),
        ("172", opened),
        ("173", closed),
    ];
    match codes.iter().find(|(code, due)| notice.has_code(code) != *due) {
        Some((code, _)) => Err(format!("code {code} is missing or wrong")),
        None => Ok(()),
    }
}

fn has_list(x: &Element) -> bool {
    let lists = ["muc#roomconfig_roomowners", "muc#roomconfig_roomadmins"];
    x.children().any(|f| f.attr("var").is_some_and(|var| lists.contains(&var)))
}

/// The settings after a form; nothing if the form is to be refused.
fn apply(now: &Config, x: &Element, limits: &Limits, kept: &[String]) -> Option<Config> {
    let mut config = now.clone();
    let mut said = (false, false);
    for field in x.children().filter(|f| f.is("field", ns::DATA)) {
        let var = field.attr("var").unwrap_or_default();
        let values: Vec<String> =
            field.children().filter(|v| v.is("value", ns::DATA)).map(Element::text).collect();
        if var == "FORM_TYPE" && values.first().is_some_and(|v| v != ns::MUC_ROOMCONFIG) {
            return None;
        }
        let before = config.clone();
        set(&mut config, var, &values, limits)?;
        if kept.iter().any(|kept| kept == var) && config != before {
            return None;
        }
        said.0 |= var == "muc#roomconfig_passwordprotectedroom";
        said.1 |= var == "muc#roomconfig_roomsecret";
    }
    if said == (false, true) {
        config.password_protected = !config.password.is_empty();
    }
    (!config.password_protected || !config.password.is_empty()).then_some(config)
}

fn set(config: &mut Config, var: &str, values: &[String], limits: &Limits) -> Option<()> {
    let first = values.first().map(|v| v.trim()).unwrap_or_default();
    let yes = match first {
        "1" | "true" => Some(true),
        "0" | "false" | "" => Some(false),
        _ => None,
    };
    let text = || Some(values.join("\n")).filter(|text| text.len() <= limits.text_bytes_max);
    let number = |max: u32| if first.is_empty() { Some(0) } else { first.parse().ok().filter(|n| *n <= max) };
    match var.trim_start_matches("x-").trim_start_matches("muc#roomconfig_") {
        "roomname" => config.name = text()?,
        "roomdesc" => config.description = text()?,
        "roomsecret" => config.password = text()?,
        "persistentroom" => config.persistent = yes?,
        "publicroom" => config.public = yes?,
        "membersonly" => config.members_only = yes?,
        "moderatedroom" => config.moderated = yes?,
        "passwordprotectedroom" => config.password_protected = yes?,
        "changesubject" => config.change_subject = yes?,
        "allowinvites" => config.allow_invites = yes?,
        "invitenewmembers" => config.invite_new_members = yes?,
        "registration" => config.registration = yes?,
        "reservednick" => config.lock_nicks = yes?,
        "forwardmentions" => config.forward_mentions = yes?,
        "quietabove" => config.quiet_above = number(u32::MAX)?,
        "enablelogging" => config.logging = yes?,
        "maxusers" => {
            config.occupants_max = if first == "none" { 0 } else { number(limits.occupants_max)? };
        }
        "muc#maxhistoryfetch" => config.history_max = number(limits.history_messages_max)?,
        "whois" => {
            config.whois = match first {
                "moderators" | "" => Whois::Moderators,
                "anyone" => Whois::Anyone,
                _ => return None,
            }
        }
        "allowpm" => {
            config.allow_pm = match first {
                "anyone" | "" => AllowPm::Anyone,
                "participants" => AllowPm::Participants,
                "moderators" => AllowPm::Moderators,
                "none" => AllowPm::None,
                _ => return None,
            }
        }
        "presencebroadcast" => config.presence_broadcast = roles(values)?,
        "getmemberlist" => config.member_list = roles(values)?,
        _ => {}
    }
    Some(())
}

fn roles(values: &[String]) -> Option<Roles> {
    let known = ["moderator", "participant", "visitor", "none", ""];
    let has = |word| values.iter().any(|v| v == word);
    let roles =
        Roles { moderator: has("moderator"), participant: has("participant"), visitor: has("visitor") };
    values.iter().all(|v| known.contains(&v.as_str())).then_some(roles)
}
