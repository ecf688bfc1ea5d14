//! What every engine does on a failing disk. Each test is run on all of them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::{io, time::Duration};

use super::memory::Memory;
use super::sled::{Folder, Sled};
use super::{Change, Engine, Recovering, Steps, Table, View, fjall, sled};
use crate::store::StoreError;

/// Which table of an engine is written to, and how an engine in a folder is made.
trait Sample: Engine {
    const TABLES: [Table; 2];
    fn place(folder: &Path) -> Self::Place;
}

impl Sample for Sled {
    const TABLES: [Table; 2] = [Table::Parts, Table::Occupants];

    fn place(folder: &Path) -> Self::Place {
        let none = |_, _: &sled::Place| Err(StoreError::Unusable("nothing to upgrade".to_owned()));
        sled::Place::new(Folder::claim(folder).expect("claimed"), none)
    }
}

impl Sample for fjall::Fjall {
    const TABLES: [Table; 2] = [Table::Messages, Table::Index];

    fn place(folder: &Path) -> Self::Place {
        fjall::Place::new(&folder.join("archive"), 1 << 20)
    }
}

impl Sample for Memory {
    const TABLES: [Table; 2] = [Table::Ids, Table::Rests];

    fn place(_: &Path) -> Self::Place {
        Memory::default()
    }
}

/// What a disk does now.
#[derive(Default)]
pub(in crate::store) struct Disk {
    /// Changes are written, and then the disk says that they are not.
    pub(in crate::store) loses: AtomicBool,
    /// Changes are refused before anything is written.
    refuses: AtomicBool,
    /// It takes nothing, not even a probe.
    is_gone: AtomicBool,
}

/// An engine on such a disk.
pub(in crate::store) struct Faulty<E> {
    engine: E,
    disk: Arc<Disk>,
    /// What the disk said it has not: where reads go on it is seen at the next opening only.
    lost: Mutex<Option<Change>>,
}

fn failed() -> StoreError {
    StoreError::Io("made to fail".to_owned())
}

impl<E: Engine> Engine for Faulty<E> {
    type Place = (E::Place, Arc<Disk>);
    type Bytes = E::Bytes;
    type View<'a> = E::View<'a>;
    const READS_GO_ON: bool = E::READS_GO_ON;

    fn open((place, disk): &Self::Place) -> Result<Self, StoreError> {
        Ok(Self { engine: E::open(place)?, disk: disk.clone(), lost: Mutex::default() })
    }

    fn view(&self) -> Self::View<'_> {
        self.engine.view()
    }

    fn apply(&self, change: &Change, durable: bool) -> Result<(), StoreError> {
        if self.disk.refuses.load(SeqCst) || self.disk.is_gone.load(SeqCst) {
            return Err(failed());
        }
        let loses = self.disk.loses.load(SeqCst);
        if loses && E::READS_GO_ON {
            *self.lost.lock().expect("nothing panics under it") = Some(change.clone());
            return Err(failed());
        }
        self.engine.apply(change, durable)?;
        if loses { Err(failed()) } else { Ok(()) }
    }

    fn bytes(&self) -> u64 {
        self.engine.bytes()
    }

    fn close(self) -> bool {
        let lost = self.lost.into_inner().expect("nothing panics under it");
        lost.into_iter().for_each(|lost| self.engine.apply(&lost, true).expect("it is on the disk"));
        // Files are written over themselves after each failure.
        self.engine.close();
        true
    }

    fn probe((place, disk): &Self::Place) -> io::Result<()> {
        if disk.is_gone.load(SeqCst) {
            return Err(io::Error::other("it is gone"));
        }
        E::probe(place)
    }

    fn rewrite((place, _): &Self::Place) -> io::Result<()> {
        E::rewrite(place)
    }
}

struct Bench<E: Sample> {
    engine: Recovering<Faulty<E>>,
    disk: Arc<Disk>,
    _folder: tempfile::TempDir,
}

impl<E: Sample> Bench<E> {
    /// An engine that holds 1 to 9 in its first table.
    fn new() -> Self {
        let (folder, disk) = (tempfile::tempdir().expect("a folder"), Arc::new(Disk::default()));
        let engine = Recovering::open((E::place(folder.path()), disk.clone())).expect("opened");
        let bench = Self { engine, disk, _folder: folder };
        bench.change(&(1..10).map(|n| (0, n, Some(n))).collect::<Vec<_>>()).expect("stored");
        bench
    }

    /// Puts values under keys of the first or the second table, or removes them.
    fn change(&self, steps: &[(usize, u8, Option<u8>)]) -> Result<(), StoreError> {
        let step = |(table, key, value): &(usize, u8, Option<u8>)| {
            ((E::TABLES[*table], vec![*key]), value.map(|value| vec![value]))
        };
        let steps: Steps = steps.iter().map(step).collect();
        self.engine.change(true, |_| Ok(((), steps)))
    }

