//! An account that logs in under another spelling of its name is the same account: Prosody prepares the address of the
//! sender, ejabberd hands it on as the user wrote it.

use conclave::wire::build::{Build, el};
use conclave::wire::ns;

use crate::servers::guest::{Guest, condition, entry, is_error, is_own_presence};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::service::Service;

/// The account is `strasse`, to both servers.
const SPELLED: &str = "Straße";

fn a_ban_holds_however_the_account_is_spelled(kind: Kind) {
    let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
    let _service = Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
    let room = format!("spelling@{MUC}");
    let [mut owner, mut guest] = ["owner", SPELLED].map(|name| Guest::new(&host, name));
    owner.enters(&room, "owner");
    owner.configures(&room, &[]);
    guest.enters(&room, "guest");
    let presence = owner.hears("the guest", |s| s.attr("from") == Some(&format!("{room}/guest")));
    let item = presence.get_child("x", ns::MUC_USER).and_then(|x| x.get_child("item", ns::MUC_USER));
    let address = item.and_then(|item| item.attr("jid")).expect("an address");
    assert!(address.starts_with(&format!("strasse@{DOMAIN}/")), "{address}");

    let item =
        el("item", ns::MUC_ADMIN).with("affiliation", "outcast").with("jid", &format!("{SPELLED}@{DOMAIN}"));
    owner.asks("set", &room, el("query", ns::MUC_ADMIN).child(item));
    assert_eq!(owner.lists(&room, "outcast"), [format!("strasse@{DOMAIN}")]);
    guest.hears("the ban", |s| s.attr("type") == Some("unavailable"));
    guest.says(&entry(&room, "guest"));
    let answer = guest.hears("an answer", |s| is_error(s) || is_own_presence(s, &room, "guest"));
    assert_eq!(condition(&answer), Some("forbidden"));
}

#[test]
fn a_ban_holds_however_the_account_is_spelled_behind_prosody() {
    // 45-17.1-a, 45-9.1-a
    a_ban_holds_however_the_account_is_spelled(Kind::Prosody);
}

#[test]
fn a_ban_holds_however_the_account_is_spelled_behind_ejabberd() {
    // 45-17.1-a, 45-9.1-a, trap 88
    a_ban_holds_however_the_account_is_spelled(Kind::Ejabberd);
}
