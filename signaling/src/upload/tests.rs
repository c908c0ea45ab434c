//! The task between a real folder and buckets of all kinds, in virtual time.

mod folder;
mod s3;

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex as Lock;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions,
    PutOptions, PutResult, Result,
};
use rapport_recorder::{CHECK_AFTER, Disk, Frame, Manifest, PIECE_BYTES, Recording, Track, remotes, shred};
use rapport_seal::Codec;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;

const BUCKET: &str = "memory://clinic";

const ID: RecordingId = RecordingId([9; 16]);

/// What a bucket does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Fine,
    Refuses,
    /// It answers when nobody waits any more.
    Hangs,
    /// It says that it has it, and has not.
    Loses,
    /// It has something else.
    Corrupts,
    /// It has half of it.
    Cuts,
}

/// A bucket that does to requests, one after the other, what it is told to.
#[derive(Debug)]
struct Bucket {
    inner: InMemory,
    puts: Lock<VecDeque<Fault>>,
    gets: Lock<VecDeque<Fault>>,
    deletes: Lock<VecDeque<Fault>>,
    /// In the order of their beginnings.
    deleted: Lock<Vec<String>>,
    put: Lock<Vec<(std::time::Instant, String)>>,
}

impl Bucket {
    fn new(puts: &[Fault]) -> Arc<Self> {
        Arc::new(Self {
            inner: InMemory::new(),
            puts: Lock::new(puts.iter().copied().collect()),
            gets: Lock::default(),
            deletes: Lock::default(),
            deleted: Lock::default(),
            put: Lock::default(),
        })
    }

    fn next(faults: &Lock<VecDeque<Fault>>) -> Fault {
        faults.lock().unwrap().pop_front().unwrap_or(Fault::Fine)
    }

    async fn names(&self) -> Vec<String> {
        let listed = self.inner.list(None).map_ok(|object| object.location.to_string());
        let mut names: Vec<_> = listed.try_collect().await.unwrap();
        names.sort();
        names
    }

    async fn bytes(&self, name: &str) -> Bytes {
        let object = self.inner.get(&Path::from(name)).await.unwrap();
        object.bytes().await.unwrap()
    }

    /// All pieces of a file, one behind the other.
    async fn file(&self, file: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in self.names().await {
            if name.starts_with(&format!("clinic/{ID}/{file}")) {
                bytes.extend(self.bytes(&name).await);
            }
        }
        bytes
    }
}

