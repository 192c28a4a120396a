//! Names are bytes: every name that the file system takes arrives under exactly that name.

use crate::support::Boat;

#[tokio::test]
async fn every_name_arrives_as_it_is() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true, ignore: []");
    let long = "n".repeat(255);
    let names: [&[u8]; 12] = [
        b"caf\xe9.txt",
        b"line\nbreak",
        b"a\r\nDELE x",
        b"-rf",
        b"--",
        b" both ends ",
        b"$(touch x)",
        b"[x]*?",
        b"tab\there",
        "Grüße €".as_bytes(),
        "fdp.\u{202e}exe".as_bytes(),
        long.as_bytes(),
    ];
    let voyage = boat.sail().await;
    voyage.scan().await;
    std::fs::create_dir(boat.at(b"f\xff\nolder")).unwrap();
    for name in names {
        boat.write(name, "bytes");
        boat.write([b"f\xff\nolder/", name].concat(), "bytes");
    }
    voyage.settle().await;
    let arrivals = boat.arrivals().await;
    for name in names {
        assert_eq!(arrivals.get(name), Some(&1), "{}", name.escape_ascii());
        assert_eq!(arrivals.get(&[b"f\xff\nolder/", name].concat()), Some(&1), "{}", name.escape_ascii());
    }
    assert_eq!(arrivals.len(), 2 * names.len());
    voyage.stop().await;
}

#[tokio::test]
async fn names_that_are_not_wanted_are_not_seen() {
    let boat = Boat::new(r#"settled_for: 0s, rescan: 1h, recursive: true, include: "*.dump", exclude: "old*""#);
    std::fs::create_dir_all(boat.at(".git")).unwrap();
    let voyage = boat.sail().await;
    voyage.scan().await;
    for name in ["a.dump", "old.dump", "a.txt", ".a.dump", "a.dump.part", ".git/b.dump"] {
        boat.write(name, "bytes");
    }
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a.dump×1");
    std::fs::rename(boat.at("a.dump.part"), boat.at("c.dump")).unwrap();
    voyage.until_known(2).await;
    assert_eq!(boat.arrived().await, "a.dump×1 c.dump×1");
    voyage.stop().await;
}
