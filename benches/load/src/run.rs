//! One run: people come, are watched for a while, and go.
//!
//! Owns: the order of a run, and its bounds. Never does: speak with a server itself.

use std::time::Duration;

use crate::driver::Driver;
use crate::error::Error;
use crate::media::{Media, Picture};
use crate::plan::Shape;
use crate::process::{Processors, Spent};
use crate::report::{Costs, Report};
use crate::target::Target;

/// What a run is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How people meet.
    pub shape: Shape,
    /// Which picture is sent, where the shape has one.
    pub picture: Picture,
    /// After everybody came and before it is watched; at most [`MAX_SPAN`].
    pub warm_up: Duration,
    /// How long it is watched; at most [`MAX_SPAN`].
    pub span: Duration,
    /// The server's process, to tell what it spends.
    pub server: Option<u32>,
}

/// A generator at a server.
pub struct Load {
    driver: Driver,
    settings: Settings,
}

impl Load {
    /// Nobody is there yet.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for what takes too long, [`Error::System`] when the system grants no sockets.
    pub fn new(target: Target, settings: Settings) -> Result<Self, Error> {
        if settings.warm_up.max(settings.span) > MAX_SPAN {
            return Err(Error::Refused(format!(
                "no span is longer than {} s",
                MAX_SPAN.as_secs()
            )));
        }
        let media = Media::new(settings.shape, settings.picture);
        Ok(Self {
            driver: Driver::new(target, media)?,
            settings,
        })
    }

    /// Brings the size to this, lets it settle, and watches. Who is there already stays.
    ///
    /// # Errors
    ///
    /// When not everybody gets in and sees everybody; then some may be there.
    pub fn measure(&mut self, size: u32) -> Result<Report, Error> {
        let Settings { shape, .. } = self.settings;
        let plan = shape.plan(size);
        if plan.members.len() > MAX_PEOPLE {
            return Err(Error::Refused(format!(
                "{size} {}: more than {MAX_PEOPLE} people",
                shape.unit()
            )));
        }
        self.driver.gather(&plan)?;
        self.driver.run_for(self.settings.warm_up)?;
        self.watch(size)
    }

    /// Watches what is there.
    pub(crate) fn watch(&mut self, size: u32) -> Result<Report, Error> {
        let Settings {
            shape,
            picture,
            span,
            server,
            ..
        } = self.settings;
        let spent = || {
            (
                Spent::of(std::process::id()),
                server.and_then(Spent::of),
                Processors::now(),
            )
        };
        let before = spent();
        let span = self.driver.measure(span)?;
        let after = spent();
        let cpu = |after: Option<Spent>, before: Option<Spent>| Some(after?.cpu.saturating_sub(before?.cpu));
        let costs = Costs {
            generator: cpu(after.0, before.0).unwrap_or_default(),
            server: cpu(after.1, before.1).zip(after.1.map(|spent| spent.resident)),
            processors: after.2.since(&before.2),
        };
        Ok(Report::new(
            shape,
            size,
            shape.has_video().then_some(picture),
            &span,
            costs,
        ))
    }

    /// Everybody leaves.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the system's poll fails.
    pub fn disperse(&mut self) -> Result<(), Error> {
        self.driver.disperse()
    }
}

/// The longest that anything is watched: a run ends by itself.
pub const MAX_SPAN: Duration = Duration::from_secs(600);
/// More than a machine of two cores carries, and as many sockets again as people.
pub const MAX_PEOPLE: usize = 4_096;
