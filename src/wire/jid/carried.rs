//! What of a resource every server carries: strict resourceprep (RFC 6122, Appendix B), Unicode 3.2, no newer characters.
//!
//! A server that keeps to it strictly (ejabberd among them) refuses a whole stanza whose `from` has another resource, such
//! as one with an emoji. Others let newer characters pass.

use std::borrow::Cow;

use stringprep::resourceprep;

/// Whether every server carries a resource, in this spelling or as servers prepare it.
pub fn is_carried(resource: &str) -> bool {
    resourceprep(resource).is_ok_and(|prepared| !prepared.is_empty())
}

/// The resource as every server carries it: prepared, and without what strict servers refuse. Empty if nothing is left.
pub fn carried(resource: &str) -> Cow<'_, str> {
    if let Ok(prepared) = resourceprep(resource) {
        return prepared;
    }
    let (mut alone, mut kept) = ([0; 4], String::with_capacity(resource.len()));
    kept.extend(resource.chars().filter(|c| resourceprep(c.encode_utf8(&mut alone)).is_ok()));
    // A space that stood beside what is gone would be one too many.
    let kept = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    match resourceprep(&kept) {
        Ok(prepared) => prepared.into_owned().into(),
        Err(_) => one_direction(&kept).into(),
    }
}

/// Texts in both directions are refused as well, and those from right to left that begin or end with something else
/// (RFC 3454 §6): the letters of the direction of the first one are kept.
fn one_direction(text: &str) -> String {
    let is_rtl = |c: char| {
        let (mut a, mut b) = ([0; 4], [0; 4]);
        // The smallest text that is refused for its direction alone: a letter from right to left before one of the others.
        let pair = [c.encode_utf8(&mut a) as &str, 'a'.encode_utf8(&mut b)].concat();
        resourceprep(&pair).is_err()
    };
    let is_ltr = |c: char| {
        let (mut a, mut b) = ([0; 4], [0; 4]);
        let hebrew = 'א'.encode_utf8(&mut b) as &str;
        resourceprep(&[hebrew, c.encode_utf8(&mut a), hebrew].concat()).is_err()
    };
    let from_right = text.chars().find(|c| is_rtl(*c) || is_ltr(*c)).is_some_and(is_rtl);
    let kept: String = match from_right {
        true => text.chars().filter(|c| !is_ltr(*c)).collect(),
        false => text.chars().filter(|c| !is_rtl(*c)).collect(),
    };
    let kept = if from_right { kept.trim_matches(|c| !is_rtl(c)) } else { kept.trim() };
    resourceprep(kept).map_or_else(|_| String::new(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strict_servers_refuse_is_left_out_and_the_rest_stays() {
        // 45-17.1-a
        for (resource, left) in [
            ("Romeo", "Romeo"),
            ("Роме́о", "Роме́о"),
            ("李", "李"),
            ("שלום", "שלום"),
            ("❤", "❤"),
            ("🌙 Juliet", "Juliet"),
            ("a 🌙 b", "a b"),
            ("🤖", ""),
            ("x\u{e000}y", "xy"),
            ("Stra\u{1e9e}e", "Strae"),
            ("ﬁn", "fin"),
            ("alice שלום", "alice"),
            ("שלום alice", "שלום"),
            ("1שלום2", "שלום"),
            ("\u{feff}", ""),
        ] {
            assert_eq!(carried(resource), left, "{resource}");
            assert_eq!(carried(left), left);
        }
    }
}
