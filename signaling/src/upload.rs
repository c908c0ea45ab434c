//! Copies of recordings in a bucket.
//!
//! Owns: the task that does what the ledger says, with a folder on one side and a bucket on the other. Never does: decide
//! what is proven, or wait for anything on the recorder's thread: it looks at folders as anybody could.

mod marker;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path as Folder, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use rapport_config::{BucketUrl, Credentials};
use rapport_recorder::{
    FolderError, KEYS, Ledger, Piece, Progress, RecordingId, Remote, RemoteLine, Sum, Uploads, Work,
    append_remote, begin_remote, is_destroyed, progress, read_piece, remotes, remove_media,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::{Mutex, watch};
use tokio::task::{Id, JoinError, JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tracing::{error, info, warn};

use crate::recorder::unix_millis;
use marker::Marker;

/// Pieces on their way: each has its bytes in memory, and a call needs the uplink more.
const CONCURRENT: usize = 4;

/// How often folders are looked at: recordings that are made grow by a piece in that time, and no more.
const LOOK: Duration = Duration::from_secs(10);

/// For one piece: a link of 1.2 Mbit/s gets [`CONCURRENT`] of them there.
const PATIENCE: Duration = Duration::from_secs(240);

/// For a connection.
const CONNECTING: Duration = Duration::from_secs(10);

/// The task; see the module.
#[derive(Debug)]
pub(crate) struct Uploader {
    places: Arc<Places>,
    ledger: Ledger,
    uploads: watch::Sender<Uploads>,
    works: JoinSet<Result<Done, Trouble>>,
    going: HashMap<Id, Work>,
}

/// Both ends.
#[derive(Debug)]
struct Places {
    /// Of all recordings.
    folder: PathBuf,
    store: Arc<dyn ObjectStore>,
    /// What all names in it begin with.
    prefix: Path,
    /// As recordings remember it.
    bucket: String,
    /// A folder in place of a bucket.
    local: Option<(PathBuf, Marker)>,
    /// Lines are appended one at a time.
    lines: Mutex<()>,
}

/// What came of a piece of work.
#[derive(Debug)]
enum Done {
    Put,
    Same(Sum),
    /// It is not there, or another.
    Lost,
    /// There were so many objects.
    Erased(usize),
    /// There is nothing to tell but that.
    Finished,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the bucket: {0}")]
    Bucket(#[from] object_store::Error),
    #[error("the folder: {0}")]
    Folder(#[from] FolderError),
    #[error("the folder of copies: {0}")]
    Copies(#[from] io::Error),
    #[error("it took longer than {} s", PATIENCE.as_secs())]
    Slow,
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// What was found of a recording.
type Found = (RecordingId, Progress, Remote);

impl Uploader {
    /// Copies a folder of recordings to a bucket. Nothing is asked of it yet.
    pub(crate) fn open(folder: &Folder, bucket: &rapport_config::Bucket) -> Result<Self, OpenError> {
        let (store, prefix) = open_store(bucket)?;
        let local = match &bucket.url {
            BucketUrl::Folder(path) => Some((path.clone(), Marker::open(folder, path)?)),
            BucketUrl::S3 { .. } => None,
        };
        // the same name of another service is another bucket
        let endpoint = bucket
            .endpoint
            .as_ref()
            .map(|url| format!(" at {}", url.as_str()));
        let places = Places {
            folder: folder.to_owned(),
            store,
            prefix,
            bucket: format!("{}{}", bucket.url, endpoint.unwrap_or_default()),
            local,
            lines: Mutex::default(),
        };
        Ok(Self::between(places, bucket.keep_local))
    }

    fn between(places: Places, keeps_local: bool) -> Self {
        Self {
            places: Arc::new(places),
            ledger: Ledger::new(keeps_local),
            uploads: watch::Sender::default(),
            works: JoinSet::new(),
            going: HashMap::new(),
        }
    }

    /// What is counted, from now on.
    pub(crate) fn uploads(&self) -> watch::Receiver<Uploads> {
        self.uploads.subscribe()
    }

    /// For ever.
    pub(crate) async fn run(mut self) {
        let mut looks = interval(LOOK);
        // a folder that is slow to look at is not looked at without a pause
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.begin_works();
            self.uploads.send_replace(self.ledger.uploads());
            let has_room = self.works.len() < CONCURRENT;
            let due = self.ledger.poll_timeout().filter(|_| has_room);
            tokio::select! {
                _ = looks.tick() => self.look().await,
                Some(done) = self.works.join_next_with_id() => self.settle(done),
                () = sleep_until(due.map_or_else(far, Instant::from_std)), if due.is_some() => {}
            }
        }
    }

    fn begin_works(&mut self) {
        while self.works.len() < CONCURRENT
            && let Some(work) = self.ledger.poll_work(now())
        {
            let places = Arc::clone(&self.places);
            let what = work.clone();
            let doing = async move {
                let done = timeout(PATIENCE, places.work(what)).await;
                done.unwrap_or(Err(Trouble::Slow))
            };
            self.going.insert(self.works.spawn(doing).id(), work);
        }
    }

    fn settle(&mut self, done: Result<(Id, Result<Done, Trouble>), JoinError>) {
        let (id, done) = done.unwrap_or_else(|error| (error.id(), Err(Trouble::Task(error))));
        let Some(work) = self.going.remove(&id) else {
            return;
        };
        match done {
            Ok(done) => self.handle_done(&work, done),
            Err(error) => {
                let failures = self.ledger.handle_failed(now(), &work, random());
                warn!(%work, %error, failures, "it is tried again");
            }
        }
    }

    fn handle_done(&mut self, work: &Work, done: Done) {
        match (work, done) {
            (Work::Put(piece), _) => self.ledger.handle_put(now(), piece),
            (Work::Check(piece), Done::Same(sum)) => self.ledger.handle_same(now(), piece, sum),
            (Work::Check(piece), _) => {
                error!(%work, "the bucket took it, and does not have it as it was: it is put again");
                self.ledger.handle_lost(now(), piece, random());
            }
            (Work::Note(piece, _), _) => self.ledger.handle_noted(piece),
            (Work::Remove(id, _), _) => {
                info!(recording = %id, "the bucket has all of it, and its media left the folder");
                self.ledger.handle_removed(*id);
            }
            (Work::Erase(id), done) => {
                // whatever does not say that there was nothing is not believed
                let found = if let Done::Erased(found) = done { found } else { 1 };
                self.ledger.handle_erased(now(), *id, found);
            }
            (Work::NoteErased(id), _) => {
                info!(recording = %id, "the bucket has nothing of it any more");
                self.ledger.handle_erasure_noted(*id);
            }
        }
    }

    async fn look(&mut self) {
        let known = self.ledger.recordings();
        let finals = known.filter(|id| self.ledger.is_final(*id)).collect();
        let erased = self.ledger.recordings().filter(|id| self.ledger.is_shredded(*id));
        let erased = erased.collect();
        let places = Arc::clone(&self.places);
        // nobody appends lines while somebody looks
        let lines = self.places.lines.lock().await;
        let looked = spawn_blocking(move || places.look(&finals, &erased)).await;
        drop(lines);
        match looked {
            Ok(Ok((all, found))) => {
                let gone: Vec<_> = self.ledger.recordings().filter(|id| !all.contains(id)).collect();
                gone.into_iter().for_each(|id| self.ledger.handle_gone(id));
                for (id, progress, remote) in found {
                    self.ledger.handle_found(now(), id, &progress, &remote);
                }
            }
            Ok(Err(error)) => error!(%error, "recordings can't be looked at"),
            Err(error) => error!(%error, "recordings can't be looked at"),
        }
    }
}

impl Places {
    /// All that are there, and what was found of those that may have changed.
    fn look(
        &self,
        finals: &HashSet<RecordingId>,
        erased: &HashSet<RecordingId>,
    ) -> io::Result<(HashSet<RecordingId>, Vec<Found>)> {
        let mut all = HashSet::new();
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            all.insert(id);
            let has_changed = !finals.contains(&id) || is_destroyed(&self.folder_of(id));
            if erased.contains(&id) || !has_changed {
                continue;
            }
            match self.find(id) {
                Ok(one) => found.push(one),
                // it begins
                Err(FolderError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => error!(recording = %id, %error, "it can't be looked at"),
            }
        }
        Ok((all, found))
    }

    fn find(&self, id: RecordingId) -> Result<Found, FolderError> {
        let folder = self.folder_of(id);
        let progress = progress(&folder)?;
        let remote = begin_remote(&folder, &self.bucket, progress.is_shredded)?;
        // what was destroyed before this bucket was there has nothing to be erased in it
        let remote = remote.unwrap_or_else(|| Remote {
            is_erased: true,
            ..Remote::default()
        });
        self.tell_strays(id, &progress, &remote)?;
        Ok((id, progress, remote))
    }

    /// What this server can't do anything about any more, since another bucket is configured.
    fn tell_strays(&self, id: RecordingId, progress: &Progress, remote: &Remote) -> Result<(), FolderError> {
        if progress.is_shredded {
            let others = remotes(&self.folder_of(id))?.into_iter();
            for (bucket, _) in others.filter(|(bucket, other)| *bucket != self.bucket && !other.is_erased) {
                error!(recording = %id, bucket, "its keys are destroyed here, and this bucket, which is not configured any more, may have them: erase it there");
            }
            return Ok(());
        }
        let is_there = |file: &String| remote.verified.keys().any(|name| name.starts_with(file.as_str()));
        for file in progress.absent.iter().filter(|file| !is_there(file)) {
            error!(recording = %id, file, "it is neither in the folder nor in this bucket; one that was configured before may have it");
        }
        Ok(())
    }

    async fn work(self: Arc<Self>, work: Work) -> Result<Done, Trouble> {
        if matches!(
            work,
            Work::Put(_) | Work::Check(_) | Work::Remove(..) | Work::Erase(_)
        ) && let Some((_, marker)) = &self.local
        {
            marker.check()?;
        }
        match work {
            Work::Put(piece) => {
                let bytes = self.read(&piece).await?;
                self.store
                    .put(&self.path(&piece), PutPayload::from(bytes))
                    .await?;
                Ok(Done::Put)
            }
            Work::Check(piece) => self.check(&piece).await,
            Work::Note(piece, sum) => {
                let name = piece.name();
                self.note(piece.recording, RemoteLine::Verified { name, sum })
                    .await
            }
            Work::Remove(id, captures) => {
                let folder = self.folder_of(id);
                spawn_blocking(move || remove_media(&folder, &captures)).await??;
                Ok(Done::Finished)
            }
            Work::Erase(id) => self.erase(id).await.map(Done::Erased),
            Work::NoteErased(id) => self.note(id, RemoteLine::Erased { at: unix_millis() }).await,
        }
    }

    /// Of both sides, since what was put is not remembered: a disk that gives other bytes the second time is noticed, too.
    async fn check(&self, piece: &Piece) -> Result<Done, Trouble> {
        let ours = Sum::of(&self.read(piece).await?);
        let object = match self.store.get(&self.path(piece)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(Done::Lost),
            object => object?,
        };
        if object.meta.size != piece.length {
            return Ok(Done::Lost);
        }
        let theirs = Sum::of(&object.bytes().await?);
        Ok(if theirs == ours {
            Done::Same(ours)
        } else {
            Done::Lost
        })
    }

    async fn read(&self, piece: &Piece) -> Result<Vec<u8>, Trouble> {
        let folder = self.folder_of(piece.recording);
        let piece = piece.clone();
        let read = move || read_piece(&folder, &piece.file, piece.from, piece.length);
        Ok(spawn_blocking(read).await??)
    }

    async fn note(&self, id: RecordingId, line: RemoteLine) -> Result<Done, Trouble> {
        let folder = self.folder_of(id);
        let _lines = self.lines.lock().await;
        spawn_blocking(move || append_remote(&folder, &line)).await??;
        Ok(Done::Finished)
    }

    /// Keys first: what stays behind if it goes no further opens nothing.
    async fn erase(&self, id: RecordingId) -> Result<usize, Trouble> {
        let prefix = self.prefix.clone().join(id.to_string());
        let listed = self.store.list(Some(&prefix));
        let mut found: Vec<_> = listed.map_ok(|object| object.location).try_collect().await?;
        found.sort_by_key(|path| path.filename() != Some(KEYS));
        for path in &found {
            match self.store.delete(path).await {
                // somebody else was there first
                Err(object_store::Error::NotFound { .. }) => {}
                deleted => deleted?,
            }
        }
        if let Some((copies, _)) = &self.local {
            // a crash may have left there what has another name, and is not listed
            match std::fs::remove_dir_all(copies.join(id.to_string())) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(found.len())
    }

    fn folder_of(&self, id: RecordingId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn path(&self, piece: &Piece) -> Path {
        let folder = self.prefix.clone().join(piece.recording.to_string());
        folder.join(piece.name())
    }
}

/// Why a bucket can't be copied to, whatever it would say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file of credentials.
    #[error(transparent)]
    Config(#[from] rapport_config::Error),
    /// There are none.
    #[error("expected `credentials_file`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")]
    NoCredentials,
    /// A folder in its stead can't be made.
    #[error(transparent)]
    Folder(#[from] io::Error),
    /// Its client can't be made.
    #[error(transparent)]
    Store(#[from] object_store::Error),
}

fn open_store(bucket: &rapport_config::Bucket) -> Result<(Arc<dyn ObjectStore>, Path), OpenError> {
    match &bucket.url {
        BucketUrl::Folder(folder) => {
            std::fs::create_dir_all(folder)?;
            let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
            Ok((Arc::new(store), Path::default()))
        }
        BucketUrl::S3 { name, prefix } => {
            let store = s3(bucket, name, bucket.credentials()?)?;
            Ok((store, Path::from(prefix.as_str())))
        }
    }
}

fn s3(
    bucket: &rapport_config::Bucket,
    name: &str,
    credentials: Option<Credentials>,
) -> Result<Arc<dyn ObjectStore>, OpenError> {
    let Some(Credentials { key_id, secret }) = credentials.or_else(environment) else {
        return Err(OpenError::NoCredentials);
    };
    // It fails only when one is there already, and there is no other than ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = bucket.endpoint.as_ref().map(|url| url.as_str());
    let options = ClientOptions::new()
        .with_timeout(PATIENCE)
        .with_connect_timeout(CONNECTING)
        .with_allow_http(endpoint.is_some_and(|url| url.starts_with("http://")));
    // The ledger tries again, and counts it.
    let once = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&bucket.region)
        .with_access_key_id(key_id)
        .with_secret_access_key(secret)
        .with_client_options(options)
        .with_retry(once)
        // one at a time, keys first; and not all services know the other
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    Ok(Arc::new(builder.build()?))
}

fn environment() -> Option<Credentials> {
    let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(Credentials {
        key_id: value("AWS_ACCESS_KEY_ID")?,
        secret: value("AWS_SECRET_ACCESS_KEY")?,
    })
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn far() -> Instant {
    Instant::now() + LOOK
}

/// Without it all that failed together is tried together, and that is all.
fn random() -> u32 {
    let mut bytes = [0; 4];
    let _ = SystemRandom::new().fill(&mut bytes);
    u32::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests;
