//! Rooms with a password (XEP-0045 §7.2.5).

use minidom::Element;

use crate::room::config::Config;
use crate::room::surface::{Feature, Section, boolean_field, text_field};
use crate::room::{Room, surface};
use crate::wire::form::Submitted;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, texts};

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("muc#roomconfig_passwordprotectedroom", &ROOM_PASSWORD_PROTECTED, password_protected)
            .under(Section::Access),
        text_field!("muc#roomconfig_roomsecret", &ROOM_PASSWORD, Private, password)
            .under(Section::Access)
            .hint(&ROOM_PASSWORD_HINT),
    ],
    disco: |room, vars| {
        vars.push(if room.config().password_protected { "muc_passwordprotected" } else { "muc_unsecured" });
    },
    texts: ALL,
    ..Feature::new("password")
};

texts! {
    ROOM_PASSWORD_PROTECTED =>
        en "Password protected: a password is needed to enter"
        de "Passwortgeschützt: Zum Eintreten ist ein Passwort nötig"
        fr "Protégé par mot de passe : il faut un mot de passe pour entrer"
        es "Protegida con contraseña: se necesita una contraseña para entrar";
    ROOM_PASSWORD =>
        en "Password"
        de "Passwort"
        fr "Mot de passe"
        es "Contraseña";
    ROOM_PASSWORD_HINT =>
        en "Only for a room that is password protected, see above; there it is needed."
        de "Nur für einen Raum, der passwortgeschützt ist, siehe oben; dort ist es nötig."
        fr "Seulement pour un salon protégé par mot de passe, voir ci-dessus ; il y est nécessaire."
        es "Solo para una sala protegida con contraseña, véase arriba; en ella es necesaria.";
}

/// Refuses a join request `x` without the right password. It is compared byte by byte.
pub(crate) fn check(room: &Room, x: &Element) -> Result<(), Refusal> {
    let config = room.config();
    if !config.password_protected {
        return Ok(());
    }
    let given = x.get_child("password", ns::MUC).map(Element::text);
    match given.as_deref() {
        Some(given) if given == config.password => Ok(()),
        None | Some("") => Err(Refusal::not_authorized(&words::PASSWORD_NEEDED)),
        Some(_) => Err(Refusal::not_authorized(&words::PASSWORD_WRONG)),
    }
}

/// Settles what the two fields mean together: a password without a word about protection protects, an empty one
/// lifts it, and protection without a password is refused (XEP-0045 §10.1.3).
pub(crate) fn reconcile(config: &mut Config, form: &Submitted) -> Result<(), Refusal> {
    let said = form.values("muc#roomconfig_passwordprotectedroom").is_some();
    if !said && form.values("muc#roomconfig_roomsecret").is_some() {
        config.password_protected = !config.password.is_empty();
    }
    if config.password_protected && config.password.is_empty() {
        return Err(surface::wrong_field("muc#roomconfig_roomsecret", &words::PASSWORD_EMPTY));
    }
    Ok(())
}
