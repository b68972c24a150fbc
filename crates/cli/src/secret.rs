//! Texts with a secret in them: shown by nothing but who asks for them.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A connection string, or another text that a password or key is in. It is read later, by who needs it: an error of the command
/// line would repeat it.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text, which is not to be printed.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Cli;

    const SECRET: &str = "tgs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn no_command_shows_a_secret_of_its_arguments() {
        let connection = format!("tidegate+https://{SECRET}@flags.example?environment=prod&key=none");
        let proxy = format!("http://user:{SECRET}@proxy:3128");
        let store = format!("postgres://user:{SECRET}@db/tidegate");
        for line in [
            vec!["tidegate", "follow", "--connect", &connection, "--proxy", &proxy],
            vec!["tidegate", "relay", "--upstream", &connection],
            vec!["tidegate", "publish", "--to", "site", "--connect", &connection],
            vec!["tidegate", "serve", "--store", &store],
        ] {
            let shown = format!("{:?}", Cli::try_parse_from(&line).unwrap());
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }
}
