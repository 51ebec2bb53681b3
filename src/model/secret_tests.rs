//! A secret is gone from the memory of this process once nobody has it any more.

use super::*;

#[test]
fn nothing_shows_it() {
    let secret = Secret::new("hunter2");
    assert_eq!(
        format!("{secret:?} {:?}", Some(&secret)),
        "Secret Some(Secret)"
    );
    assert_eq!(secret.expose(), "hunter2");
    assert_eq!(Secret::of_parts(["hunt", "", "er2"]), secret);
}

#[cfg(target_os = "linux")]
mod wiped {
    use super::*;
    use std::io::{Read, Seek, SeekFrom};

    const MASK: u8 = 0x2a;

    /// Texts that are looked for, masked, so that looking for them is no copy.
    fn masked(tag: u8) -> Vec<u8> {
        let mut state = u32::from(tag) * 7919 + 12345;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b'a' + (state >> 24) as u8 % 26
        };
        (0..48).map(|_| next() ^ MASK).collect()
    }

    /// The text itself, in a place of just its length.
    fn plain(masked: &[u8]) -> String {
        let mut text = String::with_capacity(masked.len());
        text.extend(masked.iter().map(|b| char::from(b ^ MASK)));
        text
    }

    /// Counts how often a text is in what this process has allocated.
    fn found(masked: &[u8]) -> usize {
        const STEP: usize = 64 * 1024;
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        let mut part = vec![0; STEP + masked.len() - 1];
        let mut count = 0;
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (place, rights) = (words.next().unwrap(), words.next().unwrap());
            let of_a_file = words.nth(3).is_some_and(|name| name.starts_with('/'));
            if of_a_file || !rights.starts_with("rw") {
                continue;
            }
            let (from, to) = place.split_once('-').unwrap();
            let mut at = u64::from_str_radix(from, 16).unwrap();
            let end = u64::from_str_radix(to, 16).unwrap();
            // what is read lies in this memory too, and would be found again and again
            let own = part.as_ptr() as u64..part.as_ptr() as u64 + part.capacity() as u64;
            while at < end {
                let mut length = part.len().min((end - at) as usize);
                if own.contains(&at) {
                    at = own.end;
                    continue;
                }
                if at < own.start {
                    length = length.min((own.start - at) as usize);
                }
                // another thread may have given this place back
                if memory.seek(SeekFrom::Start(at)).is_err()
                    || memory.read_exact(&mut part[..length]).is_err()
                {
                    break;
                }
                let first = masked[0] ^ MASK;
                count += part[..length]
                    .windows(masked.len())
                    .filter(|w| w[0] == first && w.iter().zip(masked).all(|(b, m)| b ^ MASK == *m))
                    .count();
                part.fill(0);
                at += (STEP as u64).min(length as u64);
            }
        }
        count
    }

    #[test]
    fn one_that_lives_is_found_so_that_looking_means_something() {
        let pattern = masked(1);
        let secret = Secret::new(plain(&pattern));
        assert!(found(&pattern) >= 1);
        drop(secret);
        assert_eq!(found(&pattern), 0, "it was wiped when it was dropped");
    }

    #[test]
    fn the_text_that_was_given_away_is_wiped() {
        let pattern = masked(2);
        let mut roomy = String::with_capacity(1000);
        // the allocator writes over the beginning of what it gets back
        roomy.push_str(&"-".repeat(64));
        roomy.extend(pattern.iter().map(|b| char::from(b ^ MASK)));
        let secret = Secret::new(roomy);
        let copy = secret.clone();
        assert_eq!(found(&pattern), 2, "it and its copy, and no other");
        drop((secret, copy));
        assert_eq!(found(&pattern), 0);
    }

    #[test]
    fn joined_parts_leave_nothing() {
        let pattern = masked(3);
        let part = Secret::new(plain(&pattern));
        let long = "x".repeat(500);
        let joined = Secret::of_parts([long.as_str(), part.expose(), long.as_str()]);
        assert_eq!(found(&pattern), 2);
        drop((part, joined));
        assert_eq!(found(&pattern), 0);
    }
}
