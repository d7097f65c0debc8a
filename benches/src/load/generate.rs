//! Writes a corpus.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::failure::Failure;
use crate::options::Generate;

/// Writes one event a line, each as soon as it is made, and tells their sizes to standard error: the events may be on
/// their way to another program.
pub(crate) fn run(task: &Generate) -> Result<(), Failure> {
    let plan = task.corpus.plan();
    let mut out = Lines::to(&task.out)?;
    let mut tail = task.tail.as_deref().map(Lines::to).transpose()?;
    let tail_from = plan.events.saturating_sub(task.tail_events);
    let mut sizes = Sizes::default();
    for (number, event) in plan.events().enumerate() {
        let json = event.json();
        sizes.add(json.len());
        match &mut tail {
            Some(tail) if number >= tail_from => tail.write(&json)?,
            Some(_) | None => out.write(&json)?,
        }
    }
    out.finish()?;
    tail.map_or(Ok(()), Lines::finish)?;
    eprintln!(
        "{} events, {} bytes in the median, {} in the mean",
        sizes.events,
        sizes.median(),
        sizes.mean()
    );
    Ok(())
}

/// A file of lines, and its name for when it fails.
struct Lines<'p> {
    path: &'p Path,
    file: BufWriter<Box<dyn Write>>,
}

impl<'p> Lines<'p> {
    fn to(path: &'p Path) -> Result<Self, Failure> {
        let file: Box<dyn Write> = if path == Path::new("-") {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(|error| failed(path, &error))?)
        };
        Ok(Self { path, file: BufWriter::with_capacity(256 << 10, file) })
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.file, "{line}").map_err(|error| failed(self.path, &error))
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| failed(self.path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// How many events there were of each size.
#[derive(Default)]
struct Sizes {
    of: BTreeMap<usize, usize>,
    events: usize,
    bytes: usize,
}

impl Sizes {
    fn add(&mut self, size: usize) {
        *self.of.entry(size).or_default() += 1;
        self.events += 1;
        self.bytes += size;
    }

    fn median(&self) -> usize {
        let mut smaller = 0;
        let at_half = self.of.iter().find(|&(_, count)| {
            smaller += count;
            smaller > self.events / 2
        });
        at_half.map(|(&size, _)| size).unwrap_or_default()
    }

    fn mean(&self) -> usize {
        self.bytes / self.events.max(1)
    }
}
