use chappe_buffers::{Bounds, Pool};

use super::*;

#[test]
fn each_line_is_told_when_it_is_crossed_and_not_while_it_stays_so() {
    let pool = Pool::new(Bounds { kept_bytes_max: 1 << 20, thread_bytes_max: 1 << 16 });
    let thresholds = Thresholds { hit_percent_min: 50, taken_min: 4, bytes_in_use_max: 100 << 10 };
    let mut watch = Watch::new(pool.snapshot(), thresholds);
    let mut look = || {
        let now = pool.snapshot();
        let crossed = watch.crossed(&now.since(&watch.before));
        watch.before = now;
        crossed
    };
    let lend = |count: usize| -> Vec<_> { (0..count).map(|_| pool.take_for(16 << 10)).collect() };

    assert_eq!(look(), []);
    let lent = lend(3);
    assert_eq!(look(), [], "too few to say anything");
    let more = lend(5);
    let both = [
        Warning::LowHitRate { hit_percent: 0, hit_percent_min: 50 },
        Warning::ManyBytesInUse { bytes_in_use: 128 << 10, bytes_in_use_max: 100 << 10 },
    ];
    assert_eq!(look(), both);
    let many = lend(4);
    assert_eq!(look(), [], "it is known");
    drop((lent, more, many));
    assert_eq!(look(), [], "all is well");
    let lent = lend(8);
    assert_eq!(look(), [both[1]], "used before, and many again");
    drop(lent);
}
