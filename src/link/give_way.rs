//! How the reading half lets others have their turn and comes back soon.

use std::future::poll_fn;
use std::task::Poll;

/// Lets the tasks that wait for this thread go first, once. `yield_now` of Tokio comes back only when the thread has nothing else
/// to do or has gone through many tasks, and later still while one of them works aside. That is right for rooms with much to
/// do. But if the reader did so, what others send would be read after the end of a flood.
pub(super) async fn give_way() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    // 45-14.6-a
    #[tokio::test]
    async fn a_task_that_gives_way_goes_on_while_others_are_always_busy() {
        let turns = Arc::new(AtomicUsize::new(0));
        let reader = {
            let turns = turns.clone();
            async move {
                loop {
                    give_way().await;
                    turns.fetch_add(1, SeqCst);
                }
            }
        };
        let reader = tokio::spawn(reader);
        let busy = tokio::spawn(async {
            for _ in 0..40 {
                give_way().await;
            }
        });
        busy.await.expect("no panic");
        assert!(turns.load(SeqCst) >= 30, "{turns:?}");
        reader.abort();
    }
}
