//! A folder in place of a bucket.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_folder_of_copies_without_its_disk_gets_none_and_loses_none() {
    let recordings = Recordings::new();
    ended(&recordings);
    let copies = Recordings::new();
    let (mount, disk) = (copies.0.join("mount"), copies.0.join("disk"));
    let bucket = rapport_config::Bucket {
        url: format!("file://{}", mount.display()).try_into().unwrap(),
        endpoint: None,
        region: String::new(),
        credentials_file: None,
        keep_local: true,
    };
    let run = || {
        let uploader = Uploader::open(&recordings.0, &bucket).unwrap();
        let uploads = uploader.uploads();
        Running {
            uploads,
            task: tokio::spawn(uploader.run()),
        }
    };
    assert_eq!(run().done().await, Uploads::default());
    let keys = disk.join(ID.to_string()).join("keys.jsonl");
    std::fs::rename(&mount, &disk).unwrap();
    // what a crash leaves of an object that was on its way
    std::fs::write(keys.with_file_name("keys.jsonl#1"), "{}").unwrap();
    let mut running = run();
    shred(&recordings.folder(), 1).unwrap();
    sleep(LOOK * 20).await;
    let uploads = *running.uploads.borrow_and_update();
    assert!(uploads.failures > 0 && uploads.pending == 1, "{uploads:?}");
    assert!(keys.exists());
    assert_eq!(std::fs::read_dir(&mount).unwrap().count(), 0);
    std::fs::remove_dir(&mount).unwrap();
    std::fs::rename(&disk, &mount).unwrap();
    running.done().await;
    let left = std::fs::read_dir(&mount)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["rapport-recordings"]);
    let bucket = format!("file://{}", mount.display());
    assert!(remotes(&recordings.folder()).unwrap()[&bucket].is_erased);
}
