//! An engine that is opened again after a failure, as it was before the change that failed.
//!
//! A database takes no more changes after a failed write, or holds in memory what is not on the disk, and may find on the
//! disk what it had refused. So after a failure the next use opens it again and undoes what of the refused change it finds.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use super::{Change, Engine, Steps, guarded, stored};
use crate::store::StoreError;

/// After the database could not be opened again, it is not tried anew for so long.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// An engine and its recovery.
pub struct Recovering<E: Engine> {
    /// Held for a change; where readers wait for changes, only until the change has `health`, and readers take it too, so that
    /// commits in a row do not keep a reader waiting.
    turn: Mutex<()>,
    health: RwLock<Health<E>>,
    /// Last: what it locks is given back when the engine is closed.
    place: E::Place,
}

/// Whether the engine can be used.
enum Health<E> {
    Sound(E),
    Failed(Failure<E>),
}

/// What is known after a failure.
struct Failure<E> {
    /// Shows what was before the change that failed. Gone once another opening was tried.
    engine: Option<E>,
    /// The change that failed.
    refused: Steps,
    /// The steps back, once they are known.
    undo: Option<Steps>,
    /// See [`Engine::rewrite`].
    rewrite: bool,
    why: StoreError,
    retry_at: Instant,
}

/// A sound engine, held for a change.
enum Held<'a, E> {
    /// Readers go on.
    Shared(RwLockReadGuard<'a, Health<E>>, MutexGuard<'a, ()>),
    /// Readers wait.
    Alone(RwLockWriteGuard<'a, Health<E>>),
}

impl<E> Deref for Held<'_, E> {
    type Target = Health<E>;

    fn deref(&self) -> &Health<E> {
        match self {
            Self::Shared(health, _) => health,
            Self::Alone(health) => health,
        }
    }
}

impl<E: Engine> Recovering<E> {
    /// Opens the engine at `place`.
    ///
    /// # Errors
    /// See [`Engine::open`].
    pub fn open(place: E::Place) -> Result<Self, StoreError> {
        let engine = E::open(&place)?;
        Ok(Self { turn: Mutex::default(), health: RwLock::new(Health::Sound(engine)), place })
    }

    /// Where it is kept.
    pub fn place(&self) -> &E::Place {
        &self.place
    }

