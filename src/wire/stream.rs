//! Bytes in, stanzas out: the reader of an XML stream, without IO.
