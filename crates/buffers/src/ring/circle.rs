//! The circular memory itself, without lock or readers.

/// The last bytes written, in one allocation: the byte with offset `n` lies at `n % bytes_max`.
#[derive(Debug)]
pub(super) struct Circle {
    /// Empty until the first write, then as long as the ring for good.
    memory: Box<[u8]>,
    bytes_max: usize,
    written: u64,
    /// The oldest that is kept.
    oldest: u64,
}

impl Circle {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { memory: Box::default(), bytes_max, written: 0, oldest: 0 }
    }

    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    pub(super) const fn oldest(&self) -> u64 {
        self.oldest
    }

    #[cfg(all(test, not(loom)))]
    pub(super) const fn memory_bytes(&self) -> usize {
        self.memory.len()
    }

    pub(super) fn write(&mut self, block: &[u8]) {
        if self.memory.is_empty() {
            self.memory = vec![0; self.bytes_max].into_boxed_slice();
        }
        let (cut, tail) = block.split_at(block.len().saturating_sub(self.bytes_max));
        self.written += cut.len() as u64;
        let (to_end, to_start) = self.places(self.written, tail.len());
        let (first, second) = tail.split_at(to_end.len());
        to_end.copy_from_slice(first);
        to_start.copy_from_slice(second);
        self.written += tail.len() as u64;
        self.oldest = self.oldest.max(self.written.saturating_sub(self.bytes_max as u64));
    }

    /// Copies from this offset, or the oldest byte, as much as there is and fits. Returns where it starts and how much
    /// it is; none when that is nothing.
    pub(super) fn read(&mut self, offset: u64, into: &mut [u8]) -> Option<(u64, usize)> {
        let start = offset.max(self.oldest);
        let left = usize::try_from(self.written.checked_sub(start)?).ok()?;
        let length = left.min(into.len());
        let (from_end, from_start) = self.places(start, length);
        let (first, second) = into.get_mut(..length)?.split_at_mut(from_end.len());
        first.copy_from_slice(from_end);
        second.copy_from_slice(from_start);
        (length > 0).then_some((start, length))
    }

    /// Parts with the memory, and with all that was in it.
    pub(super) fn forget(&mut self) -> Box<[u8]> {
        self.oldest = self.written;
        std::mem::take(&mut self.memory)
    }

    /// Where so many bytes from an offset on lie: up to the end of the memory, and on from its start. `length` is at
    /// most that of the memory.
    fn places(&mut self, offset: u64, length: usize) -> (&mut [u8], &mut [u8]) {
        let place = usize::try_from(offset % (self.memory.len() as u64).max(1)).unwrap_or(0);
        let (start, end) = self.memory.split_at_mut(place);
        let first = length.min(end.len());
        (end.split_at_mut(first).0, start.split_at_mut(length - first).0)
    }
}
