//! A room's vCard (XEP-0054), and the pictures in it (XEP-0486).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use minidom::Element;
use sha1::{Digest, Sha1};

use crate::wire::hex::hex;
use crate::wire::ns;
use crate::words::{self, Text};

/// Base64 as clients write it: with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A vCard that has something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vcard {
    element: Element,
    hashes: Vec<String>,
}

impl Vcard {
    /// Reads `<vCard/>`; an empty one is none. A picture that is not base64 is an error that says so.
    pub fn read(element: &Element) -> Result<Option<Self>, &'static Text> {
        if !element.is("vCard", ns::VCARD) {
            return Err(&words::VCARD_NEEDED);
        }
        let photos = element.children().filter(|c| c.is("PHOTO", ns::VCARD));
        let pictures = photos.filter_map(|photo| photo.get_child("BINVAL", ns::VCARD));
        let hashes = pictures.map(hash).collect::<Result<_, _>>()?;
        let full = element.children().next().is_some();
        Ok(full.then(|| Self { element: element.clone(), hashes }))
    }

    /// All of it, as its owner wrote it.
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// The SHA-1 of each picture, in hexadecimal digits (XEP-0486 §3.3, XEP-0153).
    pub fn hashes(&self) -> &[String] {
        &self.hashes
    }
}

fn hash(picture: &Element) -> Result<String, &'static Text> {
    let text: String = picture.text().split_ascii_whitespace().collect();
    let bytes = BASE64.decode(text).map_err(|_| &words::PICTURE_UNREADABLE)?;
    Ok(hex(&Sha1::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str) -> Result<Option<Vcard>, &'static Text> {
        Vcard::read(&format!("<vCard xmlns='vcard-temp'>{inside}</vCard>").parse().expect("test xml"))
    }

    fn photo(text: &str) -> String {
        format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>{text}</BINVAL></PHOTO>")
    }

    #[test]
    fn hash_is_that_of_the_bytes_whatever_the_spaces() {
        // 486-6, 486-7
        const ABC: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";
        for text in ["YWJj", "YW\n Jj", "\t YWJj\r\n"] {
            let card = read(&photo(text)).expect("a vCard").expect("not empty");
            assert_eq!(card.hashes(), [ABC], "{text:?}");
        }
        let two = read(&(photo("YWJj") + &photo("YQ"))).expect("a vCard").expect("not empty");
        assert_eq!(two.hashes().len(), 2);
        assert_eq!(two.hashes()[1], read(&photo("YQ==")).expect("a vCard").expect("not empty").hashes()[0]);
    }

    #[test]
    fn vcard_without_picture_has_no_hash_and_an_empty_one_is_none() {
        // 486-4, 486-6
        let card = read("<FN>Coven</FN><PHOTO><EXTVAL>https://example/a.png</EXTVAL></PHOTO>");
        assert_eq!(card.expect("a vCard").expect("not empty").hashes(), [""; 0]);
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        // 486-7
        assert!(read(&photo("%%%%")).is_err());
        assert!(Vcard::read(&"<query xmlns='vcard-temp'/>".parse().expect("test xml")).is_err());
    }
}
