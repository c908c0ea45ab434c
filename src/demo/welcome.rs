//! What the demonstration prints.
//!
//! Owns: its words. Never does: change with anything but the place and the secrets.

use std::fmt;
use std::path::Path;

use super::links::LIFE;
use super::place::Place;
use super::secrets::Secrets;
use rapport_keys::{Link, RootHash};
use rapport_signaling::invitation::InvitationId;

/// For the person who has typed the command.
pub(super) struct Welcome<'a> {
    pub(super) origin: String,
    pub(super) secrets: &'a Secrets,
    pub(super) kept: Option<&'a Path>,
    pub(super) place: &'a Place,
    /// Whose certified devices are the therapist's; without one the link makes whoever has it a therapist.
    pub(super) clinic: Option<RootHash>,
}

impl Welcome<'_> {
    fn link(&self, invitation: &InvitationId, link: &Link) -> String {
        format!("{}/j/{}#{}", self.origin, invitation.to_text(), link.fragment())
    }
}

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = LIFE.as_secs() / 3_600;
        writeln!(
            f,
            "Rapport is running. These two links lead into the same call:\n"
        )?;
        let Secrets {
            therapist,
            client,
            link,
            ..
        } = self.secrets;
        let (hosts, handed_over) = match self.clinic {
            Some(root) => (link.of_clinic(root), link.of_clinic(root)),
            None => (link.clone(), link.handed_over()),
        };
        writeln!(f, "  Therapist  {}", self.link(therapist, &hosts))?;
        writeln!(f, "  Client     {}\n", self.link(client, &handed_over))?;
        writeln!(
            f,
            "Open them in two browsers or two windows. The client waits until the therapist lets them in. The\n\
             therapist can also remove people, lock the room and end the call for everybody. The links work for {hours} hours, while this server runs.\n"
        )?;
        if let Some(root) = self.clinic {
            writeln!(
                f,
                "The therapist's link opens only on a device that clinic {} has certified: by the page\n\
                 {}/device, on that device.\n",
                root.spelt(),
                self.origin
            )?;
        }
        match self.kept {
            Some(folder) => writeln!(
                f,
                "The next start with --data {} has the same links, for another {hours} hours.\n",
                folder.display()
            )?,
            None => writeln!(f, "The next start makes new links; --data DIR keeps these.\n")?,
        }
        if self.place.is_public() {
            writeln!(
                f,
                "Browsers will warn before they show the page: the certificate was made at this start, and nobody\n\
                 vouches for it. Go on (\"Advanced\") only in a network that you trust.\n"
            )?;
        }
        if !self.place.is_beyond_loopback() {
            writeln!(
                f,
                "This machine is not connected to a network: Firefox can't take part then, Chromium can.\n"
            )?;
        }
        writeln!(
            f,
            "Sound and picture are sealed between the browsers. What stands behind the # proves who is invited, and\n\
             this demonstration has made it, so this server has seen it. It is for trying out, not for real clients.\n\n\
             Ctrl-C ends it."
        )
    }
}
