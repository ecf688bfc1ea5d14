//! What another reader needs to go on in the middle of a stream: the stream's header, and what was read of the stanza
//! that is not complete.

/// The bytes of one stream from which a [`super::StreamReader`] can be made that stands where another one stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumption {
    /// From the first byte to the end of the stream's opening tag, or of a stanza close behind it.
    pub header: Vec<u8>,
    /// What was read behind the last stanza that is complete.
    pub tail: Vec<u8>,
}

/// Keeps a [`Resumption`] up to date.
#[derive(Debug, Default)]
pub(super) struct ResumptionBuffer {
    kept: Resumption,
    opened: bool,
    /// The incomplete stanza is too long to be kept.
    lost: bool,
}

impl ResumptionBuffer {
    /// `bytes` were read; if a stanza or the header ended in them, so many came `behind` it.
    pub(super) fn note(&mut self, bytes: &[u8], behind: Option<usize>, bytes_max: usize) {
        let Resumption { header, tail } = &mut self.kept;
        match behind {
            Some(behind) => {
                let (done, rest) = bytes.split_at(bytes.len() - behind);
                if !std::mem::replace(&mut self.opened, true) {
                    header.append(tail);
                    header.extend_from_slice(done);
                }
                self.lost = false;
                tail.clear();
                tail.extend_from_slice(rest);
            }
            None => {
                self.lost |= tail.len() + bytes.len() > bytes_max;
                if self.lost {
                    *tail = Vec::new();
                } else {
                    tail.extend_from_slice(bytes);
                }
            }
        }
    }

    pub(super) fn kept(&self) -> Option<Resumption> {
        (self.opened && !self.lost).then(|| self.kept.clone())
    }
}
