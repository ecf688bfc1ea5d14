//! One file per feature, with all its surfaces: behaviour, form fields, disco, status codes, tests.
//!
//! What a client asks for is called from [`crate::engine`]. What shows in several places (form fields, disco features, room
//! information, status codes, commands) is found by walking [`FEATURES`], in this order. A feature uses no other feature: what
//! two have in common is in [`crate::room`], and what calls several is in the engine.

pub mod about;
pub mod activity;
pub mod affiliation_versions;
pub mod anonymity;
pub mod archive;
pub mod ban;
pub mod capacity;
pub mod conflicts;
pub mod contacts;
pub mod data_policy;
pub mod destroy;
pub mod ghost;
pub mod goodbyes;
pub mod groupchat;
pub mod hats;
pub mod history;
pub mod invite;
pub mod lists;
pub mod logging;
pub mod mam;
pub mod members_only;
pub mod mentions;
pub mod moderated;
pub mod moderation;
pub mod occupant_id;
pub mod password;
pub mod persistence;
pub mod presence;
pub mod private;
pub mod public;
pub mod quiet;
pub mod ratings;
pub mod reactions;
pub mod register;
pub mod relay;
pub mod retract;
pub mod self_ping;
pub mod slow_mode;
pub mod subject;
pub mod token_invite;
pub mod vcard;
pub mod voice;

use crate::room::surface::{Feature, Field};
use crate::words::Entry;

/// All features with surfaces, in the order in which they show.
pub static FEATURES: &[Feature] = &[
    about::FEATURE,
    contacts::FEATURE,
    ratings::FEATURE,
    persistence::FEATURE,
    public::FEATURE,
    members_only::FEATURE,
    password::FEATURE,
    moderated::FEATURE,
    voice::FEATURE,
    anonymity::FEATURE,
    capacity::FEATURE,
    subject::FEATURE,
    invite::FEATURE,
    token_invite::FEATURE,
    register::FEATURE,
    private::FEATURE,
    presence::FEATURE,
    quiet::FEATURE,
    lists::FEATURE,
    affiliation_versions::FEATURE,
    history::FEATURE,
    archive::FEATURE,
    mam::FEATURE,
    data_policy::FEATURE,
    retract::FEATURE,
    moderation::FEATURE,
    moderation::recent::FEATURE,
    moderation::retracted::FEATURE,
    moderation::ban::FEATURE,
    moderation::leavers::FEATURE,
    moderation::sessions::FEATURE,
    logging::FEATURE,
    groupchat::FEATURE,
    activity::FEATURE,
    reactions::FEATURE,
    slow_mode::FEATURE,
    mentions::FEATURE,
    self_ping::FEATURE,
    occupant_id::FEATURE,
    vcard::FEATURE,
    hats::FEATURE,
];

/// The texts that features have of their own.
pub fn texts() -> impl Iterator<Item = &'static Entry> {
    FEATURES.iter().flat_map(|feature| feature.texts).copied()
}

/// All form fields, in order.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    FEATURES.iter().flat_map(|f| f.fields)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::room::config::Config;
    use crate::room::limits::Limits;

    #[test]
    fn every_field_takes_back_what_it_shows() {
        // 004-3
        let limits = Limits::default();
        for field in fields() {
            let shown = (field.get)(&Config::default());
            let mut config = Config::default();
            (field.set)(&mut config, &shown, &limits).unwrap_or_else(|e| panic!("{}: {e}", field.var));
            assert_eq!(config, Config::default(), "{}", field.var);
        }
    }

    #[test]
    fn each_option_is_a_field_and_each_field_an_option() {
        let options: BTreeSet<_> = Config::OPTIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(fields().map(|field| field.key).collect::<BTreeSet<_>>(), options);
        for field in fields() {
            assert_eq!(fields().filter(|other| other.key == field.key).count(), 1, "{}", field.key);
        }
    }

    #[test]
    fn no_variable_is_claimed_twice() {
        let mut vars: Vec<_> = fields().flat_map(|f| f.aliases.iter().copied().chain([f.var])).collect();
        let all = vars.len();
        vars.sort_unstable();
        vars.dedup();
        assert_eq!(vars.len(), all);
    }
}
