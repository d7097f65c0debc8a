//! Buffers from the pool against plain vectors, and the replay ring. Everything warm.

#![allow(missing_docs, unused_qualifications, reason = "the macros write code of their own")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a benchmark stops without its input, and owns it"
)]

use std::hint::black_box;
use std::ops::DerefMut;

use chappe_buffers::{Bounds, Pool, Ring};
use gungraun::prelude::*;

/// What is added to a run of answers at a time, and how often until a socket takes it.
const EVENT: [u8; 600] = [b'e'; 600];
const EVENTS: usize = 100;

/// A pool that has lent two buffers of each size. With a cache of its own the thread finds them there, else outside.
fn warm(thread_bytes_max: usize) -> Pool {
    let pool = Pool::new(Bounds { kept_bytes_max: 64 << 20, thread_bytes_max });
    let sizes = [1, 1, 16, 16, 256, 256].map(|kib| pool.take_for(kib << 10));
    drop(sizes);
    pool
}

/// A pool of which this work has been asked before.
fn worn(work: fn(&Pool)) -> Pool {
    let pool = warm(1 << 20);
    (0..3).for_each(|_| work(&pool));
    pool
}

/// Two connections are being answered at the same time, so that neither grows into the free space behind it alone.
fn fill<B: DerefMut<Target = Vec<u8>>>(one: &mut B, other: &mut B, before_each: impl Fn(&mut B)) {
    for _ in 0..EVENTS {
        for buffer in [&mut *one, &mut *other] {
            before_each(buffer);
            buffer.extend_from_slice(black_box(&EVENT));
        }
    }
    black_box((one, other));
}

// What is lent is given back within what is counted. The pool is not freed there.

#[library_benchmark]
#[bench::thread_1_kib(warm(1 << 20), 1 << 10)]
#[bench::thread_16_kib(warm(1 << 20), 16 << 10)]
#[bench::shared_1_kib(warm(0), 1 << 10)]
fn take(pool: Pool, bytes: usize) -> Pool {
    drop(black_box(pool.take_for(black_box(bytes))));
    pool
}

#[library_benchmark]
#[bench::of_1_kib(1 << 10)]
#[bench::of_16_kib(16 << 10)]
#[bench::of_256_kib(256 << 10)]
fn plain(bytes: usize) {
    drop(black_box(Vec::<u8>::with_capacity(black_box(bytes))));
}

#[library_benchmark]
fn grow_plain() {
    fill(&mut Box::new(Vec::new()), &mut Box::new(Vec::new()), |_| ());
}

fn by_itself(pool: &Pool) {
    fill(&mut pool.take(), &mut pool.take(), |_| ());
}

fn with_room_made(pool: &Pool) {
    fill(&mut pool.take(), &mut pool.take(), |buffer| buffer.make_room(EVENT.len()));
}

fn at_once(pool: &Pool) {
    let bytes = EVENT.len() * EVENTS;
    fill(&mut pool.take_for(bytes), &mut pool.take_for(bytes), |_| ());
}

#[library_benchmark]
#[bench::by_itself(worn(by_itself), by_itself)]
#[bench::with_room_made(worn(with_room_made), with_room_made)]
#[bench::at_once(worn(at_once), at_once)]
fn grow_pooled(pool: Pool, work: fn(&Pool)) -> Pool {
    work(&pool);
    pool
}

fn filled_ring() -> Ring {
    let ring = Ring::new(1 << 20);
    (0..3_000).for_each(|_| ring.write(&EVENT));
    ring
}

#[library_benchmark]
#[bench::line_of_200(filled_ring())]
fn ring_write(ring: Ring) -> Ring {
    ring.write(black_box(&[b'l'; 200]));
    ring
}

#[library_benchmark]
#[bench::piece_of_4_kib(filled_ring())]
fn ring_read(ring: Ring) -> Ring {
    let mut into = [0; 4 << 10];
    assert!(black_box(ring.read_from(black_box(1_000_000), &mut into)).is_some());
    ring
}

library_benchmark_group!(name = pool, benchmarks = [take, plain, grow_plain, grow_pooled]);
library_benchmark_group!(name = ring, benchmarks = [ring_write, ring_read]);
main!(library_benchmark_groups = pool, ring);
