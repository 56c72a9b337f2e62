//! The threads that compute: a pool of their own, so that the threads that talk to callers are never busy for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::fault::Fault;

/// Threads that scrub, in the order in which work comes.
pub(crate) struct Crew {
    pool: rayon::ThreadPool,
    waiting: Arc<AtomicUsize>,
}

/// Until when an answer is of use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(pub(crate) Instant);

impl Deadline {
    /// Refuses what comes too late.
    pub(crate) fn check(self) -> Result<(), Fault> {
        if Instant::now() < self.0 { Ok(()) } else { Err(Fault::Deadline) }
    }
}

impl Crew {
    pub(crate) fn new(pool: rayon::ThreadPool) -> Self {
        pool.broadcast(|_| step_back());
        Self { pool, waiting: Arc::default() }
    }

    /// Pieces of work that wait for a thread.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Does `work` on a thread of the crew, and tells it how long it waited. Work whose caller went away, or whose deadline
    /// has passed, is dropped before it is begun.
    ///
    /// # Errors
    ///
    /// What `work` returned; [`Fault::Deadline`]; [`Fault::Internal`] when it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(Duration) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let (waiting, since) = (Arc::clone(&self.waiting), Instant::now());
        waiting.fetch_add(1, Ordering::Relaxed);
        self.pool.spawn_fifo(move || {
            waiting.fetch_sub(1, Ordering::Relaxed);
            if reply.is_closed() {
                return;
            }
            let done = deadline.check().and_then(|()| {
                let work = std::panic::AssertUnwindSafe(|| work(since.elapsed()));
                std::panic::catch_unwind(work).unwrap_or(Err(Fault::Internal))
            });
            // The caller may have gone away by now.
            let _ = reply.send(done);
        });
        answer.await.unwrap_or(Err(Fault::Internal))
    }
}

/// Gives this thread less of a busy processor than the threads that talk to callers: a refusal does not wait until a text is
/// scrubbed. Where it cannot be had, refusals take longer.
fn step_back() {
    // On Linux this concerns the calling thread alone; elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// By how much: a fifteenth of the share that others get.
#[cfg(target_os = "linux")]
const NICE: i32 = 12;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc;

    use super::*;

    fn crew() -> Crew {
        Crew::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap())
    }

    fn later() -> Deadline {
        Deadline(Instant::now() + Duration::from_secs(20))
    }

    #[tokio::test]
    async fn work_is_done_and_a_panic_is_a_fault() {
        let crew = crew();
        assert_eq!(crew.run(later(), |_| Ok(7)).await, Ok(7));
        assert_eq!(crew.run::<u8>(later(), |_| panic!("no")).await, Err(Fault::Internal));
        let past = Deadline(Instant::now() - Duration::from_secs(1));
        assert_eq!(crew.run(past, |_| Ok(7)).await, Err(Fault::Deadline));
        assert_eq!(crew.waiting(), 0);
    }

    #[tokio::test]
    async fn work_of_a_caller_who_went_away_is_not_begun() {
        let crew = Arc::new(crew());
        let (release, held) = mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let busy = tokio::spawn({
            let crew = Arc::clone(&crew);
            async move {
                crew.run(later(), move |_| {
                    let _ = began.send(());
                    held.recv().unwrap();
                    Ok(())
                })
                .await
            }
        });
        begun.await.unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&done);
        let gone = tokio::spawn({
            let crew = Arc::clone(&crew);
            async move {
                let work = move |_| {
                    mark.store(true, Ordering::SeqCst);
                    Ok(())
                };
                crew.run(later(), work).await
            }
        });
        while crew.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert_eq!(crew.run(later(), |_| Ok(())).await, Ok(()));
        assert!(!done.load(Ordering::SeqCst));
    }
}
