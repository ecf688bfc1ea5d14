//! The files of an archive as bytes, read without the database: which parts of them are damaged, and what the sound
//! parts hold. The database itself reads no table with a damaged index, and cuts a journal off where it is damaged.
//!
//! A table is a row of blocks, each with a length and checksums of its own. A journal is a row of batches, each with a
//! checksum and an end that can be searched for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsm_tree::coding::Decode;
use lsm_tree::table::block::decoder::ParsedItem;
use lsm_tree::table::block::{BlockType, Header};
use lsm_tree::table::{Block, DataBlock};
use lsm_tree::{Cache, Checksum, Slice, Table as TableFile};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::store::StoreError;
use crate::store::engine::{Table, guarded};

/// How a block of a table begins.
const BLOCK_MAGIC: &[u8] = b"LSM\x03";

/// How a batch of a journal ends.
const BATCH_MAGIC: &[u8] = b"FJL\x03";

/// A part of a file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The file, from the folder of the archive.
    pub(super) file: PathBuf,
    /// Where in it.
    pub(super) at: usize,
    pub(super) bytes: usize,
    pub(super) why: String,
}

/// One version of a record, as a table or a journal has it.
pub(super) struct Version<'a> {
    pub(super) table: Table,
    pub(super) key: &'a [u8],
    /// `None` if the key was removed.
    pub(super) value: Option<&'a [u8]>,
    /// The higher, the newer.
    pub(super) seqno: u64,
}

