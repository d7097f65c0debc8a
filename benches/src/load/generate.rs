//! Writes a corpus.

use std::fs::File;
use std::io::{BufWriter, Write};

use crate::failure::Failure;
use crate::options::Generate;

/// Writes one event a line, and tells their sizes.
pub(crate) fn run(task: &Generate) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", task.out.display()));
    let mut file = BufWriter::new(File::create(&task.out).map_err(failed)?);
    let mut sizes = Vec::new();
    for event in task.corpus.plan().events() {
        let json = event.json();
        sizes.push(json.len());
        writeln!(file, "{json}").map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    sizes.sort_unstable();
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    let mean = sizes.iter().sum::<usize>() / sizes.len().max(1);
    println!("{} events, {median} bytes in the median, {mean} in the mean", sizes.len());
    Ok(())
}
