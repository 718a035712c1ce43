use super::*;

#[test]
fn the_hash_is_that_of_the_java_client() {
    let vectors: [(&[u8], i32); 6] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ];
    for (key, hash) in vectors {
        assert_eq!(murmur2(key) as i32, hash, "murmur2 of {:?}", String::from_utf8_lossy(key));
    }
}

#[test]
fn a_negative_hash_still_gives_a_partition() {
    let hash: i32 = -973_932_308;
    assert_eq!(partition_of(b"21", 4), (hash & i32::MAX) % 4);
    assert_eq!(partition_of(b"21", 1), 0);
    assert_eq!(partition_of(b"21", 0), 0);
}
