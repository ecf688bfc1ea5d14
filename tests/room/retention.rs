//! How much a room may keep in its archive.

use conclave::room::config::Config;
use conclave::room::part::Part;
use conclave::room::write::Write;

use crate::world::World;

/// The configuration as it was stored last.
fn stored(w: &World) -> &Config {
    let record = w.writes.iter().rev().find_map(|write| match write {
        Write::Whole { state, .. } => Some(&state.record.config),
        Write::Part { part: Part::Config(config), .. } => Some(config),
        _ => None,
    });
    record.expect("a persistent room is stored")
}

#[test]
fn a_room_keeps_at_most_what_the_service_keeps() {
    let mut w = World::with_room(&[("persistentroom", "1"), ("x-muc#roomconfig_archivedays", "400")]);
    assert_eq!(stored(&w).archive_days, 400, "the service has no bound");
    w.service.limits.archive_days_max = 30;
    w.service.limits.archive_messages_max = 1000;
    for (field, value) in [
        ("x-muc#roomconfig_archivedays", "31"),
        ("x-muc#roomconfig_archivemessages", "1001"),
        ("x-muc#roomconfig_archivemessages", "-1"),
    ] {
        w.clear();
        w.configure("owner", &[(field, value)]);
        let answer = w.got("owner").join("\n");
        assert!(answer.contains("not-acceptable"), "{field}={value}: {answer}");
    }
    for (days, messages) in [("30", "1000"), ("0", "0"), ("1", "1")] {
        w.clear();
        w.configure(
            "owner",
            &[("x-muc#roomconfig_archivedays", days), ("x-muc#roomconfig_archivemessages", messages)],
        );
        let config = stored(&w);
        assert_eq!(
            (config.archive_days.to_string(), config.archive_messages.to_string()),
            (days.into(), messages.into())
        );
    }
}
