//! Why a verb ends early, and the exit codes, which are part of the interface.

use std::io;
use std::process::ExitCode;

use crate::output;

/// What a verb's end means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Document = 1,
    Usage = 2,
    Context = 3,
    Io = 4,
    /// Refused, by the server or by `publish`; nothing was changed.
    Refused = 5,
    /// The server failed, or cannot be reached.
    Server = 6,
    /// Nobody said yes; nothing was changed.
    NotConfirmed = 7,
    /// A release that was watched did not complete.
    Ended = 8,
    /// A release that was watched still runs.
    Running = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb ended before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Who read stdout went away; quiet.
    BrokenPipe,
    /// A document of its own, for stderr as it is.
    Document { exit: Exit, text: String },
    /// To be said on stderr.
    Problem { exit: Exit, message: String, hint: Option<String> },
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Problem { exit, message: message.into(), hint: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Problem { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// Says it, and yields the exit code.
    pub(crate) fn report(self) -> Exit {
        match self {
            Self::BrokenPipe => Exit::Done,
            Self::Document { exit, text } => {
                output::note(text.trim_end());
                exit
            }
            Self::Problem { exit, message, hint } => {
                output::error(&message, hint.as_deref());
                exit
            }
        }
    }
}

/// An error while writing to stdout; others are told where they occur.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::new(Exit::Io, format!("cannot write to stdout: {}", reason(&error)))
    }
}

/// Serde wraps the error of the writer.
impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

/// Why, in words of ours where they are better than the system's.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::IsADirectory => "it is a directory, not a file".into(),
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a directory".into(),
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::StorageFull => "no space left on the device".into(),
        _ => error.to_string(),
    }
}
