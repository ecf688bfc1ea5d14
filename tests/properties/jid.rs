//! Addresses (RFC 6122, RFC 7622).

use conclave::wire::jid::{BareJid, Jid, PART_BYTES_MAX, Profile};
use proptest::prelude::*;

/// Texts that are often addresses and always near to one.
fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\u{ad}",
        "ß",
        "ẞ",
        "İ",
        "ς",
        "ﬁ",
        "ｆｕｌｌ",
        "🦀",
        "\u{200b}",
        "\u{202e}",
        "a\u{308}",
        "Å",
        ".",
        "。",
        "＠",
        "／",
        "\u{7}",
        " ",
        "'",
        "&",
        "xn--",
        "א",
        "1",
    ]);
    let word = prop_oneof![
        3 => "[a-zA-Z0-9._-]{1,8}",
        2 => odd.prop_map(str::to_owned),
        1 => any::<String>(),
        1 => Just(String::new()),
    ];
    let part = prop::collection::vec(word, 1..3).prop_map(|words| words.concat());
    let long = (PART_BYTES_MAX - 2..PART_BYTES_MAX + 2).prop_map(|n| "x".repeat(n));
    let part = prop_oneof![12 => part, 1 => long];
    (prop::option::of(part.clone()), part.clone(), prop::option::of(part)).prop_map(
        |(local, domain, resource)| {
            let local = local.map(|l| l + "@").unwrap_or_default();
            let resource = resource.map(|r| format!("/{r}")).unwrap_or_default();
            local + &domain + &resource
        },
    )
}

fn check(jid: &Jid) -> Result<(), TestCaseError> {
    for part in [jid.local(), Some(jid.domain()), jid.resource()].into_iter().flatten() {
        prop_assert!(!part.is_empty() && part.len() <= PART_BYTES_MAX, "{part:?}");
        prop_assert!(!part.contains(char::is_control), "{part:?}");
    }
    let bare = jid.to_bare();
    prop_assert_eq!(bare.as_str(), jid.bare_str());
    let whole = match jid.resource() {
        None => Ok(bare.as_jid().clone()),
        Some(resource) => bare.with_resource(resource),
    };
    prop_assert_eq!(whole.as_ref(), Ok(jid));
    prop_assert_eq!(Jid::parse(jid.as_str()), Ok(jid.clone()));
    prop_assert_eq!(BareJid::parse(jid.as_str()).is_ok(), !jid.is_full());
    Ok(())
}

// 45-G-i, 45-17.1-a
#[test]
fn a_dot_at_the_end_does_not_keep_a_domain_from_being_prepared() {
    let prepared = Jid::prepare("\u{fecd}.").expect("an address");
    assert_eq!(prepared.as_str(), "\u{63a}");
    assert_eq!(Jid::prepare(prepared.as_str()), Ok(prepared));
}

proptest! {
    #![proptest_config(crate::cases(2000))]

    // 45-17.1-b
    #[test]
    fn whatever_is_an_address_has_parts_within_bounds_and_goes_together_again(text in text()) {
        for jid in [Jid::parse(&text), Jid::prepare(&text)].into_iter().flatten() {
            check(&jid)?;
        }
    }

    // 45-G-i, 45-17.1-a, trap 89
    #[test]
    fn a_prepared_address_is_prepared(text in text()) {
        for profile in [Profile::Stringprep, Profile::Precis] {
            let Ok(once) = profile.prepare(&text) else { continue };
            prop_assert_eq!(profile.prepare(once.as_str()), Ok(once));
        }
    }

    // 45-G-i
    #[test]
    fn case_makes_no_difference_to_accounts(local in "[a-zA-Z0-9._-]{1,20}", domain in "[a-zA-Z0-9-]{1,20}") {
        let text = format!("{local}@{domain}");
        let lower = Jid::prepare(&text.to_ascii_lowercase());
        prop_assert!(lower.is_ok());
        prop_assert_eq!(Jid::prepare(&text), lower.clone());
        prop_assert_eq!(Jid::prepare(&text.to_ascii_uppercase()), lower);
    }

    #[test]
    fn no_text_is_too_odd_to_be_judged(text in any::<String>(), resource in any::<String>()) {
        let room = BareJid::parse("r@muc.example").expect("an address");
        for jid in [Jid::parse(&text), Jid::prepare(&text), room.with_resource(&resource)].into_iter().flatten() {
            check(&jid)?;
        }
    }
}
