//! The sizes of buffers.

/// How large a buffer is: the largest class whose [`capacity_bytes_min`](Self::capacity_bytes_min) it reaches.
///
/// A new buffer has exactly that capacity; one that its borrower has let grow may have up to the next class's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// From 1 KiB: an ordinary event or answer.
    Small,
    /// From 16 KiB: a follow list, or a run of answers.
    Medium,
    /// 256 KiB: what a client that asks much is sent at once.
    Large,
    /// More than that: made when it is asked for, and never kept.
    Direct,
}

const SMALL_BYTES: usize = 1 << 10;
const MEDIUM_BYTES: usize = 16 << 10;
const LARGE_BYTES: usize = 256 << 10;

impl Class {
    /// All classes, the smallest first.
    pub const ALL: [Self; 4] = [Self::Small, Self::Medium, Self::Large, Self::Direct];

    /// The least capacity of its buffers.
    #[must_use]
    pub const fn capacity_bytes_min(self) -> usize {
        match self {
            Self::Small => SMALL_BYTES,
            Self::Medium => MEDIUM_BYTES,
            Self::Large => LARGE_BYTES,
            Self::Direct => LARGE_BYTES + 1,
        }
    }

    /// A word for a metric's label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "1KiB",
            Self::Medium => "16KiB",
            Self::Large => "256KiB",
            Self::Direct => "direct",
        }
    }

    /// The class in which every buffer has room for so many bytes.
    pub(super) const fn for_need(bytes: usize) -> Self {
        if bytes <= SMALL_BYTES {
            Self::Small
        } else if bytes <= MEDIUM_BYTES {
            Self::Medium
        } else if bytes <= LARGE_BYTES {
            Self::Large
        } else {
            Self::Direct
        }
    }

    /// The class of a buffer of this capacity; none when it is too small for any.
    pub(super) const fn of_capacity(bytes: usize) -> Option<Self> {
        if bytes < SMALL_BYTES {
            None
        } else if bytes < MEDIUM_BYTES {
            Some(Self::Small)
        } else if bytes < LARGE_BYTES {
            Some(Self::Medium)
        } else if bytes == LARGE_BYTES {
            Some(Self::Large)
        } else {
            Some(Self::Direct)
        }
    }

    /// The class that may stand in when this one is used up. Only one step: an OK does not need 256 KiB.
    pub(super) const fn stand_in(self) -> Option<Self> {
        match self {
            Self::Small => Some(Self::Medium),
            Self::Medium => Some(Self::Large),
            Self::Large | Self::Direct => None,
        }
    }
}

/// One of something for each class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PerClass<T>([T; Class::ALL.len()]);

#[expect(clippy::indexing_slicing, reason = "there are as many places as classes, and the compiler sees it")]
impl<T> PerClass<T> {
    pub(super) fn new(make: impl FnMut(Class) -> T) -> Self {
        Self(Class::ALL.map(make))
    }

    pub(super) const fn of(&self, class: Class) -> &T {
        &self.0[class as usize]
    }

    pub(super) const fn of_mut(&mut self, class: Class) -> &mut T {
        &mut self.0[class as usize]
    }
}