fn refusal() -> object_store::Error {
    object_store::Error::Generic {
        store: "test",
        source: "503 Slow Down".into(),
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bucket")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.put.lock().unwrap().push((now(), location.to_string()));
        let bytes = Bytes::from(payload.clone());
        let payload = match Self::next(&self.puts) {
            Fault::Fine => payload,
            Fault::Refuses => return Err(refusal()),
            Fault::Hangs => {
                sleep(PATIENCE * 10).await;
                payload
            }
            Fault::Loses => {
                self.inner.put_opts(location, payload, opts).await?;
                self.inner.delete(location).await?;
                return Ok(PutResult {
                    e_tag: None,
                    version: None,
                    extensions: Default::default(),
                });
            }
            Fault::Corrupts => {
                let mut bytes = bytes.to_vec();
                bytes[0] ^= 1;
                bytes.into()
            }
            Fault::Cuts => bytes.slice(..bytes.len() / 2).into(),
        };
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match Self::next(&self.gets) {
            Fault::Refuses => Err(refusal()),
            Fault::Hangs => {
                sleep(PATIENCE * 10).await;
                Err(refusal())
            }
            _ => self.inner.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        use futures_util::StreamExt as _;
        if Self::next(&self.deletes) == Fault::Refuses {
            return futures_util::stream::once(async { Err(refusal()) }).boxed();
        }
        let inner = self.inner.clone();
        // of one at a time
        let names = futures_util::future::FutureExt::now_or_never(locations.collect::<Vec<_>>());
        let names = names.expect("they are known");
        let told = names.iter().flatten().map(ToString::to_string);
        self.deleted.lock().unwrap().extend(told);
        inner.delete_stream(futures_util::stream::iter(names).boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// A folder of recordings, until the end of a test.
struct Recordings(PathBuf);

impl Recordings {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rapport-upload-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn begin(&self) -> Recording<Disk> {
        let folder = self.folder();
        std::fs::create_dir(&folder).unwrap();
        let manifest = Manifest {
            version: Manifest::VERSION,
            id: ID,
            begun: 1_795_816_800_000,
            layout: 2,
            suite: 5,
            room: None,
            purpose: None,
            expires: None,
            tracks: vec![Track {
                codec: Codec::Vp8,
                sender: 16,
                device: None,
                spare_of: None,
                width: 640,
                height: 360,
            }],
        };
        std::fs::write(folder.join("keys.jsonl"), "{}\n").unwrap();
        Recording::begin(Disk::of(&folder), manifest).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.0.join(ID.to_string())
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.folder().join(file)).unwrap()
    }

    fn run(&self, bucket: &Arc<Bucket>, keeps_local: bool) -> Running {
        let places = Places {
            local: None,
            folder: self.0.clone(),
            store: Arc::clone(bucket) as _,
            prefix: Path::from("clinic"),
            bucket: BUCKET.to_owned(),
            lines: Mutex::default(),
        };
        let uploader = Uploader::between(places, keeps_local);
        let uploads = uploader.uploads();
        Running {
            uploads,
            task: tokio::spawn(uploader.run()),
        }
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A task that is gone when it is dropped, wherever it was.
struct Running {
    uploads: watch::Receiver<Uploads>,
    task: JoinHandle<()>,
}

impl Running {
    /// Until it has nothing to do, however many hours that takes.
    async fn done(&mut self) -> Uploads {
        sleep(LOOK * 2).await;
        let done = self.uploads.wait_for(|uploads| uploads.pending == 0);
        *timeout(Duration::from_secs(200_000), done)
            .await
            .expect("it goes on for ever")
            .unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// So many bytes of one second, durable.
fn second(recording: &mut Recording<Disk>, number: u64, bytes: u64) {
    recording.handle_frame(Frame {
        track: 1,
        micros: number * 1_000_000,
        is_key: true,
        bytes: (0..bytes)
            .map(|at| (at.wrapping_mul(31) >> 3) as u8 ^ number as u8)
            .collect(),
    });
    recording.commit().unwrap();
}

/// One that has ended, of two pieces and a bit.
fn ended(recordings: &Recordings) {
    let mut recording = recordings.begin();
    (0..5).for_each(|number| second(&mut recording, number, PIECE_BYTES / 2));
    recording.end().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bucket_has_every_byte_of_a_recording_that_ended() {
    let recordings = Recordings::new();
    ended(&recordings);
    let bucket = Bucket::new(&[]);
    let uploads = recordings.run(&bucket, true).done().await;
    assert_eq!(uploads, Uploads::default());
    for file in ["capture-000.mkv", "journal.log", "manifest.json", "keys.jsonl"] {
        assert_eq!(bucket.file(file).await, recordings.read(file), "{file}");
    }
    assert_eq!(bucket.names().await.len(), 6);
    let remote = &remotes(&recordings.folder()).unwrap()[BUCKET];
    assert_eq!(remote.verified.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn pieces_of_a_recording_are_there_before_it_ends() {
    let recordings = Recordings::new();
    let mut recording = recordings.begin();
    let bucket = Bucket::new(&[]);
    let mut running = recordings.run(&bucket, false);
    for number in 0..5 {
        second(&mut recording, number, PIECE_BYTES / 2);
        running.done().await;
        let there = bucket.file("capture-000.mkv").await;
        let here = recordings.read("capture-000.mkv.part");
        assert_eq!(
            there.len(),
            here.len() / PIECE_BYTES as usize * PIECE_BYTES as usize
        );
        assert!(here.starts_with(&there));
        assert!(
            !bucket
                .names()
                .await
                .iter()
                .any(|name| name.ends_with("keys.jsonl"))
        );
    }
    recording.end().unwrap();
    let whole = recordings.read("capture-000.mkv");
    running.done().await;
    sleep(LOOK * 2).await;
    assert_eq!(bucket.file("capture-000.mkv").await, whole);
    assert!(
        !recordings.folder().join("capture-000.mkv").exists(),
        "it left the folder"
    );
    assert!(!recordings.read("keys.jsonl").is_empty() && !recordings.read("journal.log").is_empty());
    drop(running);
    let before = bucket.put.lock().unwrap().len();
    let uploads = recordings.run(&bucket, false).done().await;
    assert_eq!(
        (uploads, bucket.put.lock().unwrap().len()),
        (Uploads::default(), before),
        "a restart asks for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_bucket_takes_and_does_not_keep_stays_in_the_folder_until_it_does() {
    for fault in [Fault::Loses, Fault::Corrupts, Fault::Cuts] {
        let recordings = Recordings::new();
        ended(&recordings);
        let whole = recordings.read("capture-000.mkv");
        let bucket = Bucket::new(&[fault; 12]);
        let mut running = recordings.run(&bucket, false);
        sleep(CHECK_AFTER * 2).await;
        let uploads = *running.uploads.borrow();
        assert_eq!(
            (uploads.lost, uploads.pending, uploads.failures),
            (6, 6, 0),
            "{fault:?}"
        );
        assert_eq!(recordings.read("capture-000.mkv"), whole);
        assert_eq!(running.done().await.lost, 12);
        assert_eq!(bucket.file("capture-000.mkv").await, whole);
        sleep(LOOK).await;
        assert!(!recordings.folder().join("capture-000.mkv").exists());
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_refuses_or_hangs_for_hours_has_it_in_the_end() {
    let recordings = Recordings::new();
    ended(&recordings);
    let bucket = Bucket::new(&[[Fault::Refuses; 40].as_slice(), &[Fault::Hangs; 8]].concat());
    bucket
        .gets
        .lock()
        .unwrap()
        .extend([Fault::Refuses, Fault::Hangs, Fault::Refuses]);
    let uploads = recordings.run(&bucket, true).done().await;
    assert_eq!((uploads.failures, uploads.lost), (40 + 8 + 3, 0));
    assert_eq!(
        bucket.file("capture-000.mkv").await,
        recordings.read("capture-000.mkv")
    );
    let puts = bucket.put.lock().unwrap();
    let of_one: Vec<_> = puts
        .iter()
        .filter(|(_, name)| name.ends_with(".00000001"))
        .collect();
    let waits: Vec<_> = of_one.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(
        waits
            .iter()
            .all(|wait| *wait <= PATIENCE + Duration::from_secs(610)),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_anywhere_goes_on_where_it_was() {
    let recordings = Recordings::new();
    ended(&recordings);
    let whole = recordings.read("capture-000.mkv");
    let bucket = Bucket::new(&[Fault::Fine, Fault::Loses, Fault::Refuses, Fault::Corrupts]);
    for seconds in (0..30).step_by(3) {
        let running = recordings.run(&bucket, false);
        sleep(Duration::from_secs(seconds)).await;
        drop(running);
        let here = recordings.folder().join("capture-000.mkv").exists();
        assert!(here || bucket.file("capture-000.mkv").await == whole);
    }
    recordings.run(&bucket, false).done().await;
    assert_eq!(bucket.file("capture-000.mkv").await, whole);
}

#[tokio::test(start_paused = true)]
async fn what_a_disk_gives_otherwise_than_it_was_put_is_not_proven() {
    let recordings = Recordings::new();
    ended(&recordings);
    let bucket = Bucket::new(&[]);
    let mut running = recordings.run(&bucket, true);
    sleep(CHECK_AFTER / 2).await;
    let path = recordings.folder().join("capture-000.mkv");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(running.done().await.lost, 1);
}

#[tokio::test(start_paused = true)]
async fn when_keys_are_destroyed_the_bucket_loses_all_keys_first() {
    let recordings = Recordings::new();
    ended(&recordings);
    let bucket = Bucket::new(&[]);
    let mut running = recordings.run(&bucket, true);
    running.done().await;
    assert_eq!(bucket.names().await.len(), 6);
    bucket
        .deletes
        .lock()
        .unwrap()
        .extend([Fault::Refuses, Fault::Fine, Fault::Refuses]);
    shred(&recordings.folder(), 1).unwrap();
    let is_erased = || remotes(&recordings.folder()).unwrap()[BUCKET].is_erased;
    assert!(!is_erased());
    assert_eq!(running.done().await.failures, 2);
    assert!(bucket.names().await.is_empty() && is_erased());
    assert!(bucket.deleted.lock().unwrap()[0].ends_with("/keys.jsonl"));
    drop(running);
    let puts = bucket.put.lock().unwrap().len();
    recordings.run(&bucket, true).done().await;
    assert_eq!(bucket.put.lock().unwrap().len(), puts, "nothing of it comes back");
}

#[tokio::test(start_paused = true)]
async fn a_recording_whose_folder_is_gone_is_asked_for_no_more() {
    let recordings = Recordings::new();
    ended(&recordings);
    let bucket = Bucket::new(&[Fault::Refuses; 6]);
    let mut running = recordings.run(&bucket, true);
    sleep(Duration::from_millis(500)).await;
    std::fs::remove_dir_all(recordings.folder()).unwrap();
    running.done().await;
    assert!(bucket.names().await.is_empty());
}

#[test]
fn a_bucket_without_credentials_is_told_before_anything_is_copied() {
    let bucket = |file: &str| rapport_config::Bucket {
        url: "s3://clinic/a".to_owned().try_into().unwrap(),
        endpoint: Some("http://127.0.0.1:9".to_owned().try_into().unwrap()),
        region: "us-east-1".to_owned(),
        credentials_file: Some(file.into()),
        keep_local: true,
    };
    let recordings = Recordings::new();
    let file = recordings.0.join("credentials");
    let open = || Uploader::open(&recordings.0, &bucket(file.to_str().unwrap()));
    assert!(matches!(open(), Err(OpenError::Config(_))));
    std::fs::write(&file, "aws_access_key_id = a\naws_secret_access_key = b\n").unwrap();
    assert!(open().is_ok());
}
