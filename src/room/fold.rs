//! Texts as they are compared: nicks, and what looks like them (UAX 15).

use unicode_normalization::UnicodeNormalization;

/// Most bytes of what a nick is compared by. Some characters become eighteen.
pub const KEY_BYTES_MAX: usize = 1024;

/// A text as it is compared: NFKC, without case and invisible characters, single spaces. Of one that becomes longer than
/// `bytes_max` there is a little more than so much, from the beginning.
pub fn folded(text: &str, bytes_max: usize) -> String {
    count_fold();
    if text.is_ascii() {
        let visible = text.chars().filter(|c| !c.is_control()).map(|c| c.to_ascii_lowercase());
        return spaced(&visible.take(bytes_max + 1).collect::<String>());
    }
    // Before, since they keep marks from being put in order; after, since NFKC has some of its own.
    let visible = text.chars().filter(|c| !is_invisible(*c)).nfkc().filter(|c| !is_invisible(*c));
    let mut folded = String::with_capacity(text.len().min(bytes_max));
    for c in visible.flat_map(fold) {
        folded.push(c);
        if folded.len() > bytes_max {
            break;
        }
    }
    // Lower-casing can leave a form that NFKC composes further.
    spaced(&folded).nfkc().collect()
}

#[cfg(test)]
thread_local! {
    /// How many texts this thread has folded: it is the dearest thing that is done with a nick.
    pub(crate) static FOLDS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts a text that is folded, while testing.
fn count_fold() {
    #[cfg(test)]
    FOLDS.set(FOLDS.get() + 1);
}

/// The words of a text, with a space between any two.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    spaced
}

/// Without case. Some letters have several small forms (σ, ς) or turn into two when they grow (ß): they are the same as
/// what they become.
fn fold(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Characters that show nothing: format controls, joiners, fillers, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{2800}' | '\u{1107f}' | '\u{10a3f}' | '\u{11f02}' | '\u{13430}'..='\u{1345f}' | '\u{16fe4}'
        | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{2d7f}' | '\u{fffc}' | '\u{e0000}'..='\u{e0fff}')
        || c.is_control()
}