    /// What is there, read from either end.
    fn content(&self) -> Result<Vec<(usize, u8, u8)>, StoreError> {
        self.engine.read(|view| {
            let mut all = Vec::new();
            for (n, table) in E::TABLES.into_iter().enumerate() {
                let range = view.under(table, &[]).collect::<Result<Vec<_>, _>>()?;
                let mut back = view.under(table, &[]).rev().collect::<Result<Vec<_>, _>>()?;
                back.reverse();
                for ((key, value), (key_back, _)) in range.iter().zip(&back) {
                    assert_eq!((&key[..], range.len()), (&key_back[..], back.len()));
                    assert_eq!(view.get(table, key)?.as_deref(), Some(&value[..]));
                    all.push((n, key[0], value[0]));
                }
            }
            Ok(all)
        })
    }
}

/// One change of each kind: what is there, what is not, in both tables.
const CHANGE: [(usize, u8, Option<u8>); 5] =
    [(0, 1, Some(77)), (0, 2, None), (0, 50, Some(50)), (1, 5, Some(5)), (1, 6, None)];

fn outcome() -> Vec<(usize, u8, u8)> {
    let mut all = vec![(0, 1, 77)];
    all.extend((3..10).map(|n| (0, n, n)));
    all.extend([(0, 50, 50), (1, 5, 5)]);
    all
}

fn before() -> Vec<(usize, u8, u8)> {
    (1..10).map(|n| (0, n, n)).collect()
}

fn a_change_that_was_refused_is_not_seen_though_it_reached_the_disk<E: Sample>() {
    let bench = Bench::<E>::new();
    for _ in 0..2 {
        bench.disk.loses.store(true, SeqCst);
        assert!(matches!(bench.change(&CHANGE), Err(StoreError::Io(_))));
        bench.disk.loses.store(false, SeqCst);
        // On one engine this read opens it again, on another it shows what was before: the change below opens that.
        assert_eq!(bench.content().expect("read"), before());
        bench.change(&[(1, 9, None)]).expect("the disk works again");
        assert_eq!(bench.content().expect("read"), before());
    }
    bench.change(&CHANGE).expect("the disk works again");
    assert_eq!(bench.content().expect("read"), outcome());
}

fn a_change_right_after_a_refused_one_stands_on_what_was_acknowledged<E: Sample>() {
    let bench = Bench::<E>::new();
    for fault in [|disk: &Disk| &disk.loses, |disk: &Disk| &disk.refuses] as [fn(&Disk) -> &AtomicBool; 2] {
        fault(&bench.disk).store(true, SeqCst);
        assert!(bench.change(&[(0, 1, None), (1, 1, Some(1))]).is_err());
        fault(&bench.disk).store(false, SeqCst);
        bench.change(&CHANGE).expect("the disk works again");
        assert_eq!(bench.content().expect("read"), outcome());
    }
}

fn while_the_disk_fails_changes_are_refused_and_then_all_is_there<E: Sample>() {
    let bench = Bench::<E>::new();
    bench.disk.is_gone.store(true, SeqCst);
    for _ in 0..3 {
        assert!(matches!(bench.change(&CHANGE), Err(StoreError::Io(_))));
        // Where reads do not go on they are refused, and never show anything else.
        let read = bench.content();
        assert!(read.as_ref().map_or(!E::READS_GO_ON, |read| *read == before()), "{read:?}");
    }
    bench.disk.is_gone.store(false, SeqCst);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(bench.content().expect("read"), before());
    bench.change(&CHANGE).expect("the disk works again");
    assert_eq!(bench.content().expect("read"), outcome());
}

fn an_undoing_that_fails_is_done_later<E: Sample>() {
    let bench = Bench::<E>::new();
    bench.disk.loses.store(true, SeqCst);
    assert!(bench.change(&CHANGE).is_err());
    // The change finds the refused one, and the disk says of the steps back that they were not written either.
    assert!(bench.change(&[(1, 1, Some(1))]).is_err());
    bench.disk.loses.store(false, SeqCst);
    std::thread::sleep(Duration::from_millis(1100));
    bench.change(&[(1, 1, Some(1))]).expect("the disk works again");
    assert_eq!(bench.content().expect("read"), [before(), vec![(1, 1, 1)]].concat());
}

fn a_panic_and_an_error_of_a_draft_change_nothing<E: Sample>() {
    let bench = Bench::<E>::new();
    let changed: Result<(), _> = bench.engine.change(true, |_| panic!("as databases do"));
    assert!(changed.is_err_and(|e| e.to_string().contains("as databases do")));
    let changed: Result<(), _> = bench.engine.change(true, |_| Err(failed()));
    assert_eq!(changed, Err(failed()));
    assert_eq!(bench.content().expect("read"), before());
}

macro_rules! on_all {
    ($($test:ident)*) => {
        $(
            mod $test {
                #[test]
                fn on_sled() {
                    super::$test::<super::Sled>();
                }

                #[test]
                fn on_fjall() {
                    super::$test::<super::fjall::Fjall>();
                }

                #[test]
                fn in_memory() {
                    super::$test::<super::Memory>();
                }
            }
        )*
    };
}

on_all! {
    a_change_that_was_refused_is_not_seen_though_it_reached_the_disk
    a_change_right_after_a_refused_one_stands_on_what_was_acknowledged
    while_the_disk_fails_changes_are_refused_and_then_all_is_there
    an_undoing_that_fails_is_done_later
    a_panic_and_an_error_of_a_draft_change_nothing
}
