//! What one task asks of another, and waits for.

use std::future::pending;

use tokio::sync::watch;

/// Something that a task does whenever somebody asks for it. Who asks twice before it is begun has it done once.
#[derive(Debug, Default)]
pub(crate) struct Errand {
    asked: watch::Sender<u64>,
    done: watch::Sender<u64>,
}

/// The side of the task that does it.
pub(crate) struct Wishes(watch::Receiver<u64>);

/// All that was asked for until it is begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish(u64);

impl Errand {
    /// For the task: what is asked for from now on.
    pub(crate) fn wishes(&self) -> Wishes {
        Wishes(self.asked.subscribe())
    }

    /// Asks for it. What is given is ready once it was done after this, or when nobody does it (any more).
    pub(crate) fn ask(&self) -> impl Future<Output = ()> + use<> {
        let mut number = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            number = *asked;
        });
        let (mut done, asked) = (self.done.subscribe(), self.asked.clone());
        async move {
            tokio::select! {
                _ = done.wait_for(|done| *done >= number) => {}
                () = asked.closed() => {}
            }
        }
    }

    /// For the task: this is done.
    pub(crate) fn finish(&self, wish: Wish) {
        self.done.send_replace(wish.0);
    }
}

impl Wishes {
    /// Ready when somebody has asked.
    pub(crate) async fn next(&mut self) -> Wish {
        if self.0.changed().await.is_err() {
            // The errand is gone, and with it whoever could ask.
            pending::<()>().await;
        }
        Wish(*self.0.borrow_and_update())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn who_asks_waits_until_it_is_done_after_that() {
        let errand = Arc::new(Errand::default());
        let mut wishes = errand.wishes();
        let first = tokio::spawn(errand.ask());
        let wish = wishes.next().await;
        // This one came too late for what is being done.
        let second = tokio::spawn(errand.ask());
        yield_now().await;
        assert!(!first.is_finished());
        errand.finish(wish);
        first.await.unwrap();
        yield_now().await;
        assert!(!second.is_finished());
        errand.finish(wishes.next().await);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_for_what_nobody_does() {
        let errand = Errand::default();
        errand.ask().await;
        let wishes = errand.wishes();
        let waiting = tokio::spawn(errand.ask());
        drop(wishes);
        waiting.await.unwrap();
    }
}