    /// Calls `f` with what is stored.
    ///
    /// # Errors
    /// Those of `f`; or why the database failed, if it cannot be opened again.
    pub fn read<T>(&self, f: impl FnOnce(&E::View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        {
            let health = self.reader();
            if let Health::Sound(engine) | Health::Failed(Failure { engine: Some(engine), .. }) = &*health {
                return guarded(|| f(&engine.view()));
            }
        }
        let held = self.held()?;
        guarded(|| f(&held.sound()?.view()))
    }

    /// Makes the steps that `draft` gives for what is stored.
    ///
    /// # Errors
    /// Those of `draft`, which change nothing; or why the change could not be made.
    pub fn change<T>(
        &self,
        durable: bool,
        draft: impl FnOnce(&E::View<'_>) -> Result<(T, Steps), StoreError>,
    ) -> Result<T, StoreError> {
        let held = self.held()?;
        let engine = held.sound()?;
        let (outcome, change) = guarded(|| {
            let view = engine.view();
            let (outcome, steps) = draft(&view)?;
            let change = match E::READS_GO_ON {
                true => Change { steps, before: None },
                false => Change::from(&view, steps)?,
            };
            Ok((outcome, change))
        })?;
        if change.steps.is_empty() {
            return Ok(outcome);
        }
        match guarded(|| engine.apply(&change, durable)) {
            Ok(()) => Ok(outcome),
            Err(why) => Err(self.fail(held, change, why)),
        }
    }

    /// Brings to the disk what is not durable yet.
    ///
    /// # Errors
    /// Why that failed.
    pub fn sync(&self) -> Result<(), StoreError> {
        let held = self.held()?;
        match guarded(|| held.sound()?.sync()) {
            Ok(()) => Ok(()),
            Err(why) => Err(self.fail(held, Change::default(), why)),
        }
    }

    /// Calls `f` with the engine, if it is sound; what `f` gives for one that is not is the default.
    pub fn if_sound<T: Default>(&self, f: impl FnOnce(&E) -> T) -> T {
        match &*self.reader() {
            Health::Sound(engine) => f(engine),
            Health::Failed(_) => T::default(),
        }
    }

    /// Calls `prepare` with the engine while all others wait, then `replace`, which gives what takes the place of the engine, and
    /// the engine itself if it is still to be closed: that is done when the others go on.
    ///
    /// # Errors
    /// Those of `prepare`, which leave everything as it is; those of `replace`, after which the next use opens the engine again.
    pub(super) fn replace(
        &self,
        prepare: impl FnOnce(&E) -> Result<(), StoreError>,
        replace: impl FnOnce(E) -> (Result<E, StoreError>, Option<E>),
    ) -> Result<(), StoreError> {
        let turn = self.turn();
        let mut health = self.writer();
        drop(turn);
        health.restore(&self.place)?;
        guarded(|| prepare(health.sound()?))?;
        let Some(old) = health.take("its files are being replaced") else { return Ok(()) };
        let (new, old) = replace(old);
        let outcome = new.map(|new| *health = Health::Sound(new));
        if outcome.is_ok() {
            drop(health);
        }
        old.map(E::close);
        outcome
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> RwLockReadGuard<'_, Health<E>> {
        let _turn = (!E::READS_GO_ON).then(|| self.turn());
        self.health.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> RwLockWriteGuard<'_, Health<E>> {
        self.health.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine for a change, opened again if it failed.
    fn held(&self) -> Result<Held<'_, E>, StoreError> {
        let turn = self.turn();
        if E::READS_GO_ON {
            if matches!(&*self.reader(), Health::Failed(_)) {
                self.writer().restore(&self.place)?;
            }
            return Ok(Held::Shared(self.reader(), turn));
        }
        let mut health = self.writer();
        drop(turn);
        health.restore(&self.place)?;
        Ok(Held::Alone(health))
    }

    /// From now on nothing can be changed until the engine was opened again. Gives `why`.
    fn fail(&self, held: Held<'_, E>, change: Change, why: StoreError) -> StoreError {
        match held {
            Held::Alone(mut health) => health.fail(change, &why),
            Held::Shared(health, _turn) => {
                drop(health);
                self.writer().fail(change, &why);
            }
        }
        why
    }
}

impl<E: Engine> Drop for Recovering<E> {
    fn drop(&mut self) {
        self.writer().take("it is closed").map(E::close);
    }
}

impl<E: Engine> Health<E> {
    fn sound(&self) -> Result<&E, StoreError> {
        match self {
            Self::Sound(engine) => Ok(engine),
            Self::Failed(failure) => Err(failure.why.clone()),
        }
    }

    /// The engine, if it is sound. The next use opens it again, with `undo` undone.
    fn swap(&mut self, refused: Steps, undo: Option<Steps>, why: StoreError) -> Option<E> {
        let failure = Failure { engine: None, refused, undo, rewrite: false, why, retry_at: Instant::now() };
        match std::mem::replace(self, Self::Failed(failure)) {
            Self::Sound(engine) => Some(engine),
            Self::Failed(failure) => failure.engine,
        }
    }

    /// The engine, if it is there. The next use opens it again.
    fn take(&mut self, why: &str) -> Option<E> {
        self.swap(Steps::new(), Some(Steps::new()), StoreError::Io(why.to_owned()))
    }

    /// A change failed.
    fn fail(&mut self, Change { steps, before }: Change, why: &StoreError) {
        let engine = self.swap(steps, before, why.clone());
        if let Self::Failed(failure) = self {
            if E::READS_GO_ON {
                failure.engine = engine;
            } else {
                failure.rewrite = engine.is_some_and(E::close);
            }
        }
    }

    /// Opens the engine again if it failed.
    fn restore(&mut self, place: &E::Place) -> Result<(), StoreError> {
        let Self::Failed(failure) = self else { return Ok(()) };
        if Instant::now() < failure.retry_at {
            return Err(failure.why.clone());
        }
        match failure.opened_again(place) {
            Ok(engine) => *self = Self::Sound(engine),
            Err(why) => {
                failure.why = why.clone();
                failure.retry_at = Instant::now() + RETRY_PAUSE;
                return Err(why);
            }
        }
        Ok(())
    }
}

impl<E: Engine> Failure<E> {
    /// The engine as it was before the change that failed.
    fn opened_again(&mut self, place: &E::Place) -> Result<E, StoreError> {
        let still = |e| StoreError::Io(format!("the disk still fails: {e}"));
        E::probe(place).map_err(still)?;
        if let Some(engine) = &self.engine {
            if self.undo.is_none() {
                self.undo = Some(guarded(|| stored(&engine.view(), &self.refused))?);
            }
            self.rewrite |= self.engine.take().is_some_and(E::close);
        }
        let Some(undo) = self.undo.clone() else { return Err(self.why.clone()) };
        if self.rewrite {
            E::rewrite(place).map_err(still)?;
            self.rewrite = false;
        }
        let engine = E::open(place)?;
        let undone = guarded(|| {
            let change = Change::from(&engine.view(), undo)?;
            if change.steps.is_empty() { Ok(()) } else { engine.apply(&change, true) }
        });
        if let Err(e) = undone {
            self.rewrite = engine.close();
            return Err(e);
        }
        Ok(engine)
    }
}
