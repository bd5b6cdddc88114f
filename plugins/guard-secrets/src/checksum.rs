//! Checksums that vendors put into their tokens, so that a find can be told from a look-alike without asking them.

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// GitHub and npm: behind the underscore 30 characters, then their CRC-32 in base 62.
pub(crate) fn crc_base62(token: &[u8]) -> bool {
    let body = token.iter().position(|&byte| byte == b'_').map(|at| &token[at + 1..]);
    let Some((body, sum)) = body.and_then(|body| body.split_at_checked(30)) else { return false };
    sum == base62(crc32fast::hash(body))
}

/// Six digits of base 62.
fn base62(mut value: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    digits
}

/// Age: bech32 with the checksum of six characters.
pub(crate) fn bech32(text: &[u8]) -> bool {
    let Some(split) = text.iter().rposition(|&byte| byte == b'1') else { return false };
    let (prefix, data) = (text[..split].to_ascii_lowercase(), &text[split + 1..]);
    let values = data.iter().map(|byte| BECH32.iter().position(|known| *known == byte.to_ascii_lowercase()));
    let Some(values) =
        values.map(|value| value.and_then(|value| u32::try_from(value).ok())).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    let high = prefix.iter().map(|&byte| u32::from(byte >> 5));
    let low = prefix.iter().map(|&byte| u32::from(byte & 31));
    high.chain([0]).chain(low).chain(values).fold(1, bech32_step) == 1
}

fn bech32_step(sum: u32, value: u32) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let next = (sum & 0x01ff_ffff) << 5 ^ value;
    (0..5).filter(|bit| top >> bit & 1 == 1).fold(next, |next, bit| next ^ GENERATORS[bit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_github_carries_its_checksum() {
        let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5";
        let sum = base62(crc32fast::hash(body.as_bytes()));
        let token = |body: &str| [b"ghp_", body.as_bytes(), &sum].concat();
        assert!(crc_base62(&token(body)));
        assert!(!crc_base62(&token(&body.replace('a', "b"))));
        assert!(!crc_base62(b"ghp_short") && !crc_base62(b"ghp"));
        assert_eq!(&base62(61 + 62), b"00001z");
    }

    #[test]
    fn bech32_finds_a_changed_letter() {
        // From the test vectors of BIP 173.
        assert!(bech32(b"A12UEL5L"));
        assert!(bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxq"));
        assert!(!bech32(b"abcdef") && !bech32(b"abc1b!o"));
    }
}
