//! What a process holds, read from `/proc`, over time.

use std::fs;

/// A look at a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Resident memory, in KiB.
    pub(crate) rss_kib: u64,
    pub(crate) threads: u64,
    pub(crate) files: u64,
}

impl Sample {
    /// Of a process that runs.
    pub(crate) fn of(pid: u32) -> Result<Self, String> {
        let fault = |e: std::io::Error| format!("/proc/{pid}: {e}");
        let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(fault)?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let files = fs::read_dir(format!("/proc/{pid}/fd")).map_err(fault)?.count() as u64;
        let rss_kib = number("VmRSS:").ok_or("no VmRSS")?;
        Ok(Self { rss_kib, threads: number("Threads:").ok_or("no Threads")?, files })
    }
}

/// What it held on average in each quarter of the time, in KiB, and the fewest threads and files in it: idle threads come and
/// go, leaked ones stay.
pub(crate) fn quarters(samples: &[Sample]) -> [Sample; 4] {
    assert!(samples.len() >= 4, "four quarters");
    std::array::from_fn(|quarter| {
        let part = &samples[samples.len() * quarter / 4..samples.len() * (quarter + 1) / 4];
        let least = |of: fn(&Sample) -> u64| part.iter().map(of).min().expect("a quarter is not empty");
        Sample {
            rss_kib: part.iter().map(|sample| sample.rss_kib).sum::<u64>() / part.len() as u64,
            threads: least(|sample| sample.threads),
            files: least(|sample| sample.files),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quarters_of_a_process_are_means_and_minima() {
        let own = Sample::of(std::process::id()).expect("we run");
        assert!(own.rss_kib > 1000 && own.threads > 0 && own.files > 2, "{own:?}");
        let samples: Vec<_> = (0..8).map(|n| Sample { rss_kib: n * 10, threads: n, files: 8 - n }).collect();
        let last = Sample { rss_kib: 65, threads: 6, files: 1 };
        assert_eq!(quarters(&samples)[3], last);
        assert_eq!(quarters(&samples)[0], Sample { rss_kib: 5, threads: 0, files: 7 });
    }
}
