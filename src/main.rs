//! The `conclave` command: arguments, settings, tracing, run, exit code; nothing else.

mod cli;
mod replace;

use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use clap::Parser;
#[cfg(feature = "offline")]
use cli::StoreCommand;
use cli::{Cli, Command, ConfigCommand};
use conclave::config::{ConfigError, Log, LogFormat, Settings, host_config};
use conclave::host::{self, Ended, RunError};
#[cfg(feature = "offline")]
use conclave::store::offline;
use replace::Program;
use tokio::runtime::Builder;

/// The settings or the arguments are wrong; `clap` exits with the same.
const EXIT_CONFIG: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(args) => {
            return match args.load() {
                Ok(settings) => run(settings),
                Err(error) => refuse(&error),
            };
        }
        #[cfg(feature = "offline")]
        Command::Store(command) => return store(command),
        Command::Config(ConfigCommand::Check(args)) => args.load().map(|settings| {
            let component = &settings.component;
            let sound = format!("The settings are sound: {} at {}.\n", component.domain, component.server);
            let missing = settings.words.missing();
            let missing = missing
                .map(|(tag, count)| format!("In [{tag}], {count} texts are not there and so in English.\n"));
            sound + &missing.collect::<String>()
        }),
        Command::Config(ConfigCommand::Texts { language, settings }) => {
            settings.load().map(|settings| settings.texts(&language))
        }
        Command::Config(ConfigCommand::Print(args)) => args.load().map(|settings| settings.to_toml()),
        Command::HostConfig { host, show_secret, settings } => {
            settings.load().map(|settings| host_config::lines(host.into(), &settings, show_secret))
        }
    };
    match outcome {
        Ok(text) => print(&text),
        Err(error) => refuse(&error),
    }
}

/// Runs the service to its end.
fn run(settings: Settings) -> ExitCode {
    start_log(&settings.log);
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", bug(panic))));
    let (folder, parties) = (settings.store.path.clone(), replace::parties(&settings.component));
    // Until somebody listens to them they would end the process.
    let program = host::hold_signals().and_then(|()| Program::current());
    let outcome = program.map_err(RunError::System).and_then(|program| {
        let runtime = Builder::new_multi_thread().enable_all().build().map_err(RunError::System)?;
        let sound = {
            let path = program.clone();
            move || path.is_sound()
        };
        Ok((runtime.block_on(host::run(settings, replace::taken_over(&parties), sound))?, program))
    });
    match outcome {
        Ok((Ended::Stopped, _)) => ExitCode::SUCCESS,
        Ok((Ended::Replaced(connection), program)) => {
            let error = program.start(connection, &parties, &folder);
            tracing::error!("the new process cannot be started: {error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Looks after the store.
#[cfg(feature = "offline")]
fn store(command: StoreCommand) -> ExitCode {
    let (StoreCommand::Check(args) | StoreCommand::Repair(args) | StoreCommand::Compact(args)) = &command;
    let path = match args.clone().load() {
        Ok(settings) => settings.store.path,
        Err(error) => return refuse(&error),
    };
    let mut printed = ExitCode::SUCCESS;
    let mut say = |line: &str| printed = print(&format!("{line}\n"));
    let outcome = match command {
        StoreCommand::Check(_) => offline::check(&path, &mut say),
        StoreCommand::Repair(_) => offline::repair(&path, &mut say).map(|_| 0),
        StoreCommand::Compact(_) => offline::compact(&path, &mut say).map(|()| 0),
    };
    match outcome {
        Ok(0) => printed,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conclave: {error}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

/// Logs to standard error. The level was checked with the settings.
fn start_log(log: &Log) {
    let filter = tracing_subscriber::EnvFilter::new(&log.level);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Lossy);
    match log.format {
        LogFormat::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// Standard error, as far as it can be written: rooms go on when the disk is full or the reader of the log is gone.
struct Lossy;

impl std::io::Write for Lossy {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // There is no place left where the loss could be told.
        let _ = std::io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged of a panic: where, and not its message, which may quote what somebody said.
fn bug(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    format!("a bug in the program, at {place}")
}

/// Writes to standard output; a reader who has gone away is no failure of ours.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("conclave: the output cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn refuse(error: &ConfigError) -> ExitCode {
    eprintln!("conclave: {error}");
    ExitCode::from(EXIT_CONFIG)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    #[test]
    fn a_panic_is_told_by_its_place_and_not_by_its_message() {
        let (sender, told) = mpsc::sync_channel(1);
        std::panic::set_hook(Box::new(move |panic| sender.send(super::bug(panic)).expect("awaited")));
        let words = String::from("wörds of somebody");
        let outcome = std::thread::spawn(move || words[..2].len()).join();
        let told = told.recv().expect("told");
        let _ = std::panic::take_hook();
        outcome.expect_err("within a character");
        assert!(told.contains("src/main.rs:") && !told.contains("rds"), "{told}");
    }
}
