//! Our service, to be restarted in every way.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::servers::host::{MUC, SECRET};
use crate::servers::process::{Process, Program};
use crate::servers::service::program_with;

/// How long an orderly stop may take, and a restart in place.
const STOP: Duration = Duration::from_secs(30);

/// What the log says when one process hands the connection over, and when the next one is ready.
const REPLACED: [&str; 2] = ["the link to the server is handed over", " ready domain="];

/// The service, with all it needs to be started again.
pub(crate) struct Service {
    program: Program,
    process: Option<Process>,
    starts: u32,
}

impl Service {
    /// Starts the service in this folder, attached to the server at this port; `more` is more of its settings.
    pub(crate) fn new(folder: &Path, component_port: u16, more: &str) -> Result<Self, String> {
        let settings = format!(
            "[component]\ndomain = \"{MUC}\"\nserver = \"127.0.0.1:{component_port}\"\nsecret = \"{SECRET}\"\n\
             [service]\nadmins = [\"admin@localhost\"]\n[store]\npath = {:?}\n[log]\nlevel = \"info\"\n{more}",
            folder.join("store")
        );
        let program = program_with(folder, &settings)?;
        let mut service = Self { program, process: None, starts: 0 };
        service.start()?;
        Ok(service)
    }

    /// Starts it; it connects by itself.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        self.starts += 1;
        let log = self.program.log.with_file_name(format!("conclave{}.log", self.starts));
        self.process = Some(Process::start(Program { log, ..self.program.clone() })?);
        Ok(())
    }

    /// Stops it, in order or with `kill -9`.
    pub(crate) fn stop(&mut self, in_order: bool) -> Result<(), String> {
        let mut process = self.process.take().ok_or("it does not run")?;
        if in_order {
            process.signal("TERM")?;
            let end = process.wait(STOP).ok_or("the service does not stop")?;
            if !end.success() {
                return Err(format!("the service stopped with {end}: {}", process.log_tail()));
            }
        } else if let Some(end) = process.ended() {
            return Err(format!("the service had ended with {end}: {}", process.log_tail()));
        } else {
            process.kill();
        }
        Ok(())
    }

    /// Restarts it in place, and waits until the next process has the connection.
    pub(crate) fn replace(&self) -> Result<(), String> {
        let process = self.process()?;
        let told = || REPLACED.map(|words| process.log().matches(words).count());
        let before = told();
        process.signal("USR2")?;
        let start = Instant::now();
        while told().iter().zip(before).any(|(now, before)| *now <= before) {
            if start.elapsed() > STOP {
                return Err(format!("the service was not replaced: {}", process.log_tail()));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Its process, which must be running.
    pub(crate) fn process(&self) -> Result<&Process, String> {
        let process = self.process.as_ref().ok_or("the service does not run")?;
        match process.ended() {
            None => Ok(process),
            Some(end) => Err(format!("the service ended with {end}: {}", process.log_tail())),
        }
    }
}
