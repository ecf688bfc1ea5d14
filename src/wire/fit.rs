//! How much of a list one stanza has space for.

/// Longest list in one stanza, in bytes on the wire. A server may end the stream of a component that says more at a time
/// (Prosody: 512 KiB), and then the link is lost for everybody.
pub const LIST_BYTES_MAX: usize = 256 << 10;

/// The first of `items` that one stanza has space for, one at least, and whether there are more. `bytes` says how long one
/// is on the wire.
pub fn that_fit<T>(items: impl Iterator<Item = T>, bytes: impl Fn(&T) -> usize) -> (Vec<T>, bool) {
    let (mut fitting, mut left) = (Vec::new(), LIST_BYTES_MAX);
    for item in items {
        let bytes = bytes(&item);
        if bytes > left && !fitting.is_empty() {
            return (fitting, true);
        }
        left = left.saturating_sub(bytes);
        fitting.push(item);
    }
    (fitting, false)
}