/// What is done with each version that is found.
pub(super) type Each<'a> = &'a mut dyn FnMut(&Version<'_>) -> Result<(), StoreError>;

/// Reads every file of the archive in the folder `path`. Archives and messages are handed to `each`, in no order; of
/// indexes only the checksums are looked at. Gives what is damaged.
pub(super) fn scan(path: &Path, each: Each<'_>) -> Result<Vec<Damage>, StoreError> {
    let io = |e: io::Error| StoreError::Io(format!("{}: {e}", path.display()));
    let mut damages = Vec::new();
    let names = keyspaces(path, &mut damages).map_err(io)?;
    for (number, table) in &names {
        for file in tables(path, *number).map_err(io)? {
            let bytes = fs::read(path.join(&file)).map_err(io)?;
            let mut records =
                |key: &[u8], value: Option<&[u8]>, seqno| each(&Version { table: *table, key, value, seqno });
            let wanted = matches!(table, Table::Archives | Table::Messages);
            let records: Option<Records<'_>> = if wanted { Some((&mut records, true)) } else { None };
            scan_table(&path.join(&file), &file, &bytes, records, &mut damages)?;
        }
    }
    for file in journals(path).map_err(io)? {
        let bytes = fs::read(path.join(&file)).map_err(io)?;
        for (at, bytes, why) in scan_journal(&bytes, &names, each)? {
            damages.push(Damage { file: file.clone(), at, bytes, why });
        }
    }
    Ok(damages)
}

/// Which keyspace has which number: as the database wrote it down, and where that cannot be read, as they are made.
fn keyspaces(path: &Path, damages: &mut Vec<Damage>) -> io::Result<BTreeMap<u64, Table>> {
    let made = [(1, Table::Archives), (2, Table::Messages), (3, Table::Ids), (4, Table::Index)];
    let mut names = named(path, damages)?;
    for (number, table) in made {
        if !names.values().any(|named| *named == table) {
            names.entry(number).or_insert(table);
        }
    }
    Ok(names)
}

/// Which keyspace has which number, as far as the database wrote it down.
fn named(path: &Path, damages: &mut Vec<Damage>) -> io::Result<BTreeMap<u64, Table>> {
    let mut names = BTreeMap::new();
    for file in tables(path, 0)? {
        let bytes = fs::read(path.join(&file))?;
        let mut note = |key: &[u8], value: Option<&[u8]>, _| {
            let number = key.strip_prefix(b"n").and_then(|n| n.try_into().ok()).map(u64::from_be_bytes);
            let table = Table::OF_ARCHIVE.into_iter().find(|table| value == Some(table.name().as_bytes()));
            names.extend(number.zip(table));
            Ok(())
        };
        // It fails in `note` alone, which does not.
        let _ = scan_table(&path.join(&file), &file, &bytes, Some((&mut note, false)), damages);
    }
    Ok(names)
}

/// The files of a keyspace, from the folder of the archive: those of its list, for a merging of files that did not
/// come to its end leaves others; all that are there, if the list cannot be read.
fn tables(path: &Path, keyspace: u64) -> io::Result<Vec<PathBuf>> {
    let folder = Path::new("keyspaces").join(keyspace.to_string());
    let listed = listed(&path.join(&folder));
    let wanted = |name: &str| {
        let number = name.parse::<u64>();
        number.is_ok_and(|number| listed.as_ref().is_none_or(|listed| listed.contains(&number)))
    };
    list(path, &folder.join("tables"), wanted)
}

/// The tables that belong to the keyspace in `folder`, as the database lists them; `None` if that cannot be read.
fn listed(folder: &Path) -> Option<BTreeSet<u64>> {
    let current = fs::read(folder.join("current")).ok()?;
    let file = folder.join(format!("v{}", u64::from_le_bytes(*current.first_chunk()?)));
    let reader = sfa::Reader::new(&file).ok()?;
    let section = reader.toc().section(b"tables")?;
    let bytes = fs::read(&file).ok()?;
    let mut rest = bytes.get(usize::try_from(section.pos()).ok()?..)?;
    rest = rest.get(..usize::try_from(section.len()).ok()?)?;
    let mut tables = BTreeSet::new();
    let [levels] = *take(&mut rest)?;
    for _ in 0..levels {
        let [runs] = *take(&mut rest)?;
        for _ in 0..runs {
            let count = u32::from_le_bytes(*take(&mut rest)?);
            for _ in 0..count {
                tables.insert(u64::from_le_bytes(*take(&mut rest)?));
                // What sort of checksum, the checksum, and where its numbering begins.
                let _: &[u8; 1 + 16 + 8] = take(&mut rest)?;
            }
        }
    }
    Some(tables)
}

fn journals(path: &Path) -> io::Result<Vec<PathBuf>> {
    list(path, Path::new(""), |name| name.ends_with(".jnl"))
}

fn list(path: &Path, folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path.join(folder)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if name.to_str().is_some_and(&wanted) {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// What is done with the records of a table, and whether they are compressed.
type Records<'a> = (&'a mut dyn FnMut(&[u8], Option<&[u8]>, u64) -> Result<(), StoreError>, bool);

/// Reads a table block by block. `each` gets its records, if it is given.
fn scan_table(
    path: &Path,
    file: &Path,
    bytes: &[u8],
    mut each: Option<Records<'_>>,
    damages: &mut Vec<Damage>,
) -> Result<(), StoreError> {
    let before = damages.len();
    let mut damaged = |at, bytes, why: &str| {
        damages.push(Damage { file: file.to_owned(), at, bytes, why: why.to_owned() });
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        match block(rest) {
            Ok((header, data)) => {
                if header.block_type == BlockType::Data
                    && let Some((each, compressed)) = &mut each
                {
                    match guarded(|| Ok(records(header, data, *compressed))) {
                        Ok(Some(records)) => {
                            for record in records {
                                let value = (!record.key.is_tombstone()).then_some(&*record.value);
                                each(&record.key.user_key, value, record.key.seqno)?;
                            }
                        }
                        _ => damaged(at, Header::serialized_len() + data.len(), "a block that is no records"),
                    }
                }
                at += Header::serialized_len() + data.len();
            }
            Err(Bad::Data(length)) => {
                damaged(at, Header::serialized_len() + length, "a block does not match its checksum");
                at += Header::serialized_len() + length;
            }
            Err(Bad::Header) => match find(&rest[1..], BLOCK_MAGIC) {
                Some(next) => {
                    let length = next + 1;
                    // Between blocks lies the version of the table, which is shorter than any block.
                    if length > Header::serialized_len() {
                        damaged(at, length, "no block begins here");
                    }
                    at += length;
                }
                // What follows the last block is looked at below.
                None => break,
            },
        }
    }
    // What leads to the blocks. It is opened as the database does it.
    let (none, cache) = (Checksum::from_raw(0), Arc::new(Cache::with_capacity_bytes(0)));
    let open = || Ok(TableFile::recover(path.to_owned(), none, 0, 0, cache, None, true, true));
    let opened = guarded(open).is_ok_and(|opened| opened.is_ok());
    if !opened && damages.len() == before {
        let why = "its end, which leads to the blocks".to_owned();
        damages.push(Damage { file: file.to_owned(), at, bytes: bytes.len() - at, why });
    }
    Ok(())
}

enum Bad {
    /// Nothing can be said.
    Header,
    /// So many bytes follow the header, and are not what they were.
    Data(usize),
}

/// The block at the beginning of `bytes`.
fn block(bytes: &[u8]) -> Result<(Header, &[u8]), Bad> {
    let header = Header::decode_from(&mut &*bytes).map_err(|_| Bad::Header)?;
    let after = &bytes[Header::serialized_len()..];
    let length = usize::try_from(header.data_length).map_err(|_| Bad::Header)?;
    let data = after.get(..length).ok_or(Bad::Data(after.len()))?;
    if xxh3_128(data) != header.checksum.into_u128() {
        return Err(Bad::Data(length));
    }
    Ok((header, data))
}

/// The records of a block; `None` if it is no such block.
fn records(header: Header, data: &[u8], compressed: bool) -> Option<Vec<lsm_tree::InternalValue>> {
    let length = usize::try_from(header.uncompressed_length).ok()?;
    let data = if compressed { lz4_flex::decompress(data, length).ok()? } else { data.to_vec() };
    let data = Slice::from(data);
    let block = DataBlock::new(Block { header, data: data.clone() });
    Some(block.iter().map(|item| item.materialize(&data)).collect())
}

/// Reads a journal batch by batch; what is damaged in it: where, how many bytes, why. What is cut off at the end was
/// never acknowledged, and is no damage.
fn scan_journal(
    bytes: &[u8],
    names: &BTreeMap<u64, Table>,
    each: Each<'_>,
) -> Result<Vec<(usize, usize, String)>, StoreError> {
    let mut damages = Vec::new();
    let (mut at, mut lost_from) = (0, None);
    while at < bytes.len() {
        let Some((batch, length)) = batch(&bytes[at..]) else {
            lost_from = lost_from.or(Some(at));
            match find(&bytes[at..], BATCH_MAGIC) {
                Some(end) => at += end + BATCH_MAGIC.len(),
                None => break,
            }
            continue;
        };
        if let Some(from) = lost_from.take() {
            damages.push((from, at - from, "changes do not match their checksum".to_owned()));
        }
        for item in &batch.items {
            if let Some(table @ (Table::Archives | Table::Messages)) = names.get(&item.keyspace) {
                let value = item.value.as_deref();
                each(&Version { table: *table, key: item.key, value, seqno: batch.seqno })?;
            }
        }
        at += length;
    }
    Ok(damages)
}

struct Batch<'a> {
    seqno: u64,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    keyspace: u64,
    key: &'a [u8],
    value: Option<Vec<u8>>,
}

/// The batch at the beginning of `bytes`, and its length.
fn batch(bytes: &[u8]) -> Option<(Batch<'_>, usize)> {
    let mut rest = bytes.strip_prefix(&[1])?;
    let count = u32::from_le_bytes(*take(&mut rest)?);
    let seqno = u64::from_le_bytes(*take(&mut rest)?);
    let begin = rest;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(item(&mut rest)?);
    }
    let content = &begin[..begin.len() - rest.len()];
    rest = rest.strip_prefix(&[3])?;
    if u64::from_le_bytes(*take(&mut rest)?) != xxh3_64(content) {
        return None;
    }
    rest = rest.strip_prefix(BATCH_MAGIC)?;
    Some((Batch { seqno, items }, bytes.len() - rest.len()))
}

fn item<'a>(rest: &mut &'a [u8]) -> Option<Item<'a>> {
    let [2, kind, compression] = *take(rest)? else { return None };
    let keyspace = u64::from_le_bytes(*take(rest)?);
    let key_length = u16::from_le_bytes(*take(rest)?);
    let length = usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()?;
    let stored_length = usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()?;
    let key = take_some(rest, usize::from(key_length))?;
    let stored = take_some(rest, stored_length)?;
    let value = match (kind, compression) {
        (0, 0) => Some(stored.to_vec()),
        // No bytes of LZ4 become more than 255 times as many.
        (0, 1) if length / 255 <= stored_length => Some(lz4_flex::decompress(stored, length).ok()?),
        (1 | 2, _) => None,
        _ => return None,
    };
    Some(Item { keyspace, key, value })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (part, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(part)
}

fn take_some<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

/// Where `what` begins in `bytes`.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}
